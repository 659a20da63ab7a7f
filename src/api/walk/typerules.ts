// What a `*.rules.ts` file says about a type: conditional defaults and validation. Shape (types, closed sets of values) is in
// the DSL; here is only what the DSL cannot say.
import type { Struct } from '#api/dsl.ts';
import type { FieldError } from '#api/fielderror.ts';

/** An object under construction: the same shape, writable. */
export type Mutable<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer U)[]
    ? Mutable<U>[]
    : { -readonly [K in keyof T]: Mutable<T[K]> };

/** Where a check happens. */
export interface CheckEnv {
  /** The served kind that contains the value. */
  readonly root: Struct;
  readonly update: boolean;
}

/** Collects errors: `errors.push(required(...))`. */
export type Errors = FieldError[];

export interface TypeRules {
  readonly struct: Struct;
  /** Sets defaults on a freshly decoded value; children have theirs already. */
  readonly defaults?: (draft: never) => void;
  /** Checks a value wherever the type occurs, at the path `at`. */
  readonly check?: (value: never, at: string, errors: Errors, env: CheckEnv) => void;
  /** Values of DSL enums that are behind feature gates that are off, by field. */
  readonly gated?: Readonly<Record<string, readonly string[]>>;
  /** Fields with a closed set in the DSL that `check` looks after in words of its own. */
  readonly own?: readonly string[];
  /**
   * Root kinds whose objects come in rows with the same member of this name: it is read and judged once for all of them.
   * The kind's own defaults concern nothing else, and its checks of that member depend on nothing else.
   */
  readonly siblings?: string;
  /** Root kinds: what is wrong with a name (with `generateName`, of the prefix). */
  readonly name?: (name: string) => string[];
  /** Root kinds: checks of a whole object, on create and on update. */
  readonly object?: (object: never, errors: Errors, env: CheckEnv) => void;
  /** Root kinds: checks on create only. */
  readonly create?: (object: never, errors: Errors) => void;
  /** Root kinds: what may not change. */
  readonly update?: (next: never, previous: never, errors: Errors) => void;
  /** Root kinds: checks of a write to /status. */
  readonly status?: (next: never, previous: never, errors: Errors) => void;
}

interface Parts<T> {
  readonly defaults?: (draft: Mutable<T>) => void;
  readonly check?: (value: T, at: string, errors: Errors, env: CheckEnv) => void;
  readonly gated?: Readonly<Record<string, readonly string[]>>;
  readonly own?: readonly string[];
  readonly siblings?: string;
  readonly name?: (name: string) => string[];
  readonly object?: (object: T, errors: Errors, env: CheckEnv) => void;
  readonly create?: (object: T, errors: Errors) => void;
  readonly update?: (next: T, previous: T, errors: Errors) => void;
  readonly status?: (next: T, previous: T, errors: Errors) => void;
}

/** Declares the rules of a type: `typeRules<Probe>(Probe, {...})`. */
export function typeRules<T>(struct: Struct, parts: Parts<T>): TypeRules {
  return { struct, ...parts } as TypeRules;
}
