// What an expression may cost at most, from the bounds of the data that it reads. Follows cel-go's estimator: which rules
// a CustomResourceDefinition may have depends on it.
import { accumulator, type CallExpr, type Expr, type FoldExpr, op } from './ast.ts';
import type { Checked } from './checker.ts';
import type { ArgEstimate, CallEstimate, Overload } from './decls.ts';
import { addSizes, fixed, type Size, timesSizes, unionSizes, unknownSize } from './sizes.ts';
import type { CelType } from './types.ts';
import { Dyn } from './types.ts';
import { sizeOf } from './values.ts';

/** What is known about the size of data: of a variable, its fields, its items. */
export interface SizeHint {
  /** Most characters, items or entries; 0 for what has no size. */
  readonly max: number;
  readonly elem?: SizeHint;
  readonly key?: SizeHint;
  field?(name: string): SizeHint | undefined;
}

interface Entries {
  readonly key: Size;
  readonly value: Size;
}
/** What is known about a node. */
interface Estimate {
  readonly cost: Size;
  readonly size?: Size | undefined;
  readonly hint?: SizeHint | undefined;
  readonly entries?: Entries | undefined;
}

const listBase = fixed(10);
const mapBase = fixed(30);
const structBase = fixed(40);
const one = fixed(1);
const zero = fixed(0);
const nothing: Size = { min: Number.POSITIVE_INFINITY, max: 0 };
const scalars = new Set(['bool', 'int', 'uint', 'double', 'null', 'timestamp', 'duration', 'type']);

/** The least and the most that a checked expression costs. */
export function estimateCost(checked: Checked, variables: Readonly<Record<string, SizeHint>>): Size {
  return new Estimator(checked, variables).visit(checked.expr).cost;
}

class Estimator {
  readonly #checked: Checked;
  readonly #variables: Readonly<Record<string, SizeHint>>;
  readonly #locals: (readonly [string, Estimate])[] = [];

  constructor(checked: Checked, variables: Readonly<Record<string, SizeHint>>) {
    this.#checked = checked;
    this.#variables = variables;
  }

