import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deployment } from '#api/apps/v1/deployment.ts';
import type { ReplicaSet } from '#api/apps/v1/replicaset.ts';
import type { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import { type Action, planDeployment } from './plan.ts';
import { annotation, hashLabel, templateHash } from './revision.ts';
import { limits, scaleSizes } from './scale.ts';
import { deploymentStatus, isComplete } from './status.ts';

const template = (image: string): PodTemplateSpec => ({
  metadata: { name: '', labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image }] },
});

function deployment(
  over: { replicas?: number; image?: string; spec?: Partial<Deployment['spec']>; status?: Partial<Deployment['status']> } = {},
): Deployment {
  return {
    metadata: { name: 'web', namespace: 'd', uid: 'u', generation: 1 },
    spec: {
      replicas: over.replicas ?? 10,
      selector: { matchLabels: { app: 'web' } },
      template: template(over.image ?? 'v2'),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      ...over.spec,
    },
    status: { observedGeneration: 1, ...over.status },
  };
}

function set(
  image: string,
  replicas: number,
  over: { available?: number; revision?: number; desired?: number; max?: number; created?: string } = {},
): ReplicaSet {
  const hash = templateHash(template(image), undefined);
  const labels = { app: 'web', [hashLabel]: hash };
  const available = over.available ?? replicas;
  return {
    metadata: {
      name: `web-${hash}`,
      namespace: 'd',
      uid: image,
      generation: 1,
      creationTimestamp: over.created ?? (image === 'v1' ? '2026-01-01T00:00:00Z' : '2026-01-02T00:00:00Z'),
      annotations: {
        [annotation.revision]: String(over.revision ?? Number(image.slice(1))),
        [annotation.desired]: String(over.desired ?? 10),
        [annotation.max]: String(over.max ?? 13),
      },
    },
    spec: { replicas, selector: { matchLabels: labels }, template: { ...template(image), metadata: { name: '', labels } } },
    status: { replicas, readyReplicas: available, availableReplicas: available, observedGeneration: 1 },
  };
}

const show = (actions: readonly Action[]): string[] =>
  actions.map((action) =>
    action.type === 'create'
      ? `create ${action.replicas}`
      : action.type === 'delete'
        ? `delete ${action.set.metadata.uid}`
        : `${action.set.metadata.uid} -> ${action.replicas}`,
  );
const plan = (d: Deployment, sets: readonly ReplicaSet[], oldPodsRun = false): string[] =>
  show(planDeployment({ deployment: d, sets, oldPodsRun }).actions);

const table: readonly [string, Deployment, readonly ReplicaSet[], readonly string[]][] = [
  ['the first set is made at full size', deployment(), [], ['create 10']],
  ['an update starts with the surge', deployment(), [set('v1', 10)], ['create 3']],
  ['old pods go as far as availability allows', deployment(), [set('v1', 10), set('v2', 3, { available: 0 })], ['v1 -> 8']],
  [
    'what an old set is about to lose is not counted on',
    deployment({ replicas: 6, spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 3 } } } }),
    [set('v1', 2, { available: 3, desired: 6, max: 6 }), set('v2', 4, { available: 2, desired: 6, max: 6 })],
    ['v1 -> 1'],
  ],
  ['the new set grows into the room', deployment(), [set('v1', 8), set('v2', 3, { available: 0 })], ['v2 -> 5']],
  ['nothing moves while nothing new is available', deployment(), [set('v1', 8), set('v2', 5, { available: 0 })], []],
  ['unhealthy old pods go first', deployment(), [set('v1', 10, { available: 8 }), set('v2', 3, { available: 0 })], ['v1 -> 8']],
  ['the last old pods go when the new ones are there', deployment(), [set('v1', 2), set('v2', 10)], ['v1 -> 0']],
  ['rolling back uses the old set again', deployment({ image: 'v1' }), [set('v1', 0), set('v2', 10)], ['v1 -> 3']],
  ['scaling with one active set', deployment({ replicas: 4 }), [set('v2', 10)], ['v2 -> 4']],
  [
    'scaling in mid-roll keeps proportions',
    deployment({ replicas: 20 }),
    [set('v1', 8), set('v2', 5, { available: 0 })],
    ['v1 -> 14', 'v2 -> 9'],
  ],
  ['a paused Deployment scales but does not roll', deployment({ spec: { paused: true } }), [set('v1', 10)], []],
];
for (const [name, d, sets, want] of table) test(name, () => assert.deepEqual(plan(d, sets), want));

