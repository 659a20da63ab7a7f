import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { countReplicas, failureConditions, nextAvailable, planScale, rankVictims } from './plan.ts';

const now = Date.parse('2026-01-01T01:00:00Z');
interface Shape {
  readonly name: string;
  readonly node?: string;
  readonly phase?: string;
  readonly ready?: boolean;
  /** Seconds since it became ready. */
  readonly since?: number;
  readonly age?: number;
  readonly restarts?: number;
  readonly cost?: string;
  readonly leaving?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}
const before = (seconds: number): string => new Date(now - seconds * 1000).toISOString();
const pod = ({
  name,
  node = 'n',
  phase = 'Running',
  ready = true,
  since = 100,
  age = 1000,
  restarts = 0,
  cost,
  leaving,
  labels = {},
}: Shape): Pod =>
  ({
    metadata: {
      name,
      uid: name,
      labels,
      creationTimestamp: before(age),
      ...(cost ? { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } } : {}),
      ...(leaving ? { deletionTimestamp: before(1) } : {}),
    },
    spec: node ? { nodeName: node } : {},
    status: {
      phase,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: before(since) }],
      containerStatuses: [{ restartCount: restarts }],
    },
  }) as unknown as Pod;

const orders: readonly (readonly [string, readonly Shape[]])[] = [
  ['without a node', [{ name: 'z', node: '' }, { name: 'a' }]],
  ['pending', [{ name: 'z', phase: 'Pending' }, { name: 'a' }]],
  ['not ready', [{ name: 'z', ready: false }, { name: 'a' }]],
  ['cheaper', [{ name: 'z', cost: '-5' }, { name: 'a' }, { name: 'b', cost: '10' }]],
  [
    'on a crowded node',
    [
      { name: 'y', node: 'm' },
      { name: 'z', node: 'm' },
      { name: 'a', node: 'o' },
    ],
  ],
  [
    'ready for a shorter time',
    [
      { name: 'z', since: 10 },
      { name: 'a', since: 900 },
    ],
  ],
  ['restarted more often', [{ name: 'z', restarts: 3 }, { name: 'a' }]],
  [
    'younger',
    [
      { name: 'z', age: 200 },
      { name: 'a', age: 5000 },
    ],
  ],
];
for (const [name, shapes] of orders) {
  test(`victims: ${name} first`, () => {
    const pods = shapes.map(pod);
    assert.deepEqual(
      rankVictims(pods.toReversed(), pods, now).map(({ metadata }) => metadata.name),
      shapes.map((shape) => shape.name),
    );
  });
}

test('counts', () => {
  const pods = [
    pod({ name: 'a', labels: { app: 'x' } }),
    pod({ name: 'b', since: 5 }),
    pod({ name: 'c', ready: false }),
    pod({ name: 'd', leaving: true }),
    pod({ name: 'e', phase: 'Failed' }),
  ];
  const counting = { pods, templateLabels: { app: 'x' }, minReadySeconds: 10, now };
  assert.deepEqual(countReplicas(counting), {
    replicas: 3,
    fullyLabeledReplicas: 1,
    readyReplicas: 2,
    availableReplicas: 1,
    terminatingReplicas: 1,
  });
  assert.equal(nextAvailable(counting), 5000);
});

test('missing pods are made, surplus ones removed, at most 500 at a time', () => {
  const pods = ['a', 'b', 'c'].map((name) => pod({ name }));
  const options = { related: () => pods, now };
  assert.deepEqual(planScale(pods, 3, options), { type: 'none' });
  assert.deepEqual(planScale(pods, 5, options), { type: 'create', count: 2 });
  assert.deepEqual(planScale(pods, 1000, options), { type: 'create', count: 500 });
  const action = planScale(pods, 1, options);
  assert.equal(action.type === 'delete' && action.pods.length, 2);
});

test('a failure is told once: its next message is no change', () => {
  const first = failureConditions(undefined, { creating: true, message: 'pods "a" is forbidden' }, now);
  assert.deepEqual(
    first.map(({ type, status, reason, message }) => [type, status, reason, message]),
    [['ReplicaFailure', 'True', 'FailedCreate', 'pods "a" is forbidden']],
  );
  assert.equal(failureConditions(first, { creating: true, message: 'pods "b" is forbidden' }, now + 1000), first);
  assert.deepEqual(failureConditions(first, undefined, now), []);
});