  #type(expr: Expr): CelType {
    return this.#checked.types.get(expr.id) ?? Dyn;
  }

  /** The size of a node, from what is nearest to certain. */
  #size(expr: Expr, estimate: Estimate): Size {
    if (estimate.size) return estimate.size;
    if (estimate.hint) return { min: 0, max: estimate.hint.max };
    return scalars.has(this.#type(expr).kind) ? one : unknownSize;
  }

  visit(expr: Expr): Estimate {
    switch (expr.kind) {
      case 'const':
        return typeof expr.value === 'string' || expr.value instanceof Uint8Array
          ? { cost: zero, size: fixed(sizeOf(expr.value)) }
          : { cost: zero };
      case 'ident':
        return this.#ident(expr.name);
      case 'select': {
        const operand = this.visit(expr.operand);
        if (expr.test) return { cost: operand.cost };
        const { kind } = this.#type(expr.operand);
        const own = kind === 'map' || kind === 'object' || kind === 'param' ? one : zero;
        return {
          cost: addSizes(operand.cost, own),
          hint: operand.hint?.field?.(expr.field),
        };
      }
      case 'call':
        return this.#call(expr);
      case 'list': {
        const items = expr.elements.map((element) => this.#sized(element));
        const value = items.length === 0 ? zero : items.map(({ size }) => size).reduce(unionSizes, nothing);
        return { cost: sum(items, listBase), size: fixed(items.length), entries: { key: one, value } };
      }
      case 'map': {
        const keys = expr.entries.map(({ key }) => this.#sized(key));
        const values = expr.entries.map(({ value }) => this.#sized(value));
        const union = (all: typeof keys): Size => (all.length === 0 ? zero : all.map(({ size }) => size).reduce(unionSizes, nothing));
        return { cost: sum([...keys, ...values], mapBase), size: fixed(keys.length), entries: { key: union(keys), value: union(values) } };
      }
      case 'struct':
        return {
          cost: sum(
            expr.fields.map(({ value }) => this.visit(value)),
            structBase,
          ),
        };
      default:
        return this.#fold(expr);
    }
  }

  #sized(expr: Expr): Estimate & { readonly size: Size } {
    const estimate = this.visit(expr);
    return { ...estimate, size: this.#size(expr, estimate) };
  }

  #ident(name: string): Estimate {
    for (let at = this.#locals.length - 1; at >= 0; at--) {
      const local = this.#locals[at];
      if (local?.[0] === name) return { ...local[1], cost: one };
    }
    return { cost: one, hint: Object.hasOwn(this.#variables, name) ? this.#variables[name] : undefined };
  }

  #call(expr: CallExpr): Estimate {
    const { fn, target } = expr;
    const args = (target ? [target, ...expr.args] : [...expr.args]).map((arg) => ({ expr: arg, estimate: this.#sized(arg) }));
    const [first, second, third] = args.map(({ estimate }) => estimate);
    const costs = sum(args.map(({ estimate }) => estimate));
    if (first && second && (fn === op.and || fn === op.or)) {
      return { cost: { min: first.cost.min, max: addSizes(first.cost, second.cost).max } };
    }
    if (first && second && third && fn === op.conditional) {
      return {
        cost: addSizes(first.cost, unionSizes(second.cost, third.cost)),
        size: unionSizes(second.size, third.size),
        entries: second.entries && third.entries ? joined(second.entries, third.entries) : undefined,
      };
    }
    if (first && fn === 'dyn') return { ...first, cost: addSizes(one, costs) };
    const reference = this.#checked.references.get(expr.id);
    const overloads = reference?.kind === 'call' ? reference.overloads : [];
    const inputs = args.map(({ expr: arg, estimate }): ArgEstimate => this.#argument(arg, estimate));
    const { cost, size } = spread(overloads, inputs);
    const own = { cost: addSizes(costs, cost) };
    if (fn === op.index && first) return { ...own, hint: first.hint?.elem, size: first.entries?.value };
    if (fn === op.add && first && second) {
      const entries = first.entries && second.entries ? joined(first.entries, second.entries) : undefined;
      return { ...own, size, entries };
    }
    return { ...own, size };
  }

  #argument(expr: Expr, estimate: Estimate & { readonly size: Size }): ArgEstimate {
    const type = this.#type(expr);
    const elem = type.kind === 'list' ? type.elem : undefined;
    const known = estimate.entries?.value ?? (estimate.hint?.elem ? { min: 0, max: estimate.hint.elem.max } : undefined);
    return {
      size: estimate.size,
      type,
      literal: expr.kind === 'const',
      ...(elem ? { elem: { type: elem, size: known ?? (scalars.has(elem.kind) ? one : unknownSize) } } : {}),
    };
  }

  #fold(expr: FoldExpr): Estimate {
    const range = this.#sized(expr.range);
    const init = this.visit(expr.init);
    const isList = this.#type(expr.range).kind === 'list';
    const depth = this.#locals.length;
    this.#locals.push([expr.accu, init]);
    if (expr.condition.kind === 'const' && expr.condition.value === false && expr.accu !== accumulator) {
      // A name for a value (cel.bind, optMap).
      const result = this.visit(expr.result);
      this.#locals.length = depth;
      return { ...result, cost: addSizes(addSizes(range.cost, init.cost), result.cost) };
    }
    const { hint, entries } = range;
    const item: Estimate = { cost: one, hint: hint?.elem, size: hint?.elem ? undefined : entries?.value };
    const key: Estimate = { cost: one, hint: hint?.key, size: hint?.key ? undefined : entries?.key };
    if (expr.iter2 === undefined) this.#locals.push([expr.iter, isList ? item : key]);
    else this.#locals.push([expr.iter, isList ? { cost: one } : key], [expr.iter2, item]);
    const condition = this.visit(expr.condition);
    const step = this.visit(expr.step);
    this.#locals.length = depth + 1;
    const result = this.visit(expr.result);
    this.#locals.length = depth;
    const loop = timesSizes(range.size, addSizes(step.cost, condition.cost));
    const cost = [init.cost, result.cost, loop].reduce(addSizes, range.cost);
    const collects = expr.init.kind === 'list' || expr.init.kind === 'map';
    return collects ? { cost, size: range.size, entries: step.entries } : { cost };
  }
}

const joined = (a: Entries, b: Entries): Entries => ({ key: unionSizes(a.key, b.key), value: unionSizes(a.value, b.value) });
const sum = (estimates: readonly Estimate[], base: Size = zero): Size => estimates.map(({ cost }) => cost).reduce(addSizes, base);

/** The range over all forms that a call may take. */
function spread(overloads: readonly Overload[], args: readonly ArgEstimate[]): CallEstimate {
  if (overloads.length === 0) return { cost: one };
  let cost = nothing;
  let size: Size | undefined;
  for (const overload of overloads) {
    const estimate = overload.estimate?.(args) ?? { cost: one };
    cost = unionSizes(cost, estimate.cost);
    if (estimate.size) size = size ? unionSizes(size, estimate.size) : estimate.size;
  }
  return { cost, ...(size ? { size } : {}) };
}
