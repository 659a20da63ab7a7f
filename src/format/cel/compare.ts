// Equality and order of values.
import {
  CelList,
  CelMap,
  CelObject,
  DurationValue,
  OpaqueValue,
  OptionalValue,
  TimestampValue,
  TypeValue,
  UintValue,
  type Value,
  fail,
} from './values.ts';

/** Counts items of lists and maps inside others, so that comparing them does not come free. */
export interface Meter {
  visited: number;
}

/** Equality across types: what differs in type is not equal, except numbers of the same amount. */
export function equal(a: Value, b: Value, meter?: Meter): boolean {
  if (a === b) return true;
  switch (typeof a) {
    case 'string':
    case 'boolean':
      return false;
    case 'bigint':
    case 'number':
      return equalNumber(a, b);
    default:
  }
  if (a === null || b === null) return false;
  if (a instanceof UintValue) return equalNumber(a.value, b);
  if (a instanceof CelList) return b instanceof CelList && equalLists(a, b, meter);
  if (a instanceof CelMap) return b instanceof CelMap && equalMaps(a, b, meter);
  if (a instanceof OpaqueValue) return a.equals(b);
  if (a instanceof CelObject) return b instanceof CelObject && equalObjects(a, b);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && compareBytes(a, b) === 0;
  if (a instanceof TimestampValue) return b instanceof TimestampValue && a.nanos === b.nanos;
  if (a instanceof DurationValue) return b instanceof DurationValue && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (!(b instanceof OptionalValue)) return false;
  if (a.value === undefined || b.value === undefined) return a.value === b.value;
  return equal(a.value, b.value);
}

function equalNumber(a: bigint | number, other: Value): boolean {
  const b = other instanceof UintValue ? other.value : other;
  if (typeof b !== 'bigint' && typeof b !== 'number') return false;
  // oxlint-disable-next-line eqeqeq -- compares a bigint and a number by amount
  return a == b;
}

/** `equal` of items, counted. */
function equalItem(a: Value, b: Value, meter: Meter | undefined): boolean {
  if (meter && (a instanceof CelList || a instanceof CelMap)) meter.visited += a.size;
  return equal(a, b, meter);
}

function equalLists(a: CelList, b: CelList, meter: Meter | undefined): boolean {
  if (a.equalsAs) return a.equalsAs(b);
  if (b.equalsAs) return b.equalsAs(a);
  if (a.size !== b.size) return false;
  for (let index = 0; index < a.size; index++) if (!equalItem(a.at(index), b.at(index), meter)) return false;
  return true;
}

function equalMaps(a: CelMap, b: CelMap, meter: Meter | undefined): boolean {
  if (a.size !== b.size) return false;
  for (const key of a.keys()) {
    const other = b.get(key);
    if (other === undefined || !equalItem(a.get(key) as Value, other, meter)) return false;
  }
  return true;
}

function equalObjects(a: CelObject, b: CelObject): boolean {
  if (a.typeName !== b.typeName) return false;
  const names = new Set([...a.fields(), ...b.fields()]);
  for (const name of names) {
    const left = a.field(name);
    const right = b.field(name);
    if (left === undefined || right === undefined || !equal(left, right)) return false;
  }
  return true;
}

/** Negative, zero or positive, byte by byte. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const difference = (a[index] as number) - (b[index] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Order of texts by code point. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    let left = a.charCodeAt(index);
    let right = b.charCodeAt(index);
    if (left === right) continue;
    // Surrogates stand for code points above all others.
    if (left >= 0xd800 && right >= 0xd800) {
      if (left >= 0xe000) left -= 0x2000;
      if (right >= 0xe000) right -= 0x2000;
      const bothHigh = a.charCodeAt(index) < 0xe000 === b.charCodeAt(index) < 0xe000;
      if (!bothHigh) return a.charCodeAt(index) < 0xe000 ? 1 : -1;
    }
    return left - right;
  }
  return a.length - b.length;
}

/** Negative, zero or positive; NaN when a NaN is involved; raises when the values have no order. */
export function compare(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  const left = a instanceof UintValue ? a.value : a;
  const right = b instanceof UintValue ? b.value : b;
  if ((typeof left === 'bigint' || typeof left === 'number') && (typeof right === 'bigint' || typeof right === 'number')) {
    // An int beside a double is rounded to a double first, as in Go.
    const [low, high] = typeof left === typeof right ? [left, right] : [Number(left), Number(right)];
    if (low < high) return -1;
    if (low > high) return 1;
    return low === high ? 0 : Number.NaN;
  }
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if ((a instanceof TimestampValue && b instanceof TimestampValue) || (a instanceof DurationValue && b instanceof DurationValue)) {
    return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
  }
  return fail('no such overload');
}
