import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameStatus, semanticEqual } from './equal.ts';

test('absent, empty and null are equal; zero is something, except in a status', () => {
  assert.ok(semanticEqual({ a: [], b: { c: null, d: 1 } }, { b: { d: 1 } }));
  assert.ok(!semanticEqual({ a: 0, d: 1 }, { d: 1 }));
  assert.ok(sameStatus({ a: 0, b: [{ c: 0, d: 1 }] }, { b: [{ d: 1 }] }));
  assert.ok(!sameStatus({ a: 0 }, { a: 1 }));
  assert.ok(!sameStatus({ ready: false, d: 1 }, { d: 1 }));
  assert.ok(sameStatus({ a: '', d: 1 }, { d: 1 }));
  assert.ok(!semanticEqual({ a: '', d: 1 }, { d: 1 }));
});
