import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestClock } from '#base/testclock.ts';
import { WorkQueue } from './queue.ts';

test('a key is once in line, and goes back in line when added while in work', async () => {
  const queue = new WorkQueue(createTestClock());
  queue.add('a');
  queue.add('a');
  queue.add('b');
  assert.equal(queue.length, 2);
  assert.equal(await queue.get(), 'a');
  queue.add('a');
  assert.equal(queue.length, 1);
  assert.equal(await queue.get(), 'b');
  queue.done('a');
  queue.done('b');
  assert.equal(await queue.get(), 'a');
  queue.done('a');
  assert.equal(queue.length, 0);
});

test('delays: the earliest of several counts', async () => {
  const clock = createTestClock();
  const queue = new WorkQueue(clock);
  queue.addAfter('slow', 1000);
  queue.addAfter('slow', 200);
  queue.addAfter('slow', 5000);
  queue.addAfter('fast', 100);
  await clock.advance(150);
  assert.equal(queue.length, 1);
  assert.equal(await queue.get(), 'fast');
  await clock.advance(100);
  assert.equal(await queue.get(), 'slow');
  queue.done('slow');
  await clock.advance(10_000);
  assert.equal(queue.length, 0, 'later delays of the same key are gone');
  assert.equal(clock.pending, 0);
});

test('failing keys come back later and later, up to a limit', async () => {
  const clock = createTestClock();
  const queue = new WorkQueue(clock, undefined, { maxDelay: 100 });
  const waits: number[] = [];
  for (let i = 0; i < 7; i++) {
    const began = clock.monotonic();
    queue.addRateLimited('a');
    await clock.advanceUntil(() => queue.length === 1);
    waits.push(clock.monotonic() - began);
    await queue.get();
    queue.done('a');
  }
  assert.deepEqual(waits, [5, 10, 20, 40, 80, 100, 100]);
  queue.forget('a');
  assert.equal(queue.failures('a'), 0);
});

test('the overall rate holds many failing keys back', async () => {
  const clock = createTestClock();
  const queue = new WorkQueue(clock, undefined, { qps: 10, burst: 2 });
  for (const key of ['a', 'b', 'c', 'd']) queue.addRateLimited(key);
  await clock.advance(6);
  assert.equal(queue.length, 2);
  await clock.advance(95);
  assert.equal(queue.length, 3);
  await clock.advance(100);
  assert.equal(queue.length, 4);
});

test('shutting down wakes those who wait and leaves no timer', async () => {
  const clock = createTestClock();
  const queue = new WorkQueue(clock);
  const waiting = queue.get();
  queue.addAfter('a', 1000);
  queue.shutDown();
  assert.equal(await waiting, undefined);
  assert.equal(await queue.get(), undefined);
  queue.add('b');
  assert.equal(queue.length, 0);
  assert.equal(clock.pending, 0);
});