test('Recreate waits for the last old pod', () => {
  const d = deployment({ spec: { strategy: { type: 'Recreate' } } });
  assert.deepEqual(plan(d, [set('v1', 10)]), ['v1 -> 0']);
  assert.deepEqual(plan(d, [set('v1', 0)], true), []);
  assert.deepEqual(plan(d, [set('v1', 0)], false), ['create 10']);
});

test('revisions: the next number, and a reused set remembers its own', () => {
  const first = planDeployment({ deployment: deployment(), sets: [set('v1', 10)], oldPodsRun: false });
  assert.equal(first.revision, '2');
  const back = planDeployment({ deployment: deployment({ image: 'v1' }), sets: [set('v1', 0), set('v2', 10)], oldPodsRun: false });
  assert.equal(back.revision, '3');
  const update = back.actions[0];
  assert.ok(update?.type === 'update');
  assert.equal(update.annotations[annotation.revision], '3');
  assert.equal(update.annotations[annotation.history], '1');
});

test('history beyond the limit is cleaned up once the rollout is complete', () => {
  const done = { replicas: 2, updatedReplicas: 2, availableReplicas: 2 };
  const d = deployment({ replicas: 2, image: 'v3', spec: { revisionHistoryLimit: 1 }, status: done });
  const sets = [set('v1', 0), set('v2', 0), set('v3', 2, { desired: 2, max: 5 })];
  assert.deepEqual(plan(d, sets), ['delete v1']);
});

test('limits: percentages round up for surge and down for unavailable; both zero becomes one unavailable', () => {
  const roll = (maxSurge: string | number, maxUnavailable: string | number) =>
    limits(deployment({ spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } } }));
  assert.deepEqual(roll('25%', '25%'), { surge: 3, unavailable: 2 });
  assert.deepEqual(roll(0, '1%'), { surge: 0, unavailable: 1 });
  assert.deepEqual(
    limits(
      deployment({ replicas: 1, spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } } } }),
    ),
    { surge: 1, unavailable: 0 },
  );
});

test('proportional scaling never loses or invents a pod', () => {
  for (const replicas of [1, 5, 11, 15, 17, 40]) {
    const sizes = scaleSizes(deployment({ replicas }), set('v2', 5, { available: 0 }), [set('v1', 8)]);
    assert.equal(
      sizes.reduce((sum, size) => sum + size.replicas, 0),
      replicas + 3,
      String(replicas),
    );
  }
});

test('status: conditions follow the rollout', () => {
  const now = Date.parse('2026-01-03T00:00:00Z');
  const find = (status: Deployment['status'], type: string) => status.conditions?.find((condition) => condition.type === type);
  const d = deployment({ replicas: 2 });
  const created = deploymentStatus({
    deployment: d,
    newSet: set('v2', 2, { available: 0 }),
    sets: [set('v2', 2, { available: 0 })],
    newSetEvent: 'created',
    now,
  });
  assert.equal(find(created, 'Available')?.reason, 'MinimumReplicasAvailable');
  assert.equal(find(created, 'Progressing')?.reason, 'ReplicaSetUpdated');
  const complete = deploymentStatus({ deployment: { ...d, status: created }, newSet: set('v2', 2), sets: [set('v2', 2)], now: now + 5000 });
  assert.equal(find(complete, 'Progressing')?.reason, 'NewReplicaSetAvailable');
  assert.equal(isComplete(d, complete), true);
  const stuck = deploymentStatus({
    deployment: { ...d, status: created },
    newSet: set('v2', 2, { available: 0 }),
    sets: [set('v2', 2, { available: 0 })],
    now: now + 601_000,
  });
  assert.equal(find(stuck, 'Progressing')?.reason, 'ProgressDeadlineExceeded');
});
