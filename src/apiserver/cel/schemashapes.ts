// Reading JSON by the types of a structural schema.
import type { Schema } from '#api/structural/schema.ts';
import { isObject } from '#format/own.ts';
import { equal } from '#format/cel/compare.ts';
import { toDuration, toTimestamp } from '#format/cel/convert.ts';
import { fromJson, JsonList, JsonMap, type Shape } from '#format/cel/native.ts';
import { ArrayList, type CelList, CelMap, fail, type Value } from '#format/cel/values.ts';
import { isNumber } from '#format/wholenumber.ts';
import { escapeName } from './schemanames.ts';

export const anyShape: Shape = fromJson;
/** Texts and booleans are what they are. */
export const plainShape: Shape = (raw) => (typeof raw === 'string' || typeof raw === 'boolean' ? raw : fromJson(raw));
export const intShape: Shape = (raw) => (typeof raw === 'number' ? BigInt(Math.trunc(raw)) : fromJson(raw));
export const doubleShape: Shape = (raw) => (isNumber(raw) ? Number(raw) : fromJson(raw));
const fromText =
  (read: (text: string) => Value): Shape =>
  (raw) =>
    typeof raw === 'string' ? read(raw) : fromJson(raw);
export const bytesShape = fromText((text) => {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return fail('illegal base64 data');
  }
});
export const durationShape = fromText((text) => toDuration(text));
export const timestampShape = fromText((text) => toTimestamp(text));
export const dateShape = fromText((text) => toTimestamp(`${text}T00:00:00Z`));
export const nullable =
  (shape: Shape): Shape =>
  (raw) =>
    raw === null ? null : shape(raw);

export const mapShape =
  (value: Shape): Shape =>
  (raw) =>
    isObject(raw) ? new JsonMap(raw, value) : fromJson(raw);

/** A property: its name in JSON and how it is read. */
export interface FieldShape {
  readonly property: string;
  readonly shape: Shape;
}

/** An object by its properties; others cannot be seen. Absent properties are absent keys. */
class SchemaObject extends CelMap {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly #fields: ReadonlyMap<string, FieldShape>;
  constructor(raw: Readonly<Record<string, unknown>>, fields: ReadonlyMap<string, FieldShape>) {
    super();
    this.raw = raw;
    this.#fields = fields;
  }
  get size(): number {
    return Array.from(this.keys()).length;
  }
  get(key: Value): Value | undefined {
    const field = typeof key === 'string' ? this.#fields.get(key) : undefined;
    if (!field || !Object.hasOwn(this.raw, field.property)) return undefined;
    const value = this.raw[field.property];
    return value === undefined ? undefined : field.shape(value);
  }
  *keys(): Iterable<Value> {
    for (const [name, { property }] of this.#fields) if (Object.hasOwn(this.raw, property) && this.raw[property] !== undefined) yield name;
  }
}

export const objectShape =
  (fields: ReadonlyMap<string, FieldShape>): Shape =>
  (raw) =>
    isObject(raw) ? new SchemaObject(raw, fields) : fromJson(raw);

/** A list of type `set`: order means nothing, `+` is the union. */
class SetList extends JsonList {
  override equalsAs(other: CelList): boolean {
    if (this.size !== other.size) return false;
    const rest = [...other];
    return [...this].every((item) => take(rest, (each) => equal(each, item)));
  }
  override plus(other: CelList): CelList {
    const items = [...this];
    for (const item of other) if (!items.some((each) => equal(each, item))) items.push(item);
    return new ArrayList(items);
  }
}

function take(rest: Value[], wanted: (value: Value) => boolean): boolean {
  const at = rest.findIndex(wanted);
  if (at < 0) return false;
  rest.splice(at, 1);
  return true;
}

/** A list of type `map`: items are told apart by keys; `+` replaces items of the same keys. */
class KeyedList extends JsonList {
  readonly #keys: readonly string[];
  constructor(raw: readonly unknown[], shape: Shape, keys: readonly string[]) {
    super(raw, shape);
    this.#keys = keys;
  }
  #same(a: Value, b: Value): boolean {
    if (!(a instanceof CelMap) || !(b instanceof CelMap)) return equal(a, b);
    return this.#keys.every((key) => {
      const [left, right] = [a.get(key), b.get(key)];
      return left === undefined || right === undefined ? left === right : equal(left, right);
    });
  }
  override equalsAs(other: CelList): boolean {
    if (this.size !== other.size) return false;
    const rest = [...other];
    return [...this].every((item) => take(rest, (each) => this.#same(each, item) && equal(each, item)));
  }
  override plus(other: CelList): CelList {
    const items = [...this];
    for (const item of other) {
      const at = items.findIndex((each) => this.#same(each, item));
      if (at < 0) items.push(item);
      else items[at] = item;
    }
    return new ArrayList(items);
  }
}

export function listShape(schema: Schema, item: Shape): Shape {
  const type = schema['x-kubernetes-list-type'];
  const keys = (schema['x-kubernetes-list-map-keys'] ?? []).map((key) => escapeName(key) ?? key);
  return (raw) => {
    if (!Array.isArray(raw)) return fromJson(raw);
    if (type === 'set') return new SetList(raw, item);
    return type === 'map' ? new KeyedList(raw, item, keys) : new JsonList(raw, item);
  };
}
