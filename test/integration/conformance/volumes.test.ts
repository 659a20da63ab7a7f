// Conformance of volumes without containers: claims and volumes live, change and go while the controllers bind them, and keep
// the status that a client writes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { PersistentVolumeClaims, PersistentVolumes, Pods } from '#api/refs.ts';
import { isAlreadyExists, isConflict } from '#api/status.ts';
import { at, type Suite, startSuite } from '../../support/suite.ts';
import { until } from '../../support/until.ts';

const namespace = 'default';
const limit = 120_000;
let suite: Suite;
before(async () => {
  suite = await startSuite(0);
});
after(async () => suite?.[Symbol.asyncDispose]());

const volumes = () => suite.client.resource(PersistentVolumes);
const claims = () => suite.client.resource(PersistentVolumeClaims);
const merge = { type: 'merge' } as const;
const status = { ...merge, subresource: 'status' } as const;

/** A volume of a driver that nobody runs, and a claim of the same class. */
async function create(className: string): Promise<{ volume: PersistentVolume; claim: PersistentVolumeClaim }> {
  const common = { accessModes: ['ReadWriteOnce'], storageClassName: className };
  const csi = { driver: `driver-${className}`, volumeHandle: 'e2e-conformance' };
  const wanted = {
    metadata: { generateName: `${className}-`, labels: { test: className } },
    spec: { ...common, capacity: { storage: '2Gi' }, csi },
  };
  const volume = await volumes().create(wanted as Draft<PersistentVolume>);
  const asked = { metadata: { generateName: 'pvc-' }, spec: { ...common, resources: { requests: { storage: '2Gi' } } } };
  const claim = await claims().create(asked as Draft<PersistentVolumeClaim>, { namespace });
  return { volume, claim };
}

