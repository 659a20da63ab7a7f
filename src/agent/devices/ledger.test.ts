import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choose, DeviceLedger, open } from './ledger.ts';

const claim = (podUid: string, container: string, count = 1) => ({ podUid, container, resource: 'x.io/gpu', count });
const none = new Set<string>();

test('devices of other pods are not offered, nor sick ones', () => {
  const ledger = new DeviceLedger();
  ledger.note(claim('a', 'c'), ['1']);
  assert.deepEqual(ledger.offer(claim('b', 'c'), ['1', '2'], none), { own: [], free: ['2'] });
  assert.deepEqual(ledger.offer(claim('b', 'c'), ['1'], none), { own: [], free: [] });
  assert.deepEqual(ledger.offer({ ...claim('b', 'c'), resource: 'x.io/nic' }, ['1'], none), { own: [], free: ['1'] });
});

test('what an init container had is used again by the others, once', () => {
  const ledger = new DeviceLedger();
  const init = new Set(['init']);
  ledger.note(claim('a', 'init', 2), ['1', '2']);
  assert.deepEqual(ledger.offer(claim('a', 'c'), ['1', '2', '3'], init), { own: ['1', '2'], free: ['3'] });
  ledger.note(claim('a', 'c'), ['1']);
  assert.deepEqual(ledger.offer(claim('a', 'd'), ['1', '2', '3'], init), { own: ['2'], free: ['3'] });
  assert.deepEqual(ledger.offer(claim('b', 'c'), ['1', '2', '3'], none), { own: [], free: ['3'] });
});

test('freed with the pod', () => {
  const ledger = new DeviceLedger([{ podUid: 'a', container: 'c', resource: 'x.io/gpu', ids: ['1'] }]);
  assert.deepEqual(ledger.of('a', 'c')[0]?.ids, ['1']);
  assert.equal(ledger.forget('a'), true);
  assert.equal(ledger.forget('a'), false);
  assert.deepEqual(ledger.allocations, []);
});

test('the choice: own, then preferred, then any', () => {
  const offer = { own: ['1'], free: ['2', '3', '4'] };
  const pick = (count: number, from: typeof offer, preferred: readonly string[], near: readonly string[] = []): string[] =>
    choose(count, open(count, from, new Set(near)), preferred);
  assert.deepEqual(pick(3, offer, ['4', '9']), ['1', '4', '2']);
  assert.deepEqual(pick(1, { own: [], free: ['2', '3'] }, []), ['2']);
  // Near ones come before preferred ones; among more near ones than are needed the plugin chooses.
  assert.deepEqual(pick(3, offer, ['4'], ['3']), ['1', '3', '4']);
  assert.deepEqual(pick(2, offer, ['2', '4'], ['3', '4']), ['1', '4']);
  assert.deepEqual(open(3, offer, new Set(['3', '4'])), { taken: ['1', '3', '4'], from: ['2'] });
});
