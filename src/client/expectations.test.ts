import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestClock } from '#base/testclock.ts';
import { Expectations } from './expectations.ts';

function expectations() {
  const clock = createTestClock();
  const lapsed: string[] = [];
  return { clock, lapsed, expected: new Expectations(clock, (key) => void lapsed.push(key)) };
}

test('what was expected is waited for', () => {
  const { clock, expected } = expectations();
  expected.expect('a', 2, ['x']);
  expected.creationObserved('a');
  expected.deletionObserved('a', 'other');
  expected.deletionObserved('a', 'x');
  assert.equal(expected.satisfied('a'), false);
  expected.creationObserved('a');
  assert.equal(expected.satisfied('a'), true);
  assert.equal(clock.pending, 0, 'nothing waits for what has come');
});

test('one creation too many counts for nothing later', () => {
  const { expected } = expectations();
  expected.expectDeletions('a', ['x']);
  expected.creationObserved('a');
  expected.expectCreations('a', 1);
  assert.equal(expected.satisfied('a'), false);
});

test('what never comes is given up after five minutes, and somebody is told', async () => {
  const { clock, lapsed, expected } = expectations();
  expected.expectCreations('a', 1);
  await clock.advance(299_000);
  assert.equal(expected.satisfied('a'), false);
  assert.deepEqual(lapsed, []);
  await clock.advance(1_000);
  assert.equal(expected.satisfied('a'), true);
  assert.deepEqual(lapsed, ['a']);
});

test('new expectations begin a new wait; nobody is told of a key that is forgotten', async () => {
  const { clock, lapsed, expected } = expectations();
  expected.expectCreations('a', 1);
  expected.expectCreations('b', 1);
  await clock.advance(200_000);
  expected.expectDeletions('a', ['x']);
  expected.delete('b');
  await clock.advance(200_000);
  assert.equal(expected.satisfied('a'), false);
  assert.equal(expected.satisfied('b'), true);
  assert.deepEqual(lapsed, []);
});
