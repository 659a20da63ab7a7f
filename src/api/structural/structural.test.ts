import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fieldErrorText } from '#api/fielderror.ts';
import { decode } from '#api/rules.ts';
import { deepFreeze } from '#api/walk/equal.ts';
import { patchProblem } from '#merge/checkpatch.ts';
import { shapeOfStruct } from '#merge/shape.ts';
import { checkSchema } from './check.ts';
import { customWalkers, refresh } from './custom.ts';
import type { Schema } from './schema.ts';
import { customStruct } from './struct.ts';
import { validateValue } from './validate.ts';

const object = (properties: Readonly<Record<string, Schema>>, more: object = {}): Schema => ({ type: 'object', properties, ...more });
const read = (schema: Schema, value: object) => {
  const struct = customStruct({ group: 'x.example.com', version: 'v1', kind: 'X' }, schema, customWalkers(schema, true));
  const { object: out, unknown } = decode<Record<string, unknown>>(struct, deepFreeze(value));
  return { object: out, unknown };
};

describe('reading custom resources', () => {
  const container = object({ name: { type: 'string' }, port: { type: 'integer', default: 80 } });
  const schema = object({
    spec: object({
      list: { type: 'array', items: container },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { known: object({ a: { type: 'string' } }) } },
      map: { type: 'object', additionalProperties: container },
      level: { type: 'string', default: 'info' },
      maybe: { type: 'string', nullable: true },
      inner: { ...object({ on: { type: 'boolean', default: true } }), default: {} },
      template: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: object({}) } },
    }),
  });

  it('prunes, says what, and keeps what is preserved', () => {
    const { object: out, unknown } = read(schema, {
      metadata: { name: 'a', colour: 'red' },
      extra: 1,
      spec: {
        list: [{ name: 'x', z: 1 }],
        free: { any: [{ b: null }], known: { a: 'x', b: 'y' } },
        map: { k: { name: 'm', q: 1 } },
        template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 't', odd: 1 }, spec: { s: 1 } },
      },
    });
    assert.deepEqual(out, {
      metadata: { name: 'a' },
      spec: {
        list: [{ name: 'x', port: 80 }],
        free: { any: [{ b: null }], known: { a: 'x' } },
        map: { k: { name: 'm', port: 80 } },
        template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 't' }, spec: {} },
        level: 'info',
        inner: { on: true },
      },
    });
    assert.deepEqual(unknown, [
      'unknown field "metadata.colour"',
      'unknown field "extra"',
      'unknown field "spec.free.known.b"',
      'unknown field "spec.list[0].z"',
      'unknown field "spec.map.k.q"',
      'unknown field "spec.template.spec.s"',
      'unknown field "spec.template.metadata.odd"',
    ]);
  });
  it('takes nulls for absent where none is allowed', () => {
    const { object: out } = read(schema, { spec: { level: null, maybe: null, list: null } });
    assert.deepEqual(out['spec'], { level: 'info', maybe: null, inner: { on: true } });
  });
  it('leaves whole objects as they are', () => {
    const whole = deepFreeze({ apiVersion: 'x/v1', metadata: {}, spec: { level: 'x', inner: { on: false } } });
    assert.equal(refresh(whole, schema), whole);
    assert.deepEqual(refresh({ spec: { inner: {} } } as object, schema), { spec: { inner: { on: true }, level: 'info' } });
  });
  it('tells apply which fields there are', () => {
    const { options, ...rest } = customStruct({ group: 'g.io', version: 'v1', kind: 'K' }, schema, customWalkers(schema, true));
    assert.equal(rest.name, 'io.g.v1.K');
    const shape = shapeOfStruct({ ...rest, options, fields: rest.fields });
    assert.equal(patchProblem({ spec: { x: 1 } }, shape), '.spec.x: field not declared in schema');
    assert.equal(patchProblem({ metadata: { odd: 1 } }, shape), '.metadata.odd: field not declared in schema');
    assert.equal(patchProblem({ spec: { free: { x: 1 }, list: [{ name: 'a' }] } }, shape), undefined);
  });
});

