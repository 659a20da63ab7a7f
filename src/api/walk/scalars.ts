// Readers of scalar JSON values: type check, range check, normal form. A reader returns undefined when the value is absent or
// wrong (then the session has the error).
import { messageOf } from '#base/errors.ts';
import type { ScalarKind, SpecialKind } from '#api/dsl.ts';
import { goQuote } from '#format/goquote.ts';
import { canonicalQuantity } from '#format/quantity.ts';
import { isNumber, isWhole, wholeNumber } from '#format/wholenumber.ts';
import type { Session } from './session.ts';
import { goValue } from './gotypes.ts';

/** Reads one JSON value; `owner` is the Go struct that holds the field, `type` the Go type expected. */
export type ScalarReader = (value: unknown, session: Session, owner: string, type: string) => unknown;

function mismatch(value: unknown, session: Session, owner: string, type: string, what = goValue(value)): undefined {
  return session.fail(`json: cannot unmarshal ${what} into Go struct field ${owner}.${session.goPath()} of type ${type}`);
}

const readString: ScalarReader = (value, session, owner, type) =>
  typeof value === 'string' ? value : mismatch(value, session, owner, type);

const readBool: ScalarReader = (value, session, owner, type) =>
  typeof value === 'boolean' ? value : mismatch(value, session, owner, type);

function integer(low: number, high: number): ScalarReader {
  return (value, session, owner, type) => {
    if (!isNumber(value)) return mismatch(value, session, owner, type);
    if (isWhole(value) && value >= low && value <= high) return Number(value);
    return mismatch(value, session, owner, type, `number ${value}`);
  };
}

const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n];

/**
 * Whole numbers of 64 bits keep their digits. Those that a number cannot hold exactly are BigInts, though the types of the kinds
 * say number: who counts with a field that anybody may write makes a Number of it first.
 */
const readInt64: ScalarReader = (value, session, owner, type) => {
  if (!isNumber(value)) return mismatch(value, session, owner, type);
  if (!isWhole(value)) return mismatch(value, session, owner, type, `number ${value}`);
  if (Number.isSafeInteger(value)) return value;
  const exact = BigInt(value);
  // Digits in range came as a BigInt: a number of this size stands for more of them.
  const fits = exact >= least && exact <= most && (typeof value === 'bigint' || exact > least);
  return fits ? wholeNumber(exact) : mismatch(value, session, owner, type, `number ${exact}`);
};

const readDouble: ScalarReader = (value, session, owner, type) => (isNumber(value) ? Number(value) : mismatch(value, session, owner, type));

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const readBytes: ScalarReader = (value, session, owner, type) => {
  if (typeof value !== 'string') return mismatch(value, session, owner, type);
  if (base64.test(value)) return value;
  const text = value.replace(/[\r\n]/g, '');
  if (base64.test(text)) return text;
  const clean = /^[A-Za-z0-9+/]*/.exec(text)?.[0].length ?? 0;
  return session.fail(`illegal base64 data at input byte ${Math.min(clean, text.length)}`);
};

const instant = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;

function parseTime(value: string, digits: 0 | 6): string | undefined {
  const match = instant.exec(value);
  if (!match) return undefined;
  const [, seconds = '', fraction = '', zone = ''] = match;
  const ms = Date.parse(`${seconds}${zone}`);
  if (Number.isNaN(ms)) return undefined;
  const utc = zone === 'Z' ? seconds : new Date(ms).toISOString().slice(0, 19);
  return digits === 0 ? `${utc}Z` : `${utc}.${fraction.slice(0, 6).padEnd(6, '0')}Z`;
}

const timeLayouts = ['2006', '-', '01', '-', '02', 'T', '15', ':', '04', ':', '05', 'Z07:00'] as const;
const timeParts = [
  /^\d{4}/,
  /^-/,
  /^\d\d/,
  /^-/,
  /^\d\d/,
  /^T/,
  /^\d\d/,
  /^:/,
  /^\d\d/,
  /^:/,
  /^\d\d(\.\d+)?/,
  /^(Z|[+-]\d\d:\d\d)/,
] as const;

