import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fnv32a, fnv64a, safeEncode, stableJson } from './hash.ts';

test('FNV-1a gives the published values', () => {
  assert.equal(fnv32a(''), 0x811c9dc5);
  assert.equal(fnv32a('a'), 0xe40c292c);
  assert.equal(fnv32a('foobar'), 0xbf9cf968);
  assert.equal(fnv64a('a'), 0xaf63dc4c8601ec8cn);
  assert.equal(fnv64a('foobar'), 0x85944171f73967e8n);
});

test('safe encoding stays in its alphabet', () => assert.match(safeEncode('0123456789'), /^[bcdfghjklmnpqrstvwxz2456789]{10}$/));

test('stable JSON does not depend on the order of keys', () => {
  assert.equal(stableJson({ b: [1, { d: 1, c: null }], a: undefined }), '{"b":[1,{"c":null,"d":1}]}');
});
