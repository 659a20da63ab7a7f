import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Taint } from '#api/core/v1/affinity.ts';
import type { Node } from '#api/core/v1/node.ts';
import { leaveAt, stays } from '../tainteviction/plan.ts';
import { planStep, ttlOf } from '../ttl/plan.ts';
import { planSilence } from './health.ts';
import { planTaints } from './taints.ts';
import { EvictionPace, ZoneCounts } from './zones.ts';

const node = (
  name: string,
  ready: string | undefined,
  extra: { zone?: string; taints?: Taint[]; unschedulable?: boolean; pressure?: boolean } = {},
): Node => ({
  metadata: { name, labels: extra.zone ? { 'topology.kubernetes.io/zone': extra.zone } : {} },
  spec: { ...(extra.taints ? { taints: extra.taints } : {}), ...(extra.unschedulable ? { unschedulable: true } : {}) },
  status: {
    conditions: [
      ...(ready ? [{ type: 'Ready', status: ready }] : []),
      ...(extra.pressure ? [{ type: 'MemoryPressure', status: 'True' }] : []),
    ],
  },
});
const texts = (taints: readonly Taint[] | undefined) =>
  taints?.map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`);

test('silence makes conditions unknown, once', () => {
  const conditions = planSilence(node('a', 'True'), 0);
  assert.deepEqual(
    conditions?.map(({ type, status, reason }) => [type, status, reason]),
    [
      ['Ready', 'Unknown', 'NodeStatusUnknown'],
      ['MemoryPressure', 'Unknown', 'NodeStatusNeverUpdated'],
      ['DiskPressure', 'Unknown', 'NodeStatusNeverUpdated'],
      ['PIDPressure', 'Unknown', 'NodeStatusNeverUpdated'],
    ],
  );
  assert.equal(planSilence({ ...node('a', 'True'), status: { conditions } }, 1), undefined);
});

test('taints follow conditions and leave those of others alone', () => {
  const foreign: Taint = { key: 'team', effect: 'NoExecute', value: 'x' };
  assert.deepEqual(texts(planTaints(node('a', 'False', { taints: [foreign] }), true, 0)), [
    'team:NoExecute',
    'not-ready:NoSchedule',
    'not-ready:NoExecute',
  ]);
  assert.deepEqual(texts(planTaints(node('a', 'Unknown'), false, 0)), ['unreachable:NoSchedule']);
  const both: Taint[] = ['NoSchedule', 'NoExecute'].map((effect) => ({
    key: 'node.kubernetes.io/not-ready',
    effect: effect as Taint['effect'],
  }));
  assert.deepEqual(texts(planTaints(node('a', 'True', { taints: both }), true, 0)), []);
  assert.deepEqual(texts(planTaints(node('a', 'True', { pressure: true, unschedulable: true }), true, 0)), [
    'memory-pressure:NoSchedule',
    'unschedulable:NoSchedule',
  ]);
  assert.equal(planTaints(node('a', 'False', { taints: both }), true, 0), undefined);
});

test('zones: all down means nobody is emptied; a partly disrupted small zone waits', () => {
  const counted = (nodes: readonly Node[]): ZoneCounts => {
    const counts = new ZoneCounts();
    for (const one of nodes) counts.add(one);
    return counts;
  };
  assert.ok(counted([node('a', 'False'), node('b', 'Unknown')]).assess().allDown);
  assert.ok(!counted([]).assess().allDown);
  const counts = counted([
    ...['a', 'b', 'c'].map((name) => node(name, 'False', { zone: 'x' })),
    node('d', 'True', { zone: 'x' }),
    node('e', 'False', { zone: 'y' }),
  ]);
  const zones = counts.assess();
  assert.ok(!zones.allDown);
  assert.deepEqual([...zones.rates.values()], [0, 0.1]);
  const large = Array.from({ length: 60 }, (_, index) => node(`n${index}`, index < 40 ? 'Unknown' : 'True', { zone: 'z' }));
  assert.deepEqual([...counted(large).assess().rates.values()], [0.01], 'a large zone that is partly disrupted is emptied slowly');
  assert.ok(counts.assessWith(node('d', 'True', { zone: 'x' }), node('d', 'Unknown', { zone: 'x' })).allDown);
  assert.deepEqual(counts.assess(), zones);
  counts.remove(node('e', 'False', { zone: 'y' }));
  assert.deepEqual([...counts.assess().rates.keys()], [':x']);
  const pace = new EvictionPace();
  assert.deepEqual([pace.take('y', 0.1, 0), pace.take('y', 0.1, 1000), pace.take('y', 0.1, 10_000)], [0, 9000, 0]);
  assert.equal(pace.take('x', 0, 0), Number.POSITIVE_INFINITY);
});

test('pods leave when the first of their tolerations is over', () => {
  const taint: Taint = { key: 'k', effect: 'NoExecute' };
  const since = () => 1000;
  assert.equal(leaveAt([], undefined, since), stays);
  assert.equal(leaveAt([taint], undefined, since), Number.NEGATIVE_INFINITY);
  assert.equal(leaveAt([taint], [{ operator: 'Exists' }], since), stays);
  assert.equal(
    leaveAt(
      [taint],
      [
        { key: 'k', operator: 'Exists', tolerationSeconds: 5 },
        { operator: 'Exists', tolerationSeconds: 9 },
      ],
      since,
    ),
    6000,
  );
  assert.equal(leaveAt([{ ...taint, effect: 'NoSchedule' }], undefined, since), stays);
});

test('the cache time grows with the cluster and does not flap', () => {
  const growing = [50, 101, 499, 501].reduce<number[]>((steps, count) => [...steps, planStep(count, steps.at(-1) ?? 0)], []);
  assert.deepEqual(growing.map(ttlOf), [0, 15, 15, 30]);
  assert.equal(planStep(95, 1), 1);
  assert.equal(planStep(89, 1), 0);
});