/** Go's complaint about a time that is no RFC 3339 text. */
function timeError(value: string, layout: string): string {
  let rest = value;
  for (const [index, part] of timeParts.entries()) {
    const found = part.exec(rest);
    if (!found) {
      return `parsing time ${goQuote(value)} as ${goQuote(layout)}: cannot parse ${goQuote(rest)} as ${goQuote(timeLayouts[index] ?? '')}`;
    }
    rest = rest.slice(found[0].length);
  }
  if (rest !== '') return `parsing time ${goQuote(value)}: extra text: ${goQuote(rest)}`;
  return `parsing time ${goQuote(value)}: day out of range`;
}

function timeReader(digits: 0 | 6, layout: string): ScalarReader {
  return (value, session) => {
    if (typeof value !== 'string') return session.fail(`json: cannot unmarshal ${goValue(value)} into Go value of type string`);
    return parseTime(value, digits) ?? session.fail(timeError(value, layout));
  };
}

const readDuration: ScalarReader = (value, session) => {
  if (typeof value !== 'string') return session.fail(`json: cannot unmarshal ${goValue(value)} into Go value of type string`);
  if (/^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/.test(value)) return value;
  return session.fail(`time: invalid duration ${goQuote(value)}`);
};

// Canonical forms of the quantities seen lately; most objects repeat the same few.
const maxQuantities = 4096;
const quantities = new Map<string, string>();
const quantityPattern = String.raw`quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`;

/** The canonical form of a quantity; throws QuantityError. */
function normalQuantity(value: string): string {
  const known = quantities.get(value);
  if (known !== undefined) return known;
  const canonical = canonicalQuantity(value);
  if (quantities.size >= maxQuantities) quantities.clear();
  quantities.set(value, canonical);
  return canonical;
}

const readQuantity: ScalarReader = (value, session) => {
  const text = isNumber(value) ? String(value) : value;
  if (typeof text !== 'string') return session.fail(quantityPattern);
  try {
    return normalQuantity(text);
  } catch (error) {
    return session.fail(messageOf(error));
  }
};

const readIntOrString: ScalarReader = (value, session) => {
  if (typeof value === 'string') return value;
  if (!isNumber(value)) return session.fail(`json: cannot unmarshal ${goValue(value)} into Go value of type int32`);
  if (Number.isInteger(value) && value >= -2147483648 && value <= 2147483647) return value;
  return session.fail(`json: cannot unmarshal number ${value} into Go value of type int32`);
};

const readAny: ScalarReader = (value) => value;

/** The reader of each scalar kind. */
export const scalarReaders: Readonly<Record<ScalarKind | SpecialKind, ScalarReader>> = {
  string: readString,
  bool: readBool,
  int32: integer(-2147483648, 2147483647),
  int64: readInt64,
  double: readDouble,
  bytes: readBytes,
  time: timeReader(0, '2006-01-02T15:04:05Z07:00'),
  microTime: timeReader(6, '2006-01-02T15:04:05.000000Z07:00'),
  duration: readDuration,
  quantity: readQuantity,
  intOrString: readIntOrString,
  fieldsV1: readAny,
  raw: readAny,
  json: readAny,
  schemaOrBool: readAny,
  schemaOrArray: readAny,
  schemaOrStrings: readAny,
};

/** True when Go's `omitempty` leaves the value out (a scalar without presence). */
export function isZeroScalar(kind: string, value: unknown): boolean {
  switch (kind) {
    case 'string':
    case 'bytes':
      return value === '';
    case 'bool':
      return value === false;
    case 'int32':
    case 'int64':
    case 'double':
      return value === 0;
    default:
      return false;
  }
}

/** What Go writes for a field that is always written and was not set. */
export function zeroScalar(kind: string): unknown {
  switch (kind) {
    case 'string':
    case 'bytes':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
    case 'intOrString':
      return 0;
    case 'quantity':
      return '0';
    case 'duration':
      return '0s';
    default:
      return null;
  }
}
