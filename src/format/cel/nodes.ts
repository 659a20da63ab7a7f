// The maker of nodes, with the complaints of parsing.
import type { Expr } from './ast.ts';
import type { Issue } from './source.ts';
import type { Constant } from './values.ts';

/** Makes nodes for the parser and its macros. */
export class Nodes {
  readonly issues: Issue[] = [];
  #next = 1;

  id(): number {
    return this.#next++;
  }
  literal(at: number, value: Constant): Expr {
    return { kind: 'const', id: this.id(), at, value };
  }
  ident(at: number, name: string): Expr {
    return { kind: 'ident', id: this.id(), at, name };
  }
  select(at: number, operand: Expr, field: string, test = false): Expr {
    return { kind: 'select', id: this.id(), at, operand, field, test };
  }
  call(at: number, fn: string, ...args: Expr[]): Expr {
    return { kind: 'call', id: this.id(), at, fn, target: undefined, args };
  }
  member(at: number, target: Expr, fn: string, ...args: Expr[]): Expr {
    return { kind: 'call', id: this.id(), at, fn, target, args };
  }
  list(at: number, elements: readonly Expr[] = [], optional: ReadonlySet<number> = new Set()): Expr {
    return { kind: 'list', id: this.id(), at, elements, optional };
  }
  fold(at: number, parts: Omit<Extract<Expr, { kind: 'fold' }>, 'kind' | 'id' | 'at'>): Expr {
    return { kind: 'fold', id: this.id(), at, ...parts };
  }
  complain(at: number, message: string): void {
    this.issues.push({ at, message });
  }
}
