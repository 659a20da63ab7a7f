// CEL's standard functions. Forms without an implementation are known to the planner.
import * as math from './arithmetic.ts';
import { op } from './ast.ts';
import { compare } from './compare.ts';
import * as convert from './convert.ts';
import { compareCost, compareEstimate, joinCost, joinEstimate, readCost, readEstimate, regexCost, regexEstimate } from './costs.ts';
import { fn, free, type FunctionDecl, type Library, method, type Overload } from './decls.ts';
import { regexMatches } from './regex.ts';
import { addSizes, fixed, scale, timesSizes, traversal } from './sizes.ts';
import { calendar } from './timetext.ts';
import {
  Bool,
  Bytes,
  type CelType,
  Double,
  Duration,
  Dyn,
  Int,
  listOf,
  mapOf,
  Null,
  param,
  Str,
  Timestamp,
  typeOf,
  Uint,
} from './types.ts';
import { type DurationValue, sizeOf, type TimestampValue, TypeValue, typeNameOf, type Value } from './values.ts';

const A = param('A');
const B = param('B');
const listA = listOf(A);
const mapAB = mapOf(A, B);

const text: Record<string, string> = { int: 'int64', uint: 'uint64', timestamp: 'timestamp', duration: 'duration' };
const nameOf = (type: CelType): string => text[type.kind] ?? type.kind;

/** An operator on two values of one type. */
function same(name: string, types: readonly CelType[], result: CelType | 'same', impl: (a: Value, b: Value) => Value): Overload[] {
  const extra = { dispatches: true, ...(name === 'add' ? { cost: joinCost } : {}) };
  return types.map((type) => free(`${name}_${nameOf(type)}`, [type, type], result === 'same' ? type : result, impl, extra));
}

function order(name: string, id: string, holds: (order: number) => boolean): FunctionDecl {
  const impl = (a: Value, b: Value): boolean => holds(compare(a, b));
  const sized = { cost: (args: readonly Value[]) => compareCost(args[0] as Value, args[1] as Value), estimate: compareEstimate };
  const pair = (left: CelType, right: CelType): Overload => free(`${id}_${nameOf(left)}_${nameOf(right)}`, [left, right], Bool, impl);
  return fn(
    name,
    ...[Bool, Int, Uint, Double, Timestamp, Duration].map((type) => free(`${id}_${nameOf(type)}`, [type, type], Bool, impl)),
    free(`${id}_string`, [Str, Str], Bool, impl, sized),
    free(`${id}_bytes`, [Bytes, Bytes], Bool, impl, sized),
    pair(Int, Double),
    pair(Int, Uint),
    pair(Uint, Double),
    pair(Uint, Int),
    pair(Double, Int),
    pair(Double, Uint),
  );
}

function conversion(name: string, result: CelType, from: readonly CelType[], impl: (value: Value) => Value): FunctionDecl {
  return fn(
    name,
    ...from.map((type) => {
      const read = (name === 'string' && type === Bytes) || (name === 'bytes' && type === Str);
      return free(
        `${nameOf(type)}_to_${nameOf(result)}`,
        [type],
        result,
        impl,
        read
          ? {
              cost: readCost(0),
              estimate: ([arg]) => ({
                cost: scale(arg?.size ?? fixed(0), traversal),
                size:
                  name === 'bytes'
                    ? timesSizes(arg?.size ?? fixed(0), { min: 1, max: 4 })
                    : { min: (arg?.size.min ?? 0) / 4, max: arg?.size.max ?? 0 },
              }),
            }
          : {},
      );
    }),
  );
}

type CalendarPart = keyof ReturnType<typeof calendar>;
/** A part of a timestamp, in UTC or a given zone; of a duration as whole units. */
function part(name: string, id: string, pick: CalendarPart, options: { plus?: number; unit?: bigint; within?: bigint } = {}): FunctionDecl {
  const read = (moment: TimestampValue, zone = ''): Value => BigInt(calendar(moment.nanos, zone)[pick] + (options.plus ?? 0));
  const { unit, within } = options;
  return fn(
    name,
    method(`timestamp_to_${id}`, [Timestamp], Int, read),
    method(`timestamp_to_${id}_with_tz`, [Timestamp, Str], Int, read),
    ...(unit
      ? [method(`duration_to_${id}`, [Duration], Int, (span: DurationValue) => (within ? (span.nanos / unit) % within : span.nanos / unit))]
      : []),
  );
}

const size = (value: Value): bigint => BigInt(sizeOf(value));
const sized: readonly (readonly [string, CelType])[] = [
  ['string', Str],
  ['bytes', Bytes],
  ['list', listA],
  ['map', mapAB],
];

const mixed = { dispatches: true };
const added = { ...mixed, cost: joinCost };

