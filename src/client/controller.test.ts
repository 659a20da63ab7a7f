import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '#base/log.ts';
import { createTestClock } from '#base/testclock.ts';
import { startController } from './controller.ts';

const random = { next: () => 0, bytes: (length: number) => new Uint8Array(length), uuid: () => '' };

test('waits for its caches, retries what throws, comes back when asked', async () => {
  const clock = createTestClock();
  let sync: () => void = () => {};
  const synced = new Promise<void>((resolve) => {
    sync = resolve;
  });
  const calls: [string, number][] = [];
  await using controller = startController({
    name: 'test',
    world: { clock, random, log: silent },
    synced,
    async reconcile(key) {
      calls.push([key, clock.monotonic()]);
      if (key === 'bad' && calls.filter(([name]) => name === 'bad').length < 3) throw new Error('no');
      if (key === 'again' && calls.filter(([name]) => name === 'again').length < 2) return { requeueAfter: 500 };
    },
  });
  controller.enqueue('bad');
  controller.enqueue('again');
  await clock.settle();
  assert.equal(calls.length, 0);
  sync();
  await controller.ready;
  await clock.advance(1000);
  assert.deepEqual(
    calls.filter(([key]) => key === 'bad').map(([, at]) => at),
    [0, 5, 15],
  );
  assert.deepEqual(
    calls.filter(([key]) => key === 'again').map(([, at]) => at),
    [0, 500],
  );
});

test('disposal aborts and waits for what is in flight', async () => {
  const clock = createTestClock();
  let ended = false;
  const controller = startController({
    name: 'test',
    world: { clock, random, log: silent },
    synced: Promise.resolve(),
    async reconcile(_key, signal) {
      await clock.sleep(60_000, signal).catch(() => undefined);
      await clock.settle();
      ended = true;
    },
  });
  controller.enqueue('a');
  await clock.settle();
  await controller[Symbol.asyncDispose]();
  assert.ok(ended);
  assert.equal(clock.pending, 0);
});

test('a controller whose caches never come can be stopped', async () => {
  const clock = createTestClock();
  const controller = startController({
    name: 'test',
    world: { clock, random, log: silent },
    synced: new Promise(() => {}),
    reconcile: async () => undefined,
  });
  await controller[Symbol.asyncDispose]();
});
