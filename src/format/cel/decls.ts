// Declarations: what an environment knows about functions, types and variables.
import type { CelType } from './types.ts';
import type { Value } from './values.ts';
import type { Size } from './sizes.ts';

/** One form of a function. */
export interface Overload {
  /** cel-go's name of the form, e.g. `contains_string`. */
  readonly id: string;
  /** Called as `target.f(…)`; the target is the first parameter. */
  readonly member: boolean;
  readonly params: readonly CelType[];
  readonly result: CelType;
  /** Absent for forms that the planner knows itself. */
  readonly impl?: (...args: never[]) => Value;
  /** The implementation looks at the types of its arguments itself; all forms that share it may be called through any. */
  readonly dispatches?: boolean;
  /** What a call costs; absent: 1. */
  readonly cost?: (args: readonly Value[], result: Value) => number;
  /** What a call may cost, and how large its result may be, from the sizes of the arguments (target first). */
  readonly estimate?: (args: readonly ArgEstimate[]) => CallEstimate | undefined;
}

/** What is known beforehand about an argument. */
export interface ArgEstimate {
  readonly size: Size;
  readonly type: CelType;
  /** Sizes of a list's items, when the argument is a list. */
  readonly elem?: { readonly size: Size; readonly type: CelType };
  /** Size of a text that is written out. */
  readonly literal: boolean;
}
export interface CallEstimate {
  readonly cost: Size;
  readonly size?: Size;
}

export interface FunctionDecl {
  readonly name: string;
  readonly overloads: readonly Overload[];
}

/** Functions and types that belong together. */
export interface Library {
  readonly functions: readonly FunctionDecl[];
  /** Names that stand for a type: `int`, `kubernetes.Quantity`. */
  readonly types?: readonly CelType[];
  readonly variables?: readonly Variable[];
}

export interface Variable {
  readonly name: string;
  readonly type: CelType;
  /** A constant of the environment. */
  readonly value?: Value;
}

/** A type with fields. */
export interface StructType {
  readonly name: string;
  field(name: string): CelType | undefined;
  /** Makes a value from its fields; absent: expressions cannot write this type. */
  construct?(fields: ReadonlyMap<string, Value>): Value;
}
/** Describes the types with fields of an environment. */
export interface TypeProvider {
  struct(name: string): StructType | undefined;
}

type Impl = (...args: never[]) => Value;
type Extra = Pick<Overload, 'cost' | 'estimate' | 'dispatches'>;

/** A form that is called as `f(…)`. */
export function free(id: string, params: readonly CelType[], result: CelType, impl?: Impl, extra: Extra = {}): Overload {
  return { id, member: false, params, result, ...(impl ? { impl } : {}), ...extra };
}
/** A form that is called as `target.f(…)`. */
export function method(id: string, params: readonly CelType[], result: CelType, impl?: Impl, extra: Extra = {}): Overload {
  return { id, member: true, params, result, ...(impl ? { impl } : {}), ...extra };
}
/** A function with all its forms. */
export function fn(name: string, ...overloads: Overload[]): FunctionDecl {
  return { name, overloads };
}
