import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodMetrics } from '#api/metrics/v1beta1/podmetrics.ts';
import { createTestClock } from '#base/testclock.ts';
import { podMoves } from './moves.ts';

const pod = (name: string, cpu: string, memory = '100Mi'): PodMetrics =>
  ({ metadata: { name, namespace: 'ns' }, containers: [{ name: 'c', usage: { cpu, memory } }] }) as unknown as PodMetrics;

test('what moves is told within half a second, once; noise is not', async () => {
  const clock = createTestClock();
  const abort = new AbortController();
  let usage = [pod('a', '100m'), pod('b', '50m')];
  let looks = 0;
  const told: string[] = [];
  const read = async () => {
    looks++;
    return usage;
  };
  const done = (async () => {
    for await (const one of podMoves(read, clock, abort.signal)) told.push(`${one.metadata.name} ${one.containers[0]?.usage['cpu']}`);
  })();
  await clock.advance(2000);
  assert.equal(looks, 5);
  assert.deepEqual(told, [], 'what was there is no news');
  usage = [pod('a', '104m'), pod('b', '50m')];
  await clock.advance(1000);
  assert.deepEqual(told, [], 'four parts of a hundred');
  usage = [pod('a', '108m'), pod('b', '200m')];
  await clock.advance(500);
  assert.deepEqual(told, ['a 108m', 'b 200m'], 'small steps add up');
  await clock.advance(2000);
  assert.equal(told.length, 2);
  usage = [pod('b', '200m'), pod('new', '1m')];
  await clock.advance(500);
  assert.deepEqual(told.slice(2), ['new 1m']);
  usage = [pod('b', '200m', '200Mi'), pod('new', '1m')];
  await clock.advance(500);
  assert.deepEqual(told.slice(3), ['b 200m'], 'memory counts, too');
  abort.abort();
  await done;
  const before = looks;
  await clock.advance(5000);
  assert.equal(looks, before, 'nobody listens, nobody looks');
});
