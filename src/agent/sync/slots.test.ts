import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Slots } from './slots.ts';

/** A clock on which nothing comes to pass unless it is told to. */
function stopped(): { after: (ms: number, call: () => void) => { cancel(): void }; ring(): void } {
  const timers = new Set<() => void>();
  return {
    after(_ms, call) {
      timers.add(call);
      return { cancel: () => void timers.delete(call) };
    },
    ring() {
      for (const call of timers) call();
      timers.clear();
    },
  };
}

test('slots: in the order of asking, what was begun before what is new', async () => {
  const slots = new Slots(1, stopped());
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const work = (name: string, first = false) => slots.run(async () => void order.push(name), { first });
  const all = [slots.run(() => gate.promise), work('new 1'), work('new 2'), work('begun', true)];
  assert.deepEqual(order, []);
  gate.resolve();
  await Promise.all(all);
  assert.deepEqual(order, ['begun', 'new 1', 'new 2']);
});

test('slots: a failure frees its slot', async () => {
  const slots = new Slots(1, stopped());
  await assert.rejects(slots.run(() => Promise.reject(new Error('no'))));
  assert.equal(await slots.run(() => Promise.resolve('yes')), 'yes');
});

test('slots: what hangs gives its slot to others, and only once', async () => {
  const clock = stopped();
  const slots = new Slots(1, clock);
  const gate = Promise.withResolvers<void>();
  const hanging = slots.run(() => gate.promise);
  let began = 0;
  const release = Promise.withResolvers<void>();
  const others = [1, 2].map(() =>
    slots.run(() => {
      began++;
      return release.promise;
    }),
  );
  clock.ring();
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(began, 1);
  gate.resolve();
  await hanging;
  assert.equal(began, 1);
  release.resolve();
  await Promise.all(others);
  assert.equal(began, 2);
});
