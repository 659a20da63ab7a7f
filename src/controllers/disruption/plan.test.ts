import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { PodDisruptionBudget } from '#api/policy/v1/poddisruptionbudget.ts';
import { failedStatus, planBudget, sparedIn } from './plan.ts';

const now = Date.parse('2026-01-01T01:00:00Z');

interface Given {
  readonly spec: object;
  readonly status?: object;
  /** Names; `!` not ready, `~` leaving, `*` without a controller. */
  readonly pods: readonly string[];
  readonly scales?: readonly number[];
}

function podFrom(text: string): Pod {
  const [name = '', mark = ''] = [text.slice(0, 1), text.slice(1)];
  return {
    metadata: {
      name,
      namespace: 'ns',
      ...(mark.includes('~') ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
      ...(mark.includes('*') ? {} : { ownerReferences: [{ kind: 'ReplicaSet', uid: 'rs', controller: true }] }),
    },
    spec: {},
    status: { conditions: [{ type: 'Ready', status: mark.includes('!') ? 'False' : 'True' }] },
  } as unknown as Pod;
}

function plan({ spec, status = {}, pods, scales = [] }: Given) {
  const budget = {
    metadata: { name: 'b', namespace: 'ns', generation: 2 },
    spec,
    status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, ...status },
  } as unknown as PodDisruptionBudget;
  return planBudget({ budget, pods: pods.map(podFrom), scales: new Map(scales.map((scale, index) => [String(index), scale])), now });
}

const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString();
// Budget, pods, wanted pods → allowed, healthy, wanted healthy, expected.
const cases: readonly (Given & { readonly name: string; readonly want: readonly [number, number, number, number] })[] = [
  { name: 'one of three may go', spec: { minAvailable: 2 }, pods: ['a', 'b', 'c'], want: [1, 3, 2, 3] },
  { name: 'none may when one is unready', spec: { minAvailable: 2 }, pods: ['a', 'b', 'c!'], want: [0, 2, 2, 3] },
  { name: 'or leaving', spec: { minAvailable: 2 }, pods: ['a', 'b', 'c~'], want: [0, 2, 2, 3] },
  { name: 'no pods, nothing to disrupt', spec: { minAvailable: 0 }, pods: [], want: [0, 0, 0, 0] },
  { name: 'minAvailable above what is there', spec: { minAvailable: 5 }, pods: ['a', 'b'], want: [0, 2, 5, 2] },
  {
    name: 'a share of what the controller wants, rounded up',
    spec: { minAvailable: '50%' },
    pods: ['a', 'b', 'c'],
    scales: [3],
    want: [1, 3, 2, 3],
  },
  { name: 'shares count pods that are yet to come', spec: { minAvailable: '50%' }, pods: ['a', 'b'], scales: [10], want: [0, 2, 5, 10] },
  { name: 'several controllers', spec: { minAvailable: '50%' }, pods: ['a', 'b', 'c'], scales: [2, 1], want: [1, 3, 2, 3] },
  { name: 'maxUnavailable', spec: { maxUnavailable: 1 }, pods: ['a', 'b', 'c'], scales: [3], want: [1, 3, 2, 3] },
  { name: 'maxUnavailable while one is missing', spec: { maxUnavailable: 1 }, pods: ['a', 'b'], scales: [3], want: [0, 2, 2, 3] },
  {
    name: 'maxUnavailable as a share, rounded up',
    spec: { maxUnavailable: '34%' },
    pods: ['a', 'b', 'c'],
    scales: [3],
    want: [2, 3, 1, 3],
  },
  { name: 'maxUnavailable 100%', spec: { maxUnavailable: '100%' }, pods: ['a', 'b'], scales: [2], want: [2, 2, 0, 2] },
  {
    name: 'an allowed eviction counts as done',
    spec: { minAvailable: 1 },
    status: { disruptedPods: { a: ago(10) } },
    pods: ['a', 'b', 'c'],
    want: [1, 2, 1, 3],
  },
  {
    name: 'until it has taken too long',
    spec: { minAvailable: 1 },
    status: { disruptedPods: { a: ago(121) } },
    pods: ['a', 'b', 'c'],
    want: [2, 3, 1, 3],
  },
  { name: 'a budget for nothing', spec: {}, pods: ['a'], want: [1, 1, 0, 1] },
];
for (const { name, want, ...given } of cases) {
  test(name, () => {
    const { status } = plan(given);
    assert.deepEqual([status.disruptionsAllowed, status.currentHealthy, status.desiredHealthy, status.expectedPods], want);
    assert.equal(status.observedGeneration, 2);
    const [condition] = status.conditions ?? [];
    assert.equal(condition?.type, 'DisruptionAllowed');
    assert.equal(condition?.status, want[0] > 0 ? 'True' : 'False');
    assert.equal(condition?.reason, want[0] > 0 ? 'SufficientPods' : 'InsufficientPods');
  });
}

test('evictions under way are remembered while their pods are there', () => {
  const given = { spec: { minAvailable: 0 }, status: { disruptedPods: { a: ago(30), b: ago(200), x: ago(1), l: ago(1) } } };
  const { status, undisrupted, wait } = plan({ ...given, pods: ['a', 'b', 'l~'] });
  assert.deepEqual(Object.keys(status.disruptedPods ?? {}), ['a']);
  assert.deepEqual(
    undisrupted.map(({ metadata }) => metadata.name),
    ['b'],
  );
  assert.equal(wait, 90_001);
});

test('pods without a controller are told about where controllers count', () => {
  assert.equal(plan({ spec: { maxUnavailable: 1 }, pods: ['a*', 'b'], scales: [1] }).unmanaged.length, 1);
  assert.equal(plan({ spec: { minAvailable: 1 }, pods: ['a*', 'b'] }).unmanaged.length, 0);
});

test('a budget that cannot be computed allows nothing', () => {
  const budget = {
    metadata: { name: 'b', generation: 3 },
    spec: {},
    status: { disruptionsAllowed: 4, currentHealthy: 5, desiredHealthy: 1, expectedPods: 5 },
  } as unknown as PodDisruptionBudget;
  const { disruptionsAllowed, observedGeneration, conditions } = failedStatus(budget, 'no', now);
  assert.deepEqual([disruptionsAllowed, observedGeneration, conditions?.[0]?.reason, conditions?.[0]?.message], [0, 3, 'SyncFailed', 'no']);
});

test('a pod that was to go and did not is spared after two minutes', () => {
  const marked = (status: string, more: object = {}): Pod =>
    ({
      metadata: { name: 'a', ...more },
      status: { conditions: [{ type: 'DisruptionTarget', status, lastTransitionTime: ago(50) }] },
    }) as unknown as Pod;
  assert.equal(sparedIn(marked('True'), now), 70_000);
  assert.equal(sparedIn(marked('True'), now + 100_000), 0);
  assert.equal(sparedIn(marked('False'), now), undefined);
  assert.equal(sparedIn(marked('True', { deletionTimestamp: ago(1) }), now), undefined);
  assert.equal(sparedIn(podFrom('a'), now), undefined);
});
