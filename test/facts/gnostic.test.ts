// OpenAPI documents in protobuf, read by messages as gnostic numbers them: nothing is lost that these have a place for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentV2, documentV3, rowsByDocument } from '#apiserver/openapi/documents.ts';
import { encodeV2 } from '#apiserver/openapi/gnosticv2.ts';
import { encodeV3 } from '#apiserver/openapi/gnosticv3.ts';
import { allRows } from '#apiserver/resources/all.ts';
import { decodeDocument } from './gnosticmessages.ts';

const rows = allRows.filter((row) => row.stage === 'GA');
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('v2 of all groups', () => {
  const document = documentV2(rows);
  assert.deepEqual(decodeDocument('v2', encodeV2(document)), plain(document));
});

test('v3 of every group', () => {
  for (const [name, group] of rowsByDocument(rows)) {
    const document = documentV3(group);
    assert.deepEqual(decodeDocument('v3', encodeV3(document)), plain(document), name);
  }
});

/** A schema with all that custom resources may say. */
const everything = {
  description: 'all of it',
  title: 'T',
  externalDocs: { description: 'more', url: 'https://example.com' },
  pattern: '^a|ä$',
  format: 'int64',
  minimum: -1.5,
  maximum: 2 ** 53,
  exclusiveMinimum: true,
  exclusiveMaximum: true,
  multipleOf: 0.1,
  minLength: 1,
  maxLength: 300,
  minItems: 2,
  maxItems: 2 ** 40,
  minProperties: 3,
  maxProperties: 4,
  uniqueItems: true,
  enum: ['', 0, false, null, { a: [1] }],
  required: ['', 'b'],
  type: 'object',
  properties: { list: { type: 'array', items: { type: 'string', default: '' } }, open: { additionalProperties: true } },
  additionalProperties: { type: 'integer', default: 0 },
  'x-kubernetes-validations': [{ rule: 'self == self', message: 'ö' }],
  'x-kubernetes-preserve-unknown-fields': true,
};
const onlyV3 = {
  nullable: true,
  allOf: [{ $ref: '#/a' }, { pattern: 'b' }],
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  oneOf: [{ required: ['c'] }, { type: 'boolean', default: false }],
  not: { additionalProperties: false },
};

test('schemas with everything in them', () => {
  const definitions = { Everything: { ...everything, default: { a: [1, 'x'] }, allOf: [{ description: 'd' }] }, Nothing: {} };
  assert.deepEqual(decodeDocument('v2', encodeV2({ swagger: '2.0', definitions })), { swagger: '2.0', definitions });
  const schemas = { Everything: { ...everything, ...onlyV3 }, Nothing: {} };
  const document = { openapi: '3.0.0', components: { schemas } };
  assert.deepEqual(decodeDocument('v3', encodeV3(document)), document);
});

test('what proto3 and the messages have no place for is left out', () => {
  const told = { default: { a: 1 }, minimum: 0, minLength: 0, nullable: false, type: 'integer' };
  const document = { openapi: '3.0.0', components: { schemas: { A: told, B: { default: [1] }, C: { default: null } } } };
  assert.deepEqual(decodeDocument('v3', encodeV3(document)), {
    openapi: '3.0.0',
    components: { schemas: { A: { default: {}, type: 'integer' }, B: { default: {} }, C: { default: {} } } },
  });
});

test('parameters and operations as other servers write them', () => {
  const get = {
    summary: 's',
    tags: ['t'],
    deprecated: true,
    parameters: [
      { $ref: '#/parameters/p', description: 'd' },
      { name: 'h', in: 'header', type: 'string', pattern: 'x', required: true },
      { name: 'q', in: 'query', type: 'integer', allowEmptyValue: true, format: 'int32', default: 0, minimum: 1, maximum: 2, enum: [1] },
      { name: 'i', in: 'path', type: 'string', required: true, uniqueItems: true, 'x-y': 1 },
      { name: 'body', in: 'body', schema: { type: 'object' } },
    ],
    responses: { default: { description: 'd', schema: { $ref: '#/definitions/A' } }, 404: { $ref: '#/responses/r' } },
    security: [{ a: [] }, { b: ['c', ''] }],
  };
  const document = { swagger: '2.0', paths: { '/a': { get }, '/b': {} } };
  assert.deepEqual(decodeDocument('v2', encodeV2(document)), document);
});
