import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from './backoff.ts';

test('restarts: the first at once, then 10 s doubling to 300 s', () => {
  const backoff = new Backoff(10_000, 300_000);
  let now = 1_000_000;
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    const finished = now;
    const wait = backoff.remaining('c', finished, now);
    waits.push(wait / 1000);
    now += wait;
    assert.equal(backoff.remaining('c', finished, now), 0);
    backoff.next('c', finished, now);
  }
  assert.deepEqual(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
});

test('a container that ran long enough starts afresh', () => {
  const backoff = new Backoff(10_000, 300_000);
  backoff.next('c', 0, 0);
  backoff.next('c', 1000, 1000);
  assert.equal(backoff.delay('c'), 20_000);
  const finished = 1000 + 600_001;
  assert.equal(backoff.remaining('c', finished, finished), 0);
  backoff.next('c', finished, finished);
  assert.equal(backoff.delay('c'), 10_000);
});

test('forgetting is by prefix', () => {
  const backoff = new Backoff(10, 100);
  backoff.next('a/1', 0, 0);
  backoff.next('b/1', 0, 0);
  backoff.forget('a/');
  assert.deepEqual([backoff.remainingSinceUpdate('a/1', 5), backoff.remainingSinceUpdate('b/1', 5)], [0, 5]);
});
