import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shareWith } from './share.ts';

describe('shareWith', () => {
  const old = { a: { b: [1, { c: 2 }], d: 'x' }, e: {}, f: [] };

  it('gives the old object back when nothing differs', () => {
    assert.equal(shareWith(structuredClone(old), old), old);
  });
  it('keeps what differs and shares the rest', () => {
    const next = shareWith({ ...structuredClone(old), e: { g: 1 } }, old);
    assert.notEqual(next, old as unknown);
    assert.equal(next.a, old.a);
    assert.deepEqual(next, { ...old, e: { g: 1 } });
  });
  it('sees what was taken away', () => {
    assert.deepEqual(shareWith({ a: { d: 'x' } }, old), { a: { d: 'x' } });
    assert.deepEqual(shareWith([1], [1, 2]), [1]);
    assert.deepEqual(shareWith({}, []), {});
    assert.deepEqual(shareWith({ a: undefined }, { b: 1 }), { a: undefined });
  });
  it('leaves frozen values alone', () => {
    const frozen = Object.freeze({ a: { d: 'x' } });
    assert.equal(shareWith(frozen, old), frozen);
  });
});
