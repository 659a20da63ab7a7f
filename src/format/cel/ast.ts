// The tree of a parsed expression. Macros are expanded while parsing, so that what follows knows only these nodes.
import type { Constant } from './values.ts';

interface Node {
  /** Unique within the expression; types and references are kept by it. */
  readonly id: number;
  /** Offset into the source that complaints point to. */
  readonly at: number;
}
export interface ConstExpr extends Node {
  readonly kind: 'const';
  readonly value: Constant;
}
export interface IdentExpr extends Node {
  readonly kind: 'ident';
  readonly name: string;
}
export interface SelectExpr extends Node {
  readonly kind: 'select';
  readonly operand: Expr;
  readonly field: string;
  /** True for `has(a.b)`. */
  readonly test: boolean;
}
export interface CallExpr extends Node {
  readonly kind: 'call';
  readonly fn: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
}
export interface ListExpr extends Node {
  readonly kind: 'list';
  readonly elements: readonly Expr[];
  /** Indices of `?element`. */
  readonly optional: ReadonlySet<number>;
}
export interface MapEntry extends Node {
  readonly key: Expr;
  readonly value: Expr;
  readonly optional: boolean;
}
export interface MapExpr extends Node {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
}
export interface StructField extends Node {
  readonly field: string;
  readonly value: Expr;
  readonly optional: boolean;
}
export interface StructExpr extends Node {
  readonly kind: 'struct';
  readonly name: string;
  readonly fields: readonly StructField[];
}
/** A comprehension: `accu = init; for (iter of range) { if (!condition) break; accu = step } result`. */
export interface FoldExpr extends Node {
  readonly kind: 'fold';
  readonly range: Expr;
  readonly iter: string;
  /** Second variable: `iter` is then the index or key. */
  readonly iter2: string | undefined;
  readonly accu: string;
  readonly init: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}
export type Expr = ConstExpr | IdentExpr | SelectExpr | CallExpr | ListExpr | MapExpr | StructExpr | FoldExpr;

/** Names of the functions that operators stand for, as cel-go prints them. */
export const op = {
  and: '_&&_',
  or: '_||_',
  not: '!_',
  conditional: '_?_:_',
  equals: '_==_',
  notEquals: '_!=_',
  less: '_<_',
  lessEquals: '_<=_',
  greater: '_>_',
  greaterEquals: '_>=_',
  add: '_+_',
  subtract: '_-_',
  multiply: '_*_',
  divide: '_/_',
  modulo: '_%_',
  negate: '-_',
  index: '_[_]',
  in: '@in',
  notStrictlyFalse: '@not_strictly_false',
  optSelect: '_?._',
  optIndex: '_[?_]',
  mapInsert: 'cel.@mapInsert',
} as const;

/** The variable that macros collect their result in; no user can write it. */
export const accumulator = '@result';