describe('validation of custom resources', () => {
  const cases: readonly (readonly [string, Schema, unknown, readonly string[]])[] = [
    ['type', { type: 'integer' }, 'a', ['x: Invalid value: "string": x in body must be of type integer: "string"']],
    ['null', { type: 'string' }, null, ['x: Invalid value: "null": x in body must be of type string: "null"']],
    ['nullable', { type: 'string', nullable: true }, null, []],
    ['integer is a number', { type: 'number' }, 1, []],
    ['number is no integer', { type: 'integer' }, 1.5, ['x: Invalid value: "number": x in body must be of type integer: "number"']],
    [
      'int-or-string',
      { 'x-kubernetes-int-or-string': true },
      true,
      ['x: Invalid value: "boolean": x in body must be of type integer,string: "boolean"'],
    ],
    ['pattern', { type: 'string', pattern: '^a+$' }, 'b', ['x: Invalid value: "b": x in body should match \'^a+$\'']],
    ['short', { type: 'string', minLength: 2 }, 'b', ['x: Invalid value: "b": x in body should be at least 2 chars long']],
    ['long', { type: 'string', maxLength: 1 }, 'bcd', ['x: Too long: may not be more than 1 bytes']],
    ['runes', { type: 'string', maxLength: 2 }, '😀😀', []],
    ['maximum', { type: 'integer', maximum: 10 }, 11, ['x: Invalid value: 11: x in body should be less than or equal to 10']],
    ['exclusive', { type: 'integer', minimum: 1, exclusiveMinimum: true }, 1, ['x: Invalid value: 1: x in body should be greater than 1']],
    ['multiple', { type: 'number', multipleOf: 0.1 }, 0.35, ['x: Invalid value: 0.35: x in body should be a multiple of 0.1']],
    ['enum', { type: 'string', enum: ['b', 'a'] }, 'c', ['x: Unsupported value: "c": supported values: "b", "a"']],
    [
      'items',
      { type: 'array', items: { type: 'string' }, minItems: 1 },
      [],
      ['x: Invalid value: 0: x in body should have at least 1 items'],
    ],
    ['too many', { type: 'array', items: {}, maxItems: 1 }, [1, 2], ['x: Too many: 2: must have at most 1 items']],
    [
      'item',
      { type: 'array', items: { type: 'string' } },
      ['a', 1],
      ['x[1]: Invalid value: "integer": x[1] in body must be of type string: "integer"'],
    ],
    ['required', object({ a: { type: 'string' } }, { required: ['a'] }), {}, ['x.a: Required value']],
    ['set', { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' }, ['a', 'a', 'a'], ['x[1]: Duplicate value: "a"']],
    [
      'map list',
      { type: 'array', items: object({ k: { type: 'string' } }), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] },
      [{ k: 'a', v: 1 }, { k: 'a' }],
      ['x[1]: Duplicate value: {"k":"a"}'],
    ],
    [
      'one of',
      object({ a: { type: 'string' }, b: { type: 'string' } }, { oneOf: [{ required: ['a'] }, { required: ['b'] }] }),
      { a: '1', b: '2' },
      ['<nil>: Invalid value: "": "x" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [
      'any of',
      object({ a: { type: 'string' } }, { anyOf: [{ required: ['a'] }, { required: ['b'] }] }),
      {},
      ['<nil>: Invalid value: "": "x" must validate at least one schema (anyOf)', 'x.a: Required value'],
    ],
    ['not', { type: 'string', not: { enum: ['no'] } }, 'no', ['<nil>: Invalid value: "": "x" must not validate the schema (not)']],
    ['format', { type: 'string', format: 'date-time' }, 'now', ['x: Invalid value: "now": x in body must be of type date-time: "now"']],
    ['ipv4', { type: 'string', format: 'ipv4' }, '10.0.0.1', []],
    ['unknown format', { type: 'string', format: 'whatever' }, 'x', []],
    [
      'int32',
      { type: 'integer', format: 'int32' },
      3e9,
      ['x: Invalid value: 3000000000: x in body must be of type integer with format int32'],
    ],
  ];
  for (const [name, schema, value, wanted] of cases) {
    it(name, () => assert.deepEqual(validateValue(value, schema, 'x').map(fieldErrorText), wanted));
  }

  it('holds nothing against an update that leaves it alone', () => {
    const schema = object({
      old: { type: 'string', maxLength: 1 },
      next: { type: 'string', maxLength: 1 },
      list: {
        type: 'array',
        items: object({ k: { type: 'string' }, v: { type: 'integer', maximum: 1 } }),
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
      },
    });
    const before = { old: 'long', next: 'a', list: [{ k: 'a', v: 5 }] };
    const errors = (value: object) => validateValue(value, schema, '', before).map(({ field }) => field);
    assert.deepEqual(
      errors({
        ...before,
        next: 'b',
        list: [
          { k: 'b', v: 0 },
          { k: 'a', v: 5 },
        ],
      }),
      [],
    );
    assert.deepEqual(errors({ ...before, old: 'other', list: [{ k: 'a', v: 6 }] }), ['old', 'list[0].v']);
  });
  it('matches hostile patterns in linear time', () => {
    assert.equal(validateValue('a'.repeat(50_000), { type: 'string', pattern: '^(a+)+$b' }).length, 1);
  });
});

describe('validation of schemas', () => {
  const root = (properties: Readonly<Record<string, unknown>>, more: object = {}): Schema =>
    ({ type: 'object', properties, ...more }) as Schema;
  const cases: readonly (readonly [string, Schema, readonly string[]])[] = [
    [
      'fine',
      root({
        spec: {
          type: 'object',
          properties: { a: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] } },
        },
      }),
      [],
    ],
    ['no root type', {}, ['s.type: Required value: must not be empty at the root']],
    ['root type', { type: 'string' }, ['s.type: Invalid value: "string": must be object at the root']],
    ['field type', root({ a: {} }), ['s.properties[a].type: Required value: must not be empty for specified object fields']],
    [
      'item type',
      root({ a: { type: 'array', items: {} } }),
      ['s.properties[a].items.type: Required value: must not be empty for specified array items'],
    ],
    ['items', root({ a: { type: 'array' } }), ['s.properties[a].items: Required value: must be specified']],
    [
      'nested type',
      root({ a: { type: 'string', anyOf: [{ type: 'string' }] } }),
      ['s.properties[a].anyOf[0].type: Forbidden: must be empty to be structural'],
    ],
    [
      'undescribed',
      root({ a: { type: 'object', anyOf: [{ properties: { b: {} } }] } }),
      ['s.properties[a].properties[b]: Required value: because it is defined in s.properties[a].anyOf[0].properties[b]'],
    ],
    ['reference', root({ a: { type: 'string', $ref: '#/x' } }), ['s.properties[a].$ref: Forbidden: $ref is not supported']],
    [
      'odd type',
      root({ a: { type: 'text' } }),
      ['s.properties[a].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"'],
    ],
    [
      'both',
      root({ a: { type: 'object', properties: { b: { type: 'string' } }, additionalProperties: { type: 'string' } } }),
      ['s.properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive'],
    ],
    [
      'pattern',
      root({ a: { type: 'string', pattern: '(' } }),
      [
        's.properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `(`',
      ],
    ],
    [
      'default type',
      root({ a: { type: 'string', default: 1 } }),
      ['s.properties[a].default: Invalid value: "integer":  in body must be of type string: "integer"'],
    ],
    [
      'default unknown',
      root({ a: { type: 'object', properties: {}, default: { x: 1 } } }),
      ['s.properties[a].default: Invalid value: {"x":1}: must not have unknown fields'],
    ],
    [
      'metadata',
      root({ metadata: { type: 'object', properties: { labels: { type: 'object' } } } }),
      [
        's.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
      ],
    ],
    [
      'embedded',
      root({ a: { type: 'object', 'x-kubernetes-embedded-resource': true } }),
      [
        's.properties[a].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ],
    ],
    [
      'list keys',
      root({ a: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-map-keys': ['k'] } }),
      ['s.properties[a].x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is non-empty'],
    ],
    [
      'key without default',
      root({
        a: {
          type: 'array',
          items: { type: 'object', properties: { k: { type: 'string' } } },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
        },
      }),
      [
        's.properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      ],
    ],
  ];
  for (const [name, schema, wanted] of cases) {
    it(name, () => assert.deepEqual(checkSchema(schema, 's', { hasStatus: false }).map(fieldErrorText), wanted));
  }
  it('bounds the depth', () => {
    let schema: Schema = { type: 'string' };
    for (let i = 0; i < 5000; i++) schema = root({ a: schema });
    assert.equal(checkSchema(schema, 's', { hasStatus: false }).length, 1);
  });
});
