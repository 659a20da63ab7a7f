// Values of expressions. Ints are bigints, doubles are numbers; lists, maps and objects are read through small
// interfaces, so that API objects are converted only where an expression looks.
import type { CelType } from './types.ts';

/** An unsigned 64-bit number. */
export class UintValue {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}
/** A moment: nanoseconds since the Unix epoch. */
export class TimestampValue {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}
/** A span of time in nanoseconds. */
export class DurationValue {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}
/** A type as a value: what `type(x)` gives. */
export class TypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}
/** `optional.of(x)`, or nothing. */
export class OptionalValue {
  readonly value: Value | undefined;
  constructor(value: Value | undefined) {
    this.value = value;
  }
}
/** The empty optional. */
export const none = new OptionalValue(undefined);

/** A value of a library's own type. */
export abstract class OpaqueValue {
  abstract readonly typeName: string;
  /** True when both mean the same. */
  abstract equals(other: Value): boolean;
}

export abstract class CelList {
  abstract readonly size: number;
  /** The item at an index from 0 to size - 1. */
  abstract at(index: number): Value;
  *[Symbol.iterator](): Iterator<Value> {
    for (let index = 0; index < this.size; index++) yield this.at(index);
  }
  /** What `this + other` gives. */
  plus(other: CelList): CelList {
    if (other.size === 0) return this;
    if (this.size === 0) return other;
    return this.size + other.size <= copied ? new ArrayList([...this, ...other]) : new JoinedList(this, other);
  }
  /** Equality by meaning where order does not count (list types `set` and `map`); undefined: item by item. */
  equalsAs?(other: CelList): boolean;
}
export class ArrayList extends CelList {
  /** Appended to by comprehensions while they collect. */
  readonly items: Value[];
  constructor(items: Value[]) {
    super();
    this.items = items;
  }
  get size(): number {
    return this.items.length;
  }
  at(index: number): Value {
    return this.items[index] as Value;
  }
}

/** Lists up to this size are joined by copying; longer ones are only linked, so that doubling them costs nothing. */
const copied = 1000;

class JoinedList extends CelList {
  readonly size: number;
  readonly #first: CelList;
  readonly #second: CelList;
  constructor(first: CelList, second: CelList) {
    super();
    this.#first = first;
    this.#second = second;
    this.size = first.size + second.size;
  }
  at(index: number): Value {
    const { size } = this.#first;
    return index < size ? this.#first.at(index) : this.#second.at(index - size);
  }
}

export abstract class CelMap {
  abstract readonly size: number;
  abstract get(key: Value): Value | undefined;
  abstract keys(): Iterable<Value>;
}
/** Keys that are equal are one: 1, 1u and 1.0. */
export type KeyText = string | bigint | boolean;

/** What a key is looked up by; undefined when the value cannot be a key. */
export function keyOf(key: Value): KeyText | undefined {
  if (typeof key === 'string' || typeof key === 'bigint' || typeof key === 'boolean') return key;
  if (key instanceof UintValue) return key.value;
  if (typeof key === 'number' && Number.isInteger(key)) return BigInt(key);
  return undefined;
}
export class EntryMap extends CelMap {
  readonly entries = new Map<KeyText, { readonly key: Value; readonly value: Value }>();
  get size(): number {
    return this.entries.size;
  }
  get(key: Value): Value | undefined {
    const text = keyOf(key);
    return text === undefined ? undefined : this.entries.get(text)?.value;
  }
  *keys(): Iterable<Value> {
    for (const { key } of this.entries.values()) yield key;
  }
}

/** A value with named fields. */
export abstract class CelObject {
  abstract readonly typeName: string;
  /** The field's value; undefined when it is not set. */
  abstract field(name: string): Value | undefined;
  /** Names of the fields that are set. */
  abstract fields(): Iterable<string>;
}

export type Constant = null | boolean | bigint | number | string | UintValue | Uint8Array;
export type Value = Constant | TimestampValue | DurationValue | TypeValue | OptionalValue | OpaqueValue | CelList | CelMap | CelObject;

/**
 * An error of an expression while it runs. `&&`, `||` and comprehensions may swallow it. No `Error`: expressions may make
 * very many, and taking stack traces would cost more than the expression.
 */
export class EvalError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}
/** The expression used up what it may cost. Not swallowed by anything. */
export class CostError {
  readonly message = 'operation cancelled: actual cost limit exceeded';
}
/** The answer must be waited for: await the promise, then evaluate again. Not swallowed by anything. */
export class Pending {
  readonly promise: Promise<unknown>;
  constructor(promise: Promise<unknown>) {
    this.promise = promise;
  }
}

/** Raises an error of the expression. */
export function fail(message: string): never {
  throw new EvalError(message);
}
export const noSuchOverload = (): never => fail('no such overload');

/** The name of a value's type, as `type(x)` and messages say it. */
export function typeNameOf(value: Value): string {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    default:
  }
  if (value === null) return 'null_type';
  if (value instanceof CelMap) return 'map';
  if (value instanceof CelList) return 'list';
  if (value instanceof CelObject || value instanceof OpaqueValue) return value.typeName;
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof UintValue) return 'uint';
  if (value instanceof TimestampValue) return 'google.protobuf.Timestamp';
  if (value instanceof DurationValue) return 'google.protobuf.Duration';
  if (value instanceof TypeValue) return 'type';
  return 'optional_type';
}

/** Names of types as values, by the type's text. */
export function runtimeTypeName(type: CelType): string {
  switch (type.kind) {
    case 'null':
      return 'null_type';
    case 'timestamp':
      return 'google.protobuf.Timestamp';
    case 'duration':
      return 'google.protobuf.Duration';
    case 'object':
    case 'opaque':
      return type.name;
    default:
      return type.kind;
  }
}

/** Number of code points. */
export function textSize(text: string): number {
  let size = text.length;
  for (let index = 0; index < text.length - 1; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit < 0xdc00) {
      const next = text.charCodeAt(index + 1);
      if (next >= 0xdc00 && next < 0xe000) {
        size--;
        index++;
      }
    }
  }
  return size;
}

/** What `size()` gives; 1 for values without a size. The unit of the cost of traversals. */
export function sizeOf(value: Value): number {
  if (typeof value === 'string') return textSize(value);
  if (typeof value !== 'object' || value === null) return 1;
  if (value instanceof CelList || value instanceof CelMap) return value.size;
  return value instanceof Uint8Array ? value.length : 1;
}
