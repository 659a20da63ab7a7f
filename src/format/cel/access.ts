// Reading fields, entries and items.
import { fromJson, JsonMap } from './native.ts';
import { CelList, CelMap, CelObject, fail, keyOf, none, noSuchOverload, OptionalValue, UintValue, type Value } from './values.ts';

function lookUp(target: Value, name: string): Value | undefined {
  if (target instanceof CelMap) return target.get(name);
  if (target instanceof CelObject) return target.field(name);
  return noSuchOverload();
}

/** `target.name`; of an optional, an optional. */
export function selectField(target: Value, name: string): Value {
  if (target instanceof CelMap) return target.get(name) ?? absent(target, name);
  if (target instanceof OptionalValue) return selectOptional(target, name);
  return lookUp(target, name) ?? absent(target, name);
}

/** Null is a value, too. */
function absent(target: Value, name: string): Value {
  return lookUp(target, name) === null ? null : fail(`no such key: ${name}`);
}

/** `target.a.b.c`. JSON is walked as it is: only what is at the end becomes a value. */
export function selectPath(target: Value, names: readonly string[]): Value {
  let current = target;
  for (let at = 0; at < names.length; at++) {
    const name = names[at] as string;
    if (!(current instanceof JsonMap) || current.shape !== fromJson) {
      current = selectField(current, name);
      continue;
    }
    let raw: Readonly<Record<string, unknown>> = current.raw;
    for (; ; at++) {
      const key = names[at] as string;
      const next = Object.hasOwn(raw, key) ? raw[key] : undefined;
      if (next === undefined) return fail(`no such key: ${key}`);
      if (at + 1 === names.length || typeof next !== 'object' || next === null || Array.isArray(next)) {
        current = fromJson(next);
        break;
      }
      raw = next as Readonly<Record<string, unknown>>;
    }
  }
  return current;
}

/** `has(target.name)`. */
export function present(target: Value, name: string): boolean {
  if (target instanceof JsonMap) return target.has(name);
  if (target instanceof OptionalValue) return target.value !== undefined && present(target.value, name);
  return lookUp(target, name) !== undefined;
}

/** `target.?name`. */
export function selectOptional(target: Value, name: string): OptionalValue {
  if (target instanceof OptionalValue) return target.value === undefined ? none : selectOptional(target.value, name);
  const found = lookUp(target, name);
  return found === undefined ? none : found instanceof OptionalValue ? found : new OptionalValue(found);
}

/** A list's position; undefined when the key is no whole number. */
function position(key: Value): number | undefined {
  if (typeof key === 'bigint') return Number(key);
  if (key instanceof UintValue) return Number(key.value);
  return typeof key === 'number' && Number.isInteger(key) ? key : undefined;
}

/** `target[key]`; of an optional, an optional. */
export function index(target: Value, key: Value): Value {
  if (target instanceof CelList) {
    const at = position(key);
    if (at === undefined) return fail(`unsupported index type '${typeof key}' in list`);
    return at < 0 || at >= target.size ? fail(`index out of bounds: ${at}`) : target.at(at);
  }
  if (target instanceof CelMap) {
    if (keyOf(key) === undefined && typeof key !== 'number') return noSuchOverload();
    const found = target.get(key);
    return found === undefined ? fail(`no such key: ${keyText(key)}`) : found;
  }
  return target instanceof OptionalValue ? optionalIndex(target, key) : noSuchOverload();
}

/** `target[?key]`. */
export function optionalIndex(target: Value, key: Value): OptionalValue {
  if (target instanceof OptionalValue) return target.value === undefined ? none : optionalIndex(target.value, key);
  if (target instanceof CelList) {
    const at = position(key);
    if (at === undefined) return noSuchOverload();
    return at < 0 || at >= target.size ? none : new OptionalValue(target.at(at));
  }
  if (!(target instanceof CelMap)) return noSuchOverload();
  const found = target.get(key);
  return found === undefined ? none : new OptionalValue(found);
}

function keyText(key: Value): string {
  return key instanceof UintValue ? String(key.value) : String(key);
}