const functions: readonly FunctionDecl[] = [
  fn(op.and, free('logical_and', [Bool, Bool], Bool)),
  fn(op.or, free('logical_or', [Bool, Bool], Bool)),
  fn(op.not, free('logical_not', [Bool], Bool)),
  fn(op.notStrictlyFalse, free('not_strictly_false', [Bool], Bool)),
  fn(op.conditional, free('conditional', [Bool, A, A], A)),
  fn(op.equals, free('equals', [A, A], Bool, undefined, { estimate: compareEstimate })),
  fn(op.notEquals, free('not_equals', [A, A], Bool, undefined, { estimate: compareEstimate })),
  fn(op.index, free('index_list', [listA, Int], A), free('index_map', [mapAB, A], B)),
  fn(
    op.in,
    free('in_list', [A, listA], Bool, undefined, {
      estimate: (args) => ({ cost: args[1]?.size ?? fixed(1) }),
    }),
    free('in_map', [A, mapAB], Bool),
  ),
  fn(
    op.add,
    ...same('add', [Int, Uint, Double], 'same', math.add),
    free('add_string', [Str, Str], Str, math.add, { ...added, estimate: joinEstimate }),
    free('add_bytes', [Bytes, Bytes], Bytes, math.add, { ...added, estimate: joinEstimate }),
    free('add_list', [listA, listA], listA, math.add, {
      ...added,
      estimate: (args) => ({ cost: fixed(1), size: addSizes(args[0]?.size ?? fixed(0), args[1]?.size ?? fixed(0)) }),
    }),
    free('add_timestamp_duration', [Timestamp, Duration], Timestamp, math.add, added),
    free('add_duration_timestamp', [Duration, Timestamp], Timestamp, math.add, added),
    free('add_duration_duration', [Duration, Duration], Duration, math.add, added),
  ),
  fn(
    op.subtract,
    ...same('subtract', [Int, Uint, Double], 'same', math.subtract),
    free('subtract_timestamp_timestamp', [Timestamp, Timestamp], Duration, math.subtract, mixed),
    free('subtract_timestamp_duration', [Timestamp, Duration], Timestamp, math.subtract, mixed),
    free('subtract_duration_duration', [Duration, Duration], Duration, math.subtract, mixed),
  ),
  fn(op.multiply, ...same('multiply', [Int, Uint, Double], 'same', math.multiply)),
  fn(op.divide, ...same('divide', [Int, Uint, Double], 'same', math.divide)),
  fn(op.modulo, ...same('modulo', [Int, Uint], 'same', math.modulo)),
  fn(op.negate, ...[Int, Double].map((type) => free(`negate_${nameOf(type)}`, [type], type, math.negate))),
  order(op.less, 'less', (o) => o < 0),
  order(op.lessEquals, 'less_equals', (o) => o <= 0),
  order(op.greater, 'greater', (o) => o > 0),
  order(op.greaterEquals, 'greater_equals', (o) => o >= 0),
  fn(
    'size',
    ...sized.map(([id, type]) => free(`size_${id}`, [type], Int, size)),
    ...sized.map(([id, type]) => method(`${id}_size`, [type], Int, size)),
  ),
  conversion('int', Int, [Int, Uint, Double, Str, Timestamp, Duration], convert.toInt),
  conversion('uint', Uint, [Uint, Int, Double, Str], convert.toUint),
  conversion('double', Double, [Double, Int, Uint, Str], convert.toDouble),
  conversion('string', Str, [Str, Bool, Int, Uint, Double, Bytes, Timestamp, Duration], convert.toText),
  conversion('bytes', Bytes, [Bytes, Str], convert.toBytes),
  conversion('bool', Bool, [Bool, Str], convert.toBool),
  conversion('timestamp', Timestamp, [Timestamp, Int, Str], convert.toTimestamp),
  conversion('duration', Duration, [Duration, Int, Str], convert.toDuration),
  fn(
    'dyn',
    free('to_dyn', [A], Dyn, (value: Value) => value),
  ),
  fn(
    'type',
    free('type', [A], typeOf(A), (value: Value) => new TypeValue(typeNameOf(value))),
  ),
  fn(
    'contains',
    method('contains_string', [Str, Str], Bool, (a: string, b: string) => a.includes(b), {
      cost: (args) => Math.ceil(sizeOf(args[0] as Value) * traversal) * Math.ceil(sizeOf(args[1] as Value) * traversal),
      estimate: (args) => ({
        cost: timesSizes(scale(args[0]?.size ?? fixed(0), traversal), scale(args[1]?.size ?? fixed(0), traversal)),
      }),
    }),
  ),
  fn(
    'startsWith',
    method('starts_with_string', [Str, Str], Bool, (a: string, b: string) => a.startsWith(b), {
      cost: readCost(0),
      estimate: readEstimate(1),
    }),
  ),
  fn(
    'endsWith',
    method('ends_with_string', [Str, Str], Bool, (a: string, b: string) => a.endsWith(b), { cost: readCost(0), estimate: readEstimate(1) }),
  ),
  fn(
    'matches',
    free('matches', [Str, Str], Bool, regexMatches, { cost: regexCost, estimate: (args) => ({ cost: regexEstimate(args) }) }),
    method('matches_string', [Str, Str], Bool, regexMatches, { cost: regexCost, estimate: (args) => ({ cost: regexEstimate(args) }) }),
  ),
  part('getFullYear', 'year', 'year'),
  part('getMonth', 'month', 'month'),
  part('getDayOfYear', 'day_of_year', 'yearday'),
  part('getDayOfMonth', 'day_of_month', 'day', { plus: -1 }),
  part('getDate', 'day_of_month_1_based', 'day'),
  part('getDayOfWeek', 'day_of_week', 'weekday'),
  part('getHours', 'hours', 'hour', { unit: 3_600_000_000_000n }),
  part('getMinutes', 'minutes', 'minute', { unit: 60_000_000_000n }),
  part('getSeconds', 'seconds', 'second', { unit: 1_000_000_000n }),
  part('getMilliseconds', 'milliseconds', 'millisecond', { unit: 1_000_000n, within: 1000n }),
  fn(op.mapInsert, free('map_insert', [mapAB, A, B], mapAB), free('map_insert_map', [mapAB, mapAB], mapAB)),
];

/** Every environment has these. */
export const standard: Library = {
  functions,
  types: [Bool, Int, Uint, Double, Str, Bytes, Null, Timestamp, Duration, listOf(Dyn), mapOf(Dyn, Dyn), typeOf()],
};
