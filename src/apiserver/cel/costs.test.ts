// Costs of running rules are those of Kubernetes: what is cut off depends on them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Schema } from '#api/structural/schema.ts';
import { compile } from '#format/cel/cel.ts';
import { ruleEnvs } from './ruleenv.ts';
import { schemaTypes } from './schematype.ts';

const string: Schema = { type: 'string' };
const integer: Schema = { type: 'integer' };
const list = (items: Schema, more: object = {}): Schema => ({ type: 'array', items, ...more });
const map = (additionalProperties: Schema): Schema => ({ type: 'object', additionalProperties });
const object = (properties: Readonly<Record<string, Schema>>): Schema => ({ type: 'object', properties });
const keyed = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] };
const item = object({ k: string, v: string, v2: string });

interface Case {
  readonly schema: Readonly<Record<string, Schema>>;
  readonly self: object;
  readonly costs: Readonly<Record<string, number>>;
}

const cases: Readonly<Record<string, Case>> = {
  numbers: {
    schema: { i: integer, j: integer, d: { type: 'number' } },
    self: { i: 5, j: 5, d: 10 },
    costs: {
      'self.i == self.j': 5,
      'type(self.i) == int': 4,
      'self.i + 1 == 5 + 1': 5,
      'double(self.i) < self.d': 6,
      'double(5) < 10.0': 1,
      'double(self.i) < 10.0': 4,
    },
  },
  texts: {
    schema: { s: string, t: string },
    self: { s: 'Rook takes 👑', t: 'Rook takes 👑' },
    costs: {
      "self.s.startsWith('Rook')": 4,
      "!self.s.startsWith('knight')": 5,
      "self.s.matches('^[^0-9]*$')": 8,
      "!self.s.matches('^[0-9]*$')": 7,
      'type(self.s) == string': 4,
      'size(self.s) == 12': 4,
      "self.s.charAt(3) == 'k'": 4,
      "self.s.indexOf('o') == 1": 4,
      "self.s.replace(' ', 'x') == 'Rookxtakesx👑'": 7,
      "self.s.split(' ') == ['Rook', 'takes', '👑']": 6,
      "self.s.substring(5) == 'takes 👑'": 5,
      "self.s.substring(4, 10).trim() == 'takes'": 6,
      "self.s.upperAscii() == 'ROOK TAKES 👑'": 6,
      "self.s in ['Pending', 'Available']": 2,
    },
  },
  times: {
    schema: { d: { type: 'string', format: 'duration' }, t: { type: 'string', format: 'date-time' }, s: string },
    self: { d: '1h2m3s4ms', t: '2011-08-18T19:03:37.01+01:00', s: '1h' },
    costs: {
      "self.d == duration('1h2m') + duration('3s4ms')": 4,
      'self.d.getHours() == 1': 4,
      'duration(self.s) == self.d': 6,
      "self.t.getDate('01:00') == 18": 4,
      'type(self.t) == google.protobuf.Timestamp': 4,
    },
  },
  lists: {
    schema: { a: list(integer), b: list(integer), s: list(string, { 'x-kubernetes-list-type': 'set' }) },
    self: { a: [1, 2, 3], b: [1, 2, 3], s: ['a', 'b', 'c'] },
    costs: {
      '1 in self.a': 5,
      'self.b[0] in self.a': 8,
      '!(0 in self.a)': 6,
      'self.a + self.b == [1, 2, 3, 1, 2, 3]': 6,
      'self.a + [4, 5] == [1, 2, 3, 4, 5]': 4,
      "self.s == ['c', 'b', 'a']": 3,
      "self.s + ['c', 'd'] == ['a', 'b', 'c', 'd']": 4,
    },
  },
  maps: {
    schema: { m: map(integer), n: map(integer), o: object({ b: integer, p: object({ q: integer }) }) },
    self: { m: { b: 1, d: 2 }, n: { d: 2, b: 1 }, o: { b: 1, p: { q: 1 } } },
    costs: {
      'self.m == self.n': 5,
      "'b' in self.m": 3,
      "!('c' in self.m)": 4,
      "self.m == {'b': 1, 'd': 2}": 3,
      'has(self.o.b)': 2,
      'has(self.o.p.q)': 3,
      'has(self.m.b)': 2,
      '!has(self.m.c)': 3,
      'self.m.all(k, self.m[k] > 0)': 17,
      'self.m.exists_one(k, self.m[k] == 2)': 14,
      '!self.m.exists_one(k, self.m[k] > 0)': 17,
      'size(self.m) == 2': 4,
      'size(self.m.filter(k, self.m[k] > 1)) == 1': 26,
    },
  },
  'lists of objects': {
    schema: { l: list(item, keyed) },
    self: {
      l: [
        { k: 'a1', v: 'b1' },
        { k: 'a2', v: 'b2' },
        { k: 'a3', v: 'b3', v2: 'z' },
      ],
    },
    costs: {
      'has(self.l[0].v)': 3,
      "self.l.all(m, m.k.startsWith('a'))": 21,
      "self.l.all(m, !has(m.v2) || m.v2 == 'z')": 21,
      "self.l.exists(m, m.k.endsWith('1'))": 13,
      "self.l.exists_one(m, m.k == 'a3')": 15,
      "!self.l.all(m, m.k.endsWith('1'))": 18,
      "!self.l.exists(m, m.v == 'x')": 25,
      "!self.l.exists_one(m, m.k.startsWith('a'))": 20,
      "size(self.l.filter(m, m.k == 'a1')) == 1": 27,
      "self.l.exists(m, m.k == 'a1' && m.v == 'b1')": 16,
      "self.l.map(m, m.v).exists(v, v == 'b1')": 55,
      "self.l.exists(m, has(m.v2) && m.v2 == 'z')": 21,
    },
  },
};

for (const [name, { schema, self, costs }] of Object.entries(cases)) {
  test(`costs of rules on ${name}`, () => {
    const types = schemaTypes(object(schema), false);
    assert.ok(types.root);
    const found: Record<string, number> = {};
    for (const rule of Object.keys(costs)) {
      found[rule] = compile(ruleEnvs(types.root, types, false), rule).evaluate({ self: types.root.shape(self) }).cost;
    }
    assert.deepEqual(found, costs);
  });
}
