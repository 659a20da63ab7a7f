// Conversions between types: `int(x)`, `string(x)` and the like.
import { parseDurationNanos } from '#format/duration.ts';
import { duration, int, timestamp, uint } from './arithmetic.ts';
import { formatDuration, formatTimestamp, parseTimestamp } from './timetext.ts';
import { DurationValue, fail, noSuchOverload, TimestampValue, typeNameOf, UintValue, type Value } from './values.ts';

const seconds = 1_000_000_000n;
const decoder = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

const wrong = (value: Value, to: string): never => fail(`type conversion error from '${typeNameOf(value)}' to '${to}'`);

function whole(value: number): bigint {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : fail('integer overflow');
}

export function toInt(value: Value): bigint {
  if (typeof value === 'bigint') return value;
  // The edges themselves are refused: a double cannot tell them from what is beyond.
  if (typeof value === 'number') return value <= -(2 ** 63) || value >= 2 ** 63 ? fail('integer overflow') : whole(value);
  if (value instanceof UintValue) return int(value.value);
  if (value instanceof TimestampValue) {
    const quotient = value.nanos / seconds;
    return value.nanos % seconds < 0n ? quotient - 1n : quotient;
  }
  if (value instanceof DurationValue) return value.nanos;
  if (typeof value !== 'string') return noSuchOverload();
  return /^[+-]?[0-9]+$/.test(value) && value.length < 100 ? int(BigInt(value.replace('+', ''))) : wrong(value, 'int');
}

export function toUint(value: Value): UintValue {
  if (value instanceof UintValue) return value;
  if (typeof value === 'bigint') return uint(value);
  if (typeof value === 'number') return value < 0 || value >= 2 ** 64 ? fail('unsigned integer overflow') : uint(whole(value));
  if (typeof value !== 'string') return noSuchOverload();
  return /^[0-9]+$/.test(value) && value.length < 100 ? uint(BigInt(value)) : wrong(value, 'uint');
}

export function toDouble(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof UintValue) return Number(value.value);
  if (typeof value !== 'string') return noSuchOverload();
  if (/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(value)) return Number(value);
  if (/^[+-]?inf(?:inity)?$/i.test(value)) return value.startsWith('-') ? -Infinity : Infinity;
  return /^nan$/i.test(value) ? Number.NaN : wrong(value, 'double');
}

/** The shortest text, with powers only for very large and very small numbers. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 21) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const plain = String(value);
  return plain.includes('e') ? value.toFixed(20).replace(/0+$/, '') : plain;
}

/** Go's `%g`: what `string(double)` gives; powers from 10^6 on. */
function doubleToString(value: number): string {
  if (!Number.isFinite(value) || value === 0) return doubleText(value);
  const [mantissa = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return doubleText(value);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

export function toText(value: Value): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'number':
      return doubleToString(value);
    default:
  }
  if (value instanceof UintValue) return String(value.value);
  if (value instanceof TimestampValue) return formatTimestamp(value.nanos);
  if (value instanceof DurationValue) return formatDuration(value.nanos);
  if (!(value instanceof Uint8Array)) return noSuchOverload();
  try {
    return decoder.decode(value);
  } catch {
    return fail('invalid UTF-8 in bytes, cannot convert to string');
  }
}

export function toBytes(value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return typeof value === 'string' ? encoder.encode(value) : noSuchOverload();
}

export function toBool(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return noSuchOverload();
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value) ? false : wrong(value, 'bool');
}

export function toTimestamp(value: Value): TimestampValue {
  if (value instanceof TimestampValue) return value;
  if (typeof value === 'bigint') return timestamp(value * seconds);
  if (typeof value !== 'string') return noSuchOverload();
  const nanos = parseTimestamp(value);
  return nanos === undefined ? wrong(value, 'google.protobuf.Timestamp') : new TimestampValue(nanos);
}

export function toDuration(value: Value): DurationValue {
  if (value instanceof DurationValue) return value;
  if (typeof value === 'bigint') return duration(value);
  if (typeof value !== 'string') return noSuchOverload();
  try {
    return duration(parseDurationNanos(value));
  } catch {
    return wrong(value, 'google.protobuf.Duration');
  }
}
