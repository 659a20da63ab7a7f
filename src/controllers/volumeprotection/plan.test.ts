import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { claimKeysOf, claimProtection, classNamesOf, isClaimInUse, planProtection } from './plan.ts';

const pod = (nodeName?: string): Pod =>
  ({
    metadata: { name: 'p', namespace: 'ns' },
    spec: {
      ...(nodeName ? { nodeName } : {}),
      containers: [],
      volumes: [
        { name: 'a', persistentVolumeClaim: { claimName: 'data' } },
        { name: 'scratch', ephemeral: {} },
        { name: 'e', emptyDir: {} },
      ],
    },
    status: {},
  }) as unknown as Pod;

test('claims of a pod are those that it names and those made for it', () => {
  assert.deepEqual(claimKeysOf(pod()), ['ns/data', 'ns/p-scratch']);
});

test('a claim keeps the class that it wants, the one that it has and the one that it is about to have', () => {
  const claim = (spec: object, status?: object) => classNamesOf({ metadata: { name: 'c' }, spec, status } as never);
  assert.deepEqual(claim({}), []);
  assert.deepEqual(claim({ volumeAttributesClassName: '' }), []);
  assert.deepEqual(claim({ volumeAttributesClassName: 'gold' }, { currentVolumeAttributesClassName: 'gold' }), ['gold']);
  const status = { currentVolumeAttributesClassName: 'silver', modifyVolumeStatus: { targetVolumeAttributesClassName: 'bronze' } };
  assert.deepEqual(claim({ volumeAttributesClassName: 'gold' }, status), ['gold', 'silver', 'bronze']);
});

test('only a pod with a node uses its claims', () => {
  assert.equal(isClaimInUse([]), false);
  assert.equal(isClaimInUse([pod()]), false);
  assert.equal(isClaimInUse([pod(), pod('n1')]), true);
});

const gone = '2026-01-01T00:00:00Z';
const cases = [
  { name: 'a new claim is protected', metadata: {}, inUse: false, next: [claimProtection] },
  { name: 'a protected one is left alone', metadata: { finalizers: [claimProtection] }, inUse: false, next: undefined },
  { name: 'a used one stays', metadata: { deletionTimestamp: gone, finalizers: [claimProtection] }, inUse: true, next: undefined },
  { name: 'an unused one goes', metadata: { deletionTimestamp: gone, finalizers: ['x', claimProtection] }, inUse: false, next: ['x'] },
  {
    name: 'what is going is not protected any more',
    metadata: { deletionTimestamp: gone, finalizers: ['x'] },
    inUse: false,
    next: undefined,
  },
];
for (const { name, metadata, inUse, next } of cases)
  test(name, () => assert.deepEqual(planProtection({ metadata: { name: 'c', ...metadata } }, claimProtection, inUse), next));
