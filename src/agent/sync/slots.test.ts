import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Slots } from './slots.ts';

test('slots: in the order of asking, what was begun before what is new', async () => {
  const slots = new Slots(1);
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
  const slots = new Slots(1);
  await assert.rejects(slots.run(() => Promise.reject(new Error('no'))));
  assert.equal(await slots.run(() => Promise.resolve('yes')), 'yes');
});
