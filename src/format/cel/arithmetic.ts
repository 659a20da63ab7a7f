// Checked arithmetic: what does not fit in 64 bits is an error.
import { CelList, DurationValue, fail, noSuchOverload, TimestampValue, UintValue, type Value } from './values.ts';

const minInt = -(2n ** 63n);
const maxInt = 2n ** 63n - 1n;
const maxUint = 2n ** 64n - 1n;
/** Years 1 to 9999. */
export const minTimestamp = -62_135_596_800_000_000_000n;
export const maxTimestamp = 253_402_300_799_999_999_999n;

/** The int, or an overflow. */
export function int(value: bigint): bigint {
  return value < minInt || value > maxInt ? fail('integer overflow') : value;
}
/** The uint, or an overflow. */
export function uint(value: bigint): UintValue {
  return value < 0n || value > maxUint ? fail('unsigned integer overflow') : new UintValue(value);
}
export function timestamp(nanos: bigint): TimestampValue {
  return nanos < minTimestamp || nanos > maxTimestamp ? fail('timestamp overflow') : new TimestampValue(nanos);
}
export function duration(nanos: bigint): DurationValue {
  return nanos < minInt || nanos > maxInt ? fail('duration overflow') : new DurationValue(nanos);
}

export function add(a: Value, b: Value): Value {
  if (typeof a === 'bigint') return typeof b === 'bigint' ? int(a + b) : noSuchOverload();
  if (typeof a === 'string') return typeof b === 'string' ? a + b : noSuchOverload();
  if (typeof a === 'number') return typeof b === 'number' ? a + b : noSuchOverload();
  if (a instanceof UintValue && b instanceof UintValue) return uint(a.value + b.value);
  if (a instanceof CelList && b instanceof CelList) return a.plus(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    const joined = new Uint8Array(a.length + b.length);
    joined.set(a);
    joined.set(b, a.length);
    return joined;
  }
  if (a instanceof DurationValue) {
    if (b instanceof DurationValue) return duration(a.nanos + b.nanos);
    if (b instanceof TimestampValue) return timestamp(a.nanos + b.nanos);
  }
  if (a instanceof TimestampValue && b instanceof DurationValue) return timestamp(a.nanos + b.nanos);
  return noSuchOverload();
}

export function subtract(a: Value, b: Value): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') return int(a - b);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (a instanceof UintValue && b instanceof UintValue) return uint(a.value - b.value);
  if (a instanceof TimestampValue) {
    if (b instanceof TimestampValue) return duration(a.nanos - b.nanos);
    if (b instanceof DurationValue) return timestamp(a.nanos - b.nanos);
  }
  if (a instanceof DurationValue && b instanceof DurationValue) return duration(a.nanos - b.nanos);
  return noSuchOverload();
}

export function multiply(a: Value, b: Value): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') return int(a * b);
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (a instanceof UintValue && b instanceof UintValue) return uint(a.value * b.value);
  return noSuchOverload();
}

export function divide(a: Value, b: Value): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') return b === 0n ? fail('division by zero') : int(a / b);
  if (typeof a === 'number' && typeof b === 'number') return a / b;
  if (a instanceof UintValue && b instanceof UintValue) return b.value === 0n ? fail('division by zero') : uint(a.value / b.value);
  return noSuchOverload();
}

export function modulo(a: Value, b: Value): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    if (b === 0n) return fail('modulus by zero');
    return a === minInt && b === -1n ? fail('integer overflow') : a % b;
  }
  if (a instanceof UintValue && b instanceof UintValue) return b.value === 0n ? fail('modulus by zero') : uint(a.value % b.value);
  return noSuchOverload();
}

export function negate(a: Value): Value {
  if (typeof a === 'bigint') return int(-a);
  if (typeof a === 'number') return -a;
  return a instanceof DurationValue ? duration(-a.nanos) : noSuchOverload();
}
