import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricSpec } from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import { createTestClock } from '#base/testclock.ts';
import { pulseOf } from './pulse.ts';
import type { MetricSource } from './source.ts';

const value = { type: 'Value', value: '1' };
const external: MetricSpec = { type: 'External', external: { metric: { name: 'queue' }, target: value } };
const pods: MetricSpec = { type: 'Pods', pods: { metric: { name: 'hits' }, target: { type: 'AverageValue', averageValue: '1' } } };
const cpu: MetricSpec = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } };
const about = { namespace: 'd', selector: 'app=web' };

function metrics() {
  const asked: string[] = [];
  const now = { queue: 1, hits: 1 };
  const none = (): never => {
    throw new Error('not asked for');
  };
  const source: MetricSource = {
    resource: none,
    ofObject: none,
    async ofPods(_namespace, selector) {
      asked.push(`pods ${selector}`);
      return new Map([['web-0', { value: now.hits, at: asked.length, window: 1 }]]);
    },
    async external(_namespace, { name }) {
      asked.push(name);
      return now.queue;
    },
  };
  return { asked, now, source };
}

test('usage is told by others', () => {
  assert.equal(pulseOf(metrics().source, createTestClock(), { ...about, specs: [cpu] }), undefined);
});

test('values are asked for twice a second; only another value is a move', async () => {
  const clock = createTestClock();
  const { asked, now, source } = metrics();
  const abort = new AbortController();
  let moves = 0;
  const listening = (async () => {
    for await (const _ of pulseOf(source, clock, { ...about, specs: [cpu, external, pods] })?.moves(abort.signal) ?? []) moves++;
  })().catch((error: unknown) => error);
  await clock.advance(500);
  assert.deepEqual(asked, ['queue', 'pods app=web']);
  assert.equal(moves, 1, 'the first value is news');
  await clock.advance(2_500);
  assert.equal(asked.length, 12);
  assert.equal(moves, 1, 'the same value, measured again, is none');
  now.hits = 2;
  await clock.advance(500);
  assert.equal(moves, 2);
  abort.abort(new Error('over'));
  assert.equal(String(await listening), 'Error: over');
  assert.equal(clock.pending, 0);
});

test('other metrics are another thing to listen to', () => {
  const { source } = metrics();
  const id = (specs: readonly MetricSpec[]) => pulseOf(source, createTestClock(), { ...about, specs })?.id;
  assert.equal(id([external]), id([external, cpu]));
  assert.notEqual(id([external]), id([external, pods]));
});
