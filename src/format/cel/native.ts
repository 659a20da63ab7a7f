// JSON as values, converted only where an expression looks.
import { CelList, CelMap, CelObject, DurationValue, OptionalValue, TimestampValue, UintValue, type Value } from './values.ts';
import { wholeNumber } from '../wholenumber.ts';
import { formatDuration, formatTimestamp } from './timetext.ts';

/** How a place in JSON is read. */
export type Shape = (raw: unknown) => Value;

/** JSON of unknown shape: whole numbers are ints. */
export const fromJson: Shape = (raw) => {
  switch (typeof raw) {
    case 'string':
    case 'boolean':
      return raw;
    case 'number':
      return Number.isInteger(raw) ? BigInt(raw) : raw;
    case 'bigint':
      return raw;
    case 'object':
      if (raw === null) return null;
      return Array.isArray(raw) ? new JsonList(raw, fromJson) : new JsonMap(raw as Record<string, unknown>, fromJson);
    default:
      return null;
  }
};

/** A JSON list. */
export class JsonList extends CelList {
  readonly raw: readonly unknown[];
  readonly shape: Shape;
  constructor(raw: readonly unknown[], shape: Shape) {
    super();
    this.raw = raw;
    this.shape = shape;
  }
  get size(): number {
    return this.raw.length;
  }
  at(index: number): Value {
    return this.shape(this.raw[index]);
  }
}

/** A JSON object as a map from texts. */
export class JsonMap extends CelMap {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly shape: Shape;
  constructor(raw: Readonly<Record<string, unknown>>, shape: Shape) {
    super();
    this.raw = raw;
    this.shape = shape;
  }
  get size(): number {
    let size = 0;
    for (const key of Object.keys(this.raw)) if (this.raw[key] !== undefined) size++;
    return size;
  }
  get(key: Value): Value | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.raw, key)) return undefined;
    const value = this.raw[key];
    return value === undefined ? undefined : this.shape(value);
  }
  has(key: string): boolean {
    return Object.hasOwn(this.raw, key) && this.raw[key] !== undefined;
  }
  *keys(): Iterable<Value> {
    for (const key of Object.keys(this.raw)) if (this.raw[key] !== undefined) yield key;
  }
}

/** A value as JSON; undefined when it has no such form (types, values of libraries). */
export function toJson(value: Value): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return wholeNumber(value);
  if (value instanceof UintValue) return wholeNumber(value.value);
  if (value instanceof JsonList || value instanceof JsonMap) return value.raw;
  if (value instanceof CelList) return Array.from(value, toJson);
  if (value instanceof CelMap)
    return Object.fromEntries(Array.from(value.keys(), (key) => [String(toJson(key)), toJson(value.get(key) as Value)]));
  if (value instanceof CelObject)
    return Object.fromEntries(Array.from(value.fields(), (name) => [name, toJson(value.field(name) as Value)]));
  if (value instanceof TimestampValue) return formatTimestamp(value.nanos);
  if (value instanceof DurationValue) return formatDuration(value.nanos);
  if (value instanceof OptionalValue) return value.value === undefined ? undefined : toJson(value.value);
  if (value instanceof Uint8Array) return value.toBase64();
  return undefined;
}