/** Changes the newest version until nobody else was quicker, as clients do. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

test('the life of a volume and its claim', async () => {
  const first = await create('life');
  const { name } = first.volume.metadata;
  const own = first.claim.metadata.name;
  const newer = (after: { metadata: { resourceVersion?: string } }, before: { metadata: { resourceVersion?: string } }): boolean =>
    Number(after.metadata.resourceVersion) > Number(before.metadata.resourceVersion);
  const strategic = { type: 'strategic' } as const;
  const patched = await volumes().patch(name, { metadata: { labels: { [name]: 'patched' } } }, strategic);
  assert.ok(patched.metadata.labels?.[name] === 'patched' && newer(patched, first.volume));
  const patchedClaim = await claims().patch(own, { metadata: { labels: { [own]: 'patched' } } }, { ...strategic, namespace });
  assert.ok(patchedClaim.metadata.labels?.[own] === 'patched' && newer(patchedClaim, first.claim));
  assert.equal((await volumes().list({ labelSelector: 'test=life' })).items.length, 1);

  await claims().delete(own, { namespace });
  await until('the claim is gone', async () => (await claims().list({ namespace })).items.length === 0, limit);
  await volumes().delete(name);
  await until('the volume is gone', async () => (await volumes().list({ labelSelector: 'test=life' })).items.length === 0, limit);

  const second = await create('life');
  const [volume, claim] = [second.volume.metadata.name, second.claim.metadata.name];
  const updated = await retried(async () => {
    const now = await volumes().get(volume);
    return await volumes().update({ ...now, metadata: { ...now.metadata, labels: { ...now.metadata.labels, [volume]: 'updated' } } });
  });
  assert.equal(updated.metadata.labels?.[volume], 'updated');
  await retried(async () => {
    const now = await claims().get(claim, { namespace });
    return await claims().update({ ...now, metadata: { ...now.metadata, labels: { [claim]: 'updated' } } }, { namespace });
  });
  assert.equal((await claims().list({ labelSelector: `${claim}=updated` })).items.length, 1);
  await claims().deleteCollection({ namespace, labelSelector: `${claim}=updated` });
  await until('the claim is gone', async () => (await claims().list({ namespace })).items.length === 0, limit);
  await volumes().deleteCollection({ labelSelector: `${volume}=updated` });
  await until('the volume is gone', async () => (await volumes().list({ labelSelector: 'test=life' })).items.length === 0, limit);
});

// Conformance: [sig-storage] PersistentVolumes CSI Conformance should apply changes to a pv/pvc status [Conformance]
test('what a client writes into a status stays, whatever the controllers do', async () => {
  const { volume, claim } = await create('status');
  const [name, own] = [volume.metadata.name, claim.metadata.name];
  const read = await suite.dynamic.resource(PersistentVolumeClaims).get(own, { namespace, subresource: 'status' });
  assert.ok(read.status?.phase === 'Pending' || read.status?.phase === 'Bound');
  assert.match((await volumes().get(name, { subresource: 'status' })).status?.phase ?? '', /^(Available|Bound|Pending)$/);
  const condition = (type: string, reason: string) => ({ type, status: 'True', reason, message: 'Set from e2e test' });
  const conditions = [condition('StatusPatched', 'E2E patchedStatus')];
  const patched = await claims().patch(own, { status: { conditions } }, { ...status, namespace });
  assert.deepEqual(
    patched.status?.conditions?.map(({ type, reason }) => [type, reason]),
    [['StatusPatched', 'E2E patchedStatus']],
  );
  const told = await volumes().patch(name, { status: { message: 'StatusPatched', reason: 'E2E patchStatus' } }, status);
  assert.deepEqual([told.status?.reason, told.status?.message], ['E2E patchStatus', 'StatusPatched']);
  const updated = await retried(async () => {
    const now = await claims().get(own, { namespace });
    const more = [...(now.status?.conditions ?? []), condition('StatusUpdated', 'E2E updateStatus')] as typeof now.status.conditions;
    return await claims().updateStatus({ ...now, status: { ...now.status, conditions: more } }, { namespace });
  });
  assert.ok(updated.status?.conditions?.some(({ type }) => type === 'StatusUpdated'));
  const last = await retried(async () => {
    const now = await volumes().get(name);
    return await volumes().updateStatus({ ...now, status: { ...now.status, reason: 'E2E updateStatus', message: 'StatusUpdated' } });
  });
  assert.deepEqual([last.status?.reason, last.status?.message], ['E2E updateStatus', 'StatusUpdated']);
  await until('they are bound', async () => (await claims().get(own, { namespace })).status?.phase === 'Bound', limit);
  const bound = await claims().get(own, { namespace });
  assert.deepEqual(bound.status?.conditions?.map(({ type }) => type).sort(), ['StatusPatched', 'StatusUpdated']);
  // What a spec says is not for the status to change, and the other way round.
  const tried = await claims().patch(own, { spec: { volumeName: 'other' }, status: { phase: 'Lost' } }, { ...status, namespace });
  assert.equal(tried.spec?.volumeName, name);
});

// Conformance: [sig-storage] CSIInlineVolumes should support CSIVolumeSource in Pod API [Conformance]
test('pods may describe volumes of drivers', () =>
  suite.inNamespace('csiinlinevolumes', async (own) => {
    const pods = at(suite.client, Pods, own);
    const name = 'pod-csi-inline-volumes';
    const csi = [{ driver: 'e2e.example.com' }, { driver: 'e2e.example.com', fsType: 'ext4', readOnly: true }];
    const volumeMounts = csi.map((_, i) => ({ name: `csi-inline-vol${i}`, mountPath: `/mnt/vol${i}` }));
    const wanted = {
      metadata: { name },
      spec: {
        volumes: csi.map((source, i) => ({ name: `csi-inline-vol${i}`, csi: source })),
        containers: [{ name, image: 'busybox', command: ['sh', '-c', 'ls /mnt/*'], volumeMounts }],
      },
    } as Draft<Pod>;
    const made = await pods.create(wanted);
    await assert.rejects(pods.create(wanted), isAlreadyExists);
    const read = await pods.get(name);
    assert.equal(read.metadata.uid, made.metadata.uid);
    assert.deepEqual(
      read.spec.volumes?.filter((volume) => volume.csi).map((volume) => volume.csi),
      csi,
    );
    assert.equal((await pods.list()).items.length, 1);
    const patched = await pods.patch(name, 'merge', { metadata: { annotations: { patched: 'true' } } });
    assert.equal(patched.metadata.annotations?.['patched'], 'true');
    await pods.remove(name);
    const left = await pods.find(name);
    assert.ok(left === undefined || left.metadata.deletionTimestamp);
  }));
