// `"%s has %d".format([a, b])`, as cel-go's strings extension writes values.
import { compareText } from '../compare.ts';
import { doubleText } from '../convert.ts';
import { formatDuration, formatTimestamp } from '../timetext.ts';
import { CelList, CelMap, DurationValue, fail, TimestampValue, TypeValue, typeNameOf, UintValue, type Value } from '../values.ts';

const maxPrecision = 1000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Fills in a format's clauses: %s %d %f %e %b %x %X %o and %%. */
export function format(pattern: string, args: CelList): string {
  let result = '';
  let next = 0;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] as string;
    if (char !== '%') {
      result += char;
      continue;
    }
    at++;
    if (at >= pattern.length) return fail('unexpected end of format string');
    if (pattern[at] === '%') {
      result += '%';
      continue;
    }
    if (next >= args.size) return fail(`index ${next} out of range`);
    let precision: number | undefined;
    if (pattern[at] === '.') {
      const digits = /^\d*/.exec(pattern.slice(at + 1))?.[0] ?? '';
      at += digits.length + 1;
      if (at >= pattern.length) return fail('could not find end of precision specifier');
      precision = Number(digits === '' ? 0 : digits);
      if (precision > maxPrecision) return fail(`precision ${precision} exceeds maximum ${maxPrecision}`);
    }
    result += clause(pattern[at] as string, args.at(next++), precision);
  }
  return result;
}

function clause(verb: string, value: Value, precision: number | undefined): string {
  switch (verb) {
    case 's':
      return plain(value);
    case 'd':
      return decimal(value);
    case 'f':
    case 'e':
      return real(value, verb, precision ?? 6);
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      return whole(value, 2) ?? wrong(verb, 'only integers and bools can be formatted as binary', value);
    case 'o':
      return whole(value, 8) ?? wrong(verb, 'octal clause can only be used on integers', value);
    case 'x':
    case 'X': {
      const text = hex(value);
      return verb === 'X' ? text.toUpperCase() : text;
    }
    default:
      return fail(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  }
}

function wrong(_verb: string, message: string, value: Value): never {
  return fail(`error during formatting: ${message}, was given ${typeNameOf(value)}`);
}

function whole(value: Value, base: number): string | undefined {
  if (typeof value === 'bigint') return value.toString(base);
  return value instanceof UintValue ? value.value.toString(base) : undefined;
}

function decimal(value: Value): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return special(value);
  return whole(value, 10) ?? wrong('d', 'decimal clause can only be used on integers', value);
}

function special(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

function real(value: Value, verb: 'f' | 'e', precision: number): string {
  const number = typeof value === 'bigint' ? Number(value) : value instanceof UintValue ? Number(value.value) : value;
  if (number === 'NaN' || number === 'Infinity' || number === '-Infinity') return number;
  if (typeof number !== 'number') {
    const clauseName = verb === 'f' ? 'fixed-point' : 'scientific';
    return wrong(verb, `${clauseName} clause can only be used on doubles`, value);
  }
  if (!Number.isFinite(number)) return special(number);
  if (verb === 'f') return fixedPoint(number, precision);
  const [mantissa = '', power = '+0'] = number.toExponential(Math.min(precision, 100)).split('e');
  return `${mantissa}${precision > 100 ? '0'.repeat(precision - 100) : ''}e${power[0]}${power.slice(1).padStart(2, '0')}`;
}

/** `toFixed` for numbers of any size. */
function fixedPoint(number: number, precision: number): string {
  if (Math.abs(number) < 1e21) {
    const rounded = number.toFixed(Math.min(precision, 100));
    // Exactly between two: Go takes the even one.
    const longer = number.toFixed(Math.min(precision + 40, 100));
    const cut = longer.slice(0, rounded.length);
    const rest = longer.slice(cut.length).replace('.', '');
    const even = /[02468]\.?$/.test(cut);
    const chosen = /^50*$/.test(rest) && even && cut.length === rounded.length ? cut : rounded;
    return `${chosen}${precision > 100 ? '0'.repeat(precision - 100) : ''}`;
  }
  return `${BigInt(number)}${precision > 0 ? `.${'0'.repeat(precision)}` : ''}`;
}

function hex(value: Value): string {
  const number = whole(value, 16);
  if (number !== undefined) return number;
  const bytes = typeof value === 'string' ? encoder.encode(value) : value;
  if (bytes instanceof Uint8Array) return bytes.toHex();
  return wrong('x', 'only integers, byte buffers, and strings can be formatted as hex', value);
}

function plain(value: Value): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'number':
      return Number.isFinite(value) ? doubleText(value) : special(value);
    default:
  }
  if (value === null) return 'null';
  if (value instanceof UintValue) return String(value.value);
  if (value instanceof Uint8Array) return decoder.decode(value);
  if (value instanceof TimestampValue) return formatTimestamp(value.nanos);
  if (value instanceof DurationValue) return formatDuration(value.nanos);
  if (value instanceof TypeValue) return value.name;
  if (value instanceof CelList) return `[${Array.from(value, plain).join(', ')}]`;
  if (value instanceof CelMap) {
    const entries = Array.from(value.keys(), (key): [string, string] => [plain(key), plain(value.get(key) as Value)]);
    return `{${entries
      .sort(([a], [b]) => compareText(a, b))
      .map(([key, text]) => `${key}: ${text}`)
      .join(', ')}}`;
  }
  return wrong(
    's',
    'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
    value,
  );
}
