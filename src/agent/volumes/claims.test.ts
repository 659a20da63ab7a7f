import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { claimNameOf, claimProblem, volumeProblem } from './claims.ts';

const pod = { metadata: { name: 'p', namespace: 'ns', uid: 'u' }, spec: {} } as Pod;
const named = { name: 'v', persistentVolumeClaim: { claimName: 'c' } };
const ephemeral = { name: 'v', ephemeral: {} };
const claim = (more: object = {}): PersistentVolumeClaim =>
  ({ metadata: { name: 'p-v', namespace: 'ns', uid: 'cu' }, spec: { volumeName: 'pv' }, status: { phase: 'Bound' }, ...more }) as never;

test('the claim of a volume', () => {
  assert.equal(claimNameOf(pod, named), 'c');
  assert.equal(claimNameOf(pod, ephemeral), 'p-v');
  assert.equal(claimNameOf(pod, { name: 'v', emptyDir: {} }), undefined);
});

test('what keeps a claim from being used', () => {
  const owner = (uid: string, controller = true): object => ({
    metadata: { name: 'p-v', namespace: 'ns', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid, controller }] },
  });
  const cases: [object, PersistentVolumeClaim, string | undefined][] = [
    [named, claim(), undefined],
    [named, claim({ status: { phase: 'Pending' } }), 'PVC is not bound'],
    [named, claim({ spec: {} }), 'PVC is not bound'],
    [named, claim({ metadata: { name: 'c', deletionTimestamp: 't' } }), 'PVC is being deleted'],
    [ephemeral, claim(), 'PVC ns/p-v was not created for pod ns/p (pod is not owner)'],
    [ephemeral, claim(owner('other')), 'PVC ns/p-v was not created for pod ns/p (pod is not owner)'],
    [ephemeral, claim(owner('u', false)), 'PVC ns/p-v was not created for pod ns/p (pod is not owner)'],
    [ephemeral, claim(owner('u')), undefined],
  ];
  for (const [volume, object, expected] of cases) assert.equal(claimProblem(pod, volume as typeof named, object), expected);
});

test("what keeps a volume from being the claim's", () => {
  const volume = (claimRef?: object): PersistentVolume => ({ metadata: { name: 'pv' }, spec: { claimRef } }) as PersistentVolume;
  assert.equal(volumeProblem(claim(), volume({ uid: 'cu' })), undefined);
  assert.match(volumeProblem(claim(), volume()) ?? '', /claimRef is nil/);
  assert.match(volumeProblem(claim(), volume({ uid: 'other' })) ?? '', /does not match/);
});
