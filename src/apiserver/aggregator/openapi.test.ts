import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergedDocuments, remoteDocument } from './openapi.ts';

const prefix = '/apis/wardle.example.com/v1';
const ref = (name: string) => ({ $ref: `#/definitions/${name}` });
const document = {
  swagger: '2.0',
  paths: {
    [`${prefix}/flunders`]: { get: { parameters: [{ $ref: '#/parameters/limit' }], responses: { 200: { schema: ref('Flunder') } } } },
    [`${prefix}beta1/flunders`]: { get: { responses: { 200: { schema: ref('Other') } } } },
    '/healthz': {},
  },
  parameters: { limit: { name: 'limit', in: 'query', type: 'integer' } },
  definitions: { Flunder: { properties: { metadata: ref('Meta'), parent: ref('Flunder') } }, Meta: { type: 'object' }, Other: {} },
};
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

test('only what a group version needs is taken', () => {
  const found = remoteDocument(bytes(document), prefix);
  assert.deepEqual(Object.keys(found?.paths ?? {}), [`${prefix}/flunders`]);
  assert.deepEqual(Object.keys(found?.definitions ?? {}).toSorted(), ['Flunder', 'Meta']);
  assert.ok(JSON.stringify(found?.paths).includes('"parameters":[{"name":"limit","in":"query","type":"integer"}]'));
});

test('what is no document of v2, or says nothing, is left out', () => {
  for (const value of [null, [], {}, { swagger: '2.0' }, { ...document, swagger: '3.0' }, { ...document, paths: { '/healthz': {} } }])
    assert.equal(remoteDocument(bytes(value), prefix), undefined);
});

test('definitions whose names are taken get others, and references follow', () => {
  const found = remoteDocument(bytes(document), prefix);
  assert.ok(found);
  const { paths, definitions } = mergedDocuments([found, { ...found, paths: {} }], new Set(['Meta']));
  assert.deepEqual(definitions, {
    Flunder: { properties: { metadata: ref('Meta_v2'), parent: ref('Flunder') } },
    Meta_v2: { type: 'object' },
    Flunder_v2: { properties: { metadata: ref('Meta_v3'), parent: ref('Flunder_v2') } },
    Meta_v3: { type: 'object' },
  });
  assert.ok(JSON.stringify(paths).includes('#/definitions/Flunder"'));
});
