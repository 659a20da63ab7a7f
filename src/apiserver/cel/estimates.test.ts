// Estimated costs of rules are those of Kubernetes: which definitions are accepted depends on them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Schema } from '#api/structural/schema.ts';
import { compile } from '#format/cel/cel.ts';
import { estimateCost } from '#format/cel/estimate.ts';
import { ruleEnvs } from './ruleenv.ts';
import { schemaTypes } from './schematype.ts';

type Max = number | undefined;
type Make = (max: Max) => Schema;

const formats = new Set(['duration', 'date', 'date-time', 'byte']);
function value(type: string, maxLength?: number): Schema {
  if (type === 'int-or-string') return { 'x-kubernetes-int-or-string': true };
  const base: Schema = formats.has(type) ? { type: 'string', format: type } : { type };
  return maxLength === undefined ? base : { ...base, maxLength };
}
const array =
  (items: Schema): Make =>
  (max) => ({ type: 'array', items, ...(max === undefined ? {} : { maxItems: max }) });
const map =
  (items: Schema): Make =>
  (max) => ({ type: 'object', additionalProperties: items, ...(max === undefined ? {} : { maxProperties: max }) });
const of =
  (type: string): Make =>
  (max) =>
    value(type, max);
const both =
  (make: (item: Schema) => Make): Make =>
  (max) =>
    make(value('string', max))(max);
const object = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  ...(required.length ? { required } : {}),
});

function cost(schema: Schema, rule: string): number {
  const types = schemaTypes(schema, false);
  assert.ok(types.root);
  const { checked } = compile(ruleEnvs(types.root, types, false), rule);
  return estimateCost(checked, { self: types.root.hint, oldSelf: types.root.hint }).max;
}

/** Name, schema, rule, cost without a bound, bound, cost with it. */
const table: readonly (readonly [Make, string, number, number, number])[] = [
  [array(value('number')), 'self.all(x, true)', 4718591, 10, 32],
  [array(value('string')), 'self.all(x, true)', 3145727, 20, 62],
  [array(value('boolean')), 'self.all(x, true)', 1887437, 5, 17],
  [array(array(value('number'))(undefined)), 'self.all(x, true)', 3145727, 100, 302],
  [array(value('int-or-string')), 'self.all(x, true)', 4718591, 10, 32],
  [array(value('duration')), 'self.all(x, true)', 2359295, 5, 17],
  [array(value('date')), 'self.all(x, true)', 725936, 15, 47],
  [array(value('date-time')), 'self.all(x, true)', 428963, 25, 77],
  [map(value('number')), 'self.all(x, true)', 1348169, 10, 32],
  [map(value('string')), 'self.all(x, true)', 1179647, 3, 11],
  [map(value('boolean')), 'self.all(x, true)', 943718, 100, 302],
  [map(value('int-or-string')), 'self.all(x, true)', 1348169, 15, 47],
  [map(value('duration')), 'self.all(x, true)', 1048577, 5, 17],
  [map(value('date')), 'self.all(x, true)', 524288, 10, 32],
  [map(value('date-time')), 'self.all(x, true)', 349526, 25, 77],
  [map(map(value('number'))(undefined)), 'self.all(x, true)', 1179647, 10, 32],
  [map(array(value('number'))(undefined)), 'self.all(x, true)', 1179647, 25, 77],
  [of('string'), "self.contains('test')", 314574, 10, 5],
  [of('string'), "self.startsWith('test')", 2, 15, 2],
  [of('string'), "self.endsWith('test')", 2, 30, 2],
  [of('string'), 'size(self + "hello") > size("hello")', 314578, 4, 7],
  [array(value('number')), 'self[1] == 0.0', 2, 5000, 2],
  [array(value('string')), 'self[1] == self[1]', 314577, 8, 314577],
  [of('string'), 'self.matches("x")', 314574, 50, 22],
  [of('string'), '"".matches("(((((((((())))))))))[0-9]")', 7, 10, 7],
  [of('string'), 'self.matches("")', 1, 100, 1],
  [of('string'), 'self == "x"', 2, 0, 1],
  [of('byte'), 'self == b"x"', 2, 0, 1],
  [array(value('number')), 'self.all(x, x == 0.0)', 6291454, 3 * 1024 * 2048, 25165826],
  [array(value('boolean')), 'self[0] == false', 2, 25, 2],
  [array(array(value('number'))(undefined)), 'self[0][0] == -1.0', 3, 51, 3],
  [array(value('int-or-string')), 'self[0] == 5', 3, 10, 3],
  [array(map(value('number'))(undefined)), 'self.all(x, x.y == 25.2)', 6291452, 12, 74],
  [array(map(value('number'))(undefined)), 'self[0].x > 2.0', 4, 3000, 4],
  [array(value('duration')), 'self[0].getHours() == 2', 4, 525, 4],
  [array(value('date')), 'self[2].getDayOfMonth() == 13', 4, 42, 4],
  [of('string'), "self.find('[0-9]+') == ''", 629147, 10, 11],
  [both(array), "self.join(' ') == 'aa bb'", 329853068905, 10, 43],
  [both(array), 'self.isSorted() == true', 329854432052, 10, 52],
  [of('string'), "self.lowerAscii() == 'lower!'", 314575, 10, 6],
  [map(value('integer')), 'oldSelf.size() == self.size()', 5, 10, 5],
  [map(value('date-time')), 'self["a"] == self["b"]', 8, 7, 8],
  [map(value('duration')), 'self["c"] == self["d"]', 8, 42, 8],
  [
    (max) => object({ str: value('string', max), before: value('string', 2), after: value('string', 4) }),
    "self.str.replace(self.before, self.after) == 'does not matter'",
    629154,
    4,
    12,
  ],
  [(max) => object({ str: value('string', max), separator: value('string', max) }), 'self.str.split(self.separator) == []', 629160, 10, 22],
  [(max) => ({ ...value('string', max), enum: ['A', 'B', 'C', 'LongValue'] }), "self.contains('A')", 2, 1000, 401],
];

test('estimates of rules, without and with bounds', () => {
  for (const [make, rule, open, max, bounded] of table) {
    assert.equal(cost(make(undefined), rule), open, `${rule} without a bound`);
    assert.equal(cost(make(max), rule), bounded, `${rule} with ${max}`);
  }
});

test('has() costs no more than the variable that it looks into', () => {
  for (const type of ['number', 'string', 'boolean', 'int-or-string', 'duration']) {
    assert.equal(cost(map(value(type))(undefined), 'has(self.x)'), 1, type);
  }
});

test('loops in loops multiply', () => {
  const numbers = array(value('number'));
  assert.equal(cost(numbers(10), 'self.all(x, self.all(y, true))'), 352);
  assert.equal(cost(numbers(10), 'self.all(x, self.all(y, self.all(z, true)))'), 3552);
  assert.ok(cost(numbers(undefined), 'self.all(x, self.all(y, true))') > 10_000_000);
});
