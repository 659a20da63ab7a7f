// Claims and volumes against the real API server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Draft } from '#api/object.ts';
import {
  CSIDrivers,
  Events,
  Nodes,
  PersistentVolumeClaims,
  PersistentVolumes,
  Pods,
  ResourceClaims,
  ResourceClaimTemplates,
  StorageClasses,
  VolumeAttachments,
  VolumeAttributesClasses,
} from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import { startAttachDetachController } from '#controllers/attachdetach/controller.ts';
import { startEphemeralVolumeController } from '#controllers/ephemeralvolume/controller.ts';
import { startGarbageCollector } from '#controllers/garbagecollector/controller.ts';
import { startResourceClaimController } from '#controllers/resourceclaim/controller.ts';
import { startVolumeBinder } from '#controllers/volumebinder/controller.ts';
import { startClassProtection, startVolumeProtection } from '#controllers/volumeprotection/controller.ts';
import { type ControllerBench, withControllers } from '../../support/controllers.ts';
import { until } from '../../support/until.ts';

const namespace = 'default';
const limit = 60_000;
let bench: ControllerBench;

before(async () => {
  bench = await withControllers((deps) => [
    startVolumeBinder(deps),
    startVolumeProtection(deps, deps),
    startClassProtection(deps),
    startEphemeralVolumeController(deps),
    startAttachDetachController(deps),
    startResourceClaimController(deps),
    startGarbageCollector(deps),
  ]);
});
after(() => bench[Symbol.asyncDispose]());

const volumes = () => bench.client.resource(PersistentVolumes);
const claims = () => bench.client.resource(PersistentVolumeClaims);
const volume = (name: string, spec: Draft<PersistentVolume['spec']> = {}) =>
  volumes().create({
    metadata: { name },
    spec: { capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tmp/x' }, storageClassName: name, ...spec },
  } as Draft<PersistentVolume>);
const claim = (name: string, spec: Draft<PersistentVolumeClaim['spec']> = {}) =>
  claims().create({
    metadata: { name, namespace },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: name, ...spec },
  } as Draft<PersistentVolumeClaim>);
const volumeIs = (name: string, phase: string) =>
  until(`volume ${name} is ${phase}`, async () => (await volumes().get(name)).status.phase === phase, limit);
const claimIs = (name: string, phase: string) =>
  until(
    `claim ${name} is ${phase}`,
    async () => {
      const found = await claims().get(name, { namespace });
      return found.status.phase === phase && found;
    },
    limit,
  );
const gone = (get: () => Promise<unknown>) => until('gone', () => get().then(() => false, isNotFound), limit);

test('a claim and a volume find each other, in either order; what is used stays until it is not', async () => {
  await volume('one');
  await volumeIs('one', 'Available');
  await claim('one');
  const bound = await claimIs('one', 'Bound');
  assert.equal(bound.spec.volumeName, 'one');
  assert.deepEqual(bound.status.capacity, { storage: '2Gi' });
  assert.equal(bound.metadata.annotations?.['pv.kubernetes.io/bind-completed'], 'yes');
  await volumeIs('one', 'Bound');
  const owned = await volumes().get('one');
  assert.equal(owned.spec.claimRef?.uid, bound.metadata.uid);

  await claim('two');
  await claimIs('two', 'Pending');
  await volume('two');
  await claimIs('two', 'Bound');

  const spec = {
    nodeName: 'n',
    containers: [{ name: 'c', image: 'x' }],
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'one' } }],
  };
  await bench.client.resource(Pods).create({ metadata: { name: 'user', namespace }, spec });
  await until('seen', () => bench.informers.of(Pods).lister.get('user', namespace) !== undefined);
  await claims().delete('one', { namespace });
  await volumes().delete('one');
  assert.ok((await claims().get('one', { namespace })).metadata.deletionTimestamp, 'a pod uses it');
  await bench.client.resource(Pods).delete('user', { namespace, options: { gracePeriodSeconds: 0 } });
  await gone(() => claims().get('one', { namespace }));
  await gone(() => volumes().get('one'));

  await claims().delete('two', { namespace });
  await volumeIs('two', 'Released');
  await volumes().patch('two', { spec: { claimRef: null } }, { type: 'merge' });
  await volumeIs('two', 'Available');
});

test('a class of attributes stays while a claim names it', async () => {
  const classes = bench.client.resource(VolumeAttributesClasses);
  await classes.create({ metadata: { name: 'gold' }, driverName: 'd.example.com', parameters: { iops: '5' } });
  await claim('wants-gold', { volumeAttributesClassName: 'gold' });
  await until('the controller knows the claim', () => bench.informers.of(PersistentVolumeClaims).lister.get('wants-gold', namespace));
  await classes.delete('gold');
  assert.ok((await classes.get('gold')).metadata.deletionTimestamp, 'a claim names it');
  await claims().delete('wants-gold', { namespace });
  await gone(() => classes.get('gold'));
  await classes.create({ metadata: { name: 'silver' }, driverName: 'd.example.com', parameters: { iops: '1' } });
  await classes.delete('silver');
  await gone(() => classes.get('silver'));
});

test('only one of two claims gets the volume; the other waits for another', async () => {
  await claim('p', { storageClassName: 'shared' });
  await claim('q', { storageClassName: 'shared' });
  await volume('s1', { storageClassName: 'shared' });
  await volumeIs('s1', 'Bound');
  await until('one claim is bound, the other waits', async () => {
    const phases = await Promise.all(['p', 'q'].map(async (name) => (await claims().get(name, { namespace })).status.phase));
    return phases.toSorted().join() === 'Bound,Pending';
  });
  await volume('s2', { storageClassName: 'shared' });
  await claimIs('p', 'Bound');
  await claimIs('q', 'Bound');
});

test('classes: late binding, a provisioner from outside, a default that comes later', async () => {
  const classes = bench.client.resource(StorageClasses);
  await classes.create({ metadata: { name: 'late' }, provisioner: 'example.com/p', volumeBindingMode: 'WaitForFirstConsumer' });
  await claim('late');
  await volume('late');
  const told = (name: string, reason: string) =>
    until(
      `${reason} for ${name}`,
      async () => {
        const { items } = await bench.client.resource(Events).list({ namespace, fieldSelector: `involvedObject.name=${name}` });
        return items.find((event) => event.reason === reason);
      },
      limit,
    );
  assert.equal((await told('late', 'WaitForFirstConsumer')).message, 'waiting for first consumer to be created before binding');
  assert.equal((await claims().get('late', { namespace })).status.phase, 'Pending');
  await volumes().delete('late');
  await gone(() => volumes().get('late'));
  const annotations = { 'volume.kubernetes.io/selected-node': 'n' };
  await claims().patch('late', { metadata: { annotations } }, { type: 'merge', namespace });
  await told('late', 'ExternalProvisioning');
  const asked = await claims().get('late', { namespace });
  assert.equal(asked.metadata.annotations?.['volume.kubernetes.io/storage-provisioner'], 'example.com/p');
  const claimRef = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', name: 'late', namespace, uid: asked.metadata.uid ?? '' };
  await volume('pvc-late', { storageClassName: 'late', claimRef });
  assert.equal((await claimIs('late', 'Bound')).spec.volumeName, 'pvc-late');

  await claim('plain', { storageClassName: undefined as unknown as string });
  await claimIs('plain', 'Pending');
  await classes.create({
    metadata: { name: 'std', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'example.com/p',
  });
  await until('the class', async () => (await claims().get('plain', { namespace })).spec.storageClassName === 'std', limit);
});

test('a claim whose volume was taken away is lost', async () => {
  await volume('lost');
  await claim('lost');
  await claimIs('lost', 'Bound');
  await volumes().patch('lost', { metadata: { finalizers: null } }, { type: 'merge' });
  await volumes().delete('lost');
  // The finalizer is put back by the controller that protects volumes; it is forced out as an administrator would.
  await until(
    'taken away',
    async () => {
      await volumes()
        .patch('lost', { metadata: { finalizers: null } }, { type: 'merge' })
        .catch(() => undefined);
      return volumes()
        .get('lost')
        .then(() => false, isNotFound);
    },
    limit,
  );
  await claimIs('lost', 'Lost');
});

const container = { name: 'c', image: 'x' };
const force = { namespace, options: { gracePeriodSeconds: 0 } };

test('an ephemeral volume gets a claim that goes with its pod', async () => {
  const volumeClaimTemplate = {
    metadata: { labels: { a: 'b' } },
    spec: { accessModes: ['ReadWriteOnce' as const], storageClassName: 'none', resources: { requests: { storage: '1Gi' } } },
  };
  const pod = await bench.client.resource(Pods).create({
    metadata: { name: 'scratchy', namespace },
    spec: { containers: [container], volumes: [{ name: 'tmp', ephemeral: { volumeClaimTemplate } }] },
  });
  const made = await until(
    'the claim',
    () =>
      claims()
        .get('scratchy-tmp', { namespace })
        .catch(() => undefined),
    limit,
  );
  assert.equal(made.metadata.ownerReferences?.[0]?.uid, pod.metadata.uid);
  assert.deepEqual(made.metadata.labels, { a: 'b' });
  assert.equal(made.spec.storageClassName, 'none');
  await bench.client.resource(Pods).delete('scratchy', force);
  await gone(() => claims().get('scratchy-tmp', { namespace }));
});

test('volumes of drivers that attach are attached to the nodes of their pods, and detached when nothing uses them', async () => {
  const { client } = bench;
  const attachments = () => client.resource(VolumeAttachments).list();
  const driver = 'csi.example.com';
  await client.resource(CSIDrivers).create({ metadata: { name: driver }, spec: { attachRequired: true } });
  await client.resource(CSIDrivers).create({ metadata: { name: 'local.example.com' }, spec: { attachRequired: false } });
  await client.resource(Nodes).create({ metadata: { name: 'n1' } });
  for (const [name, by] of [
    ['remote', driver],
    ['near', 'local.example.com'],
  ] as const) {
    await volume(name, { hostPath: undefined as never, csi: { driver: by, volumeHandle: `h-${name}` } });
    await claim(name);
    await claimIs(name, 'Bound');
  }
  const volumesOf = ['remote', 'near'].map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
  await client
    .resource(Pods)
    .create({ metadata: { name: 'user', namespace }, spec: { nodeName: 'n1', containers: [container], volumes: volumesOf } });
  const [made] = await until('attachment', async () => {
    const { items } = await attachments();
    return items.length > 0 && items;
  });
  assert.match(made?.metadata.name ?? '', /^csi-[0-9a-f]{64}$/);
  assert.deepEqual([made?.spec.attacher, made?.spec.nodeName, made?.spec.source.persistentVolumeName], [driver, 'n1', 'remote']);
  assert.equal((await attachments()).items.length, 1);
  await client
    .resource(VolumeAttachments)
    .patch(made?.metadata.name ?? '', { status: { attached: true } }, { type: 'merge', subresource: 'status' });
  const attached = async () => (await client.resource(Nodes).get('n1')).status.volumesAttached?.map(({ name }) => name).join();
  await until('told', async () => (await attached()) === `kubernetes.io/csi/${driver}^h-remote`, limit);
  const inUse = (list: readonly string[]) =>
    client.resource(Nodes).patch('n1', { status: { volumesInUse: list } }, { type: 'merge', subresource: 'status' });
  await inUse([`kubernetes.io/csi/${driver}^h-remote`]);
  await until('seen', () => (bench.informers.of(Nodes).lister.get('n1')?.status.volumesInUse?.length ?? 0) > 0);
  await client.resource(Pods).delete('user', force);
  await until('gone from the cache', () => bench.informers.of(Pods).lister.get('user', namespace) === undefined);
  assert.equal((await attachments()).items.length, 1, 'the node still uses it');
  await inUse([]);
  await until('detached', async () => (await attachments()).items.length === 0, limit);
  await until('told again', async () => ((await attached()) ?? '') === '', limit);
});

test('claims for devices are made by template, told in the pod, and freed when it has ended', async () => {
  const { client } = bench;
  const resourceClaims = client.resource(ResourceClaims);
  const request = { name: 'r', exactly: { deviceClassName: 'gpu' } };
  const pod = await client.resource(Pods).create({
    metadata: { name: 'renderer', namespace },
    spec: { containers: [container], resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'one-gpu' }] },
  });
  await client
    .resource(ResourceClaimTemplates)
    .create({ metadata: { name: 'one-gpu', namespace }, spec: { spec: { devices: { requests: [request] } } } });
  const told = await until(
    'told',
    async () => (await client.resource(Pods).get('renderer', { namespace })).status.resourceClaimStatuses?.[0],
    limit,
  );
  assert.match(told.resourceClaimName ?? '', /^renderer-gpu-/);
  const name = told.resourceClaimName ?? '';
  const made = await resourceClaims.get(name, { namespace });
  assert.equal(made.metadata.annotations?.['resource.kubernetes.io/pod-claim-name'], 'gpu');
  assert.equal(made.metadata.ownerReferences?.[0]?.uid, pod.metadata.uid);
  assert.equal((await resourceClaims.list({ namespace })).items.length, 1);
  const held = { metadata: { finalizers: ['resource.kubernetes.io/delete-protection'] } };
  await resourceClaims.patch(name, held, { type: 'merge', namespace });
  const reservedFor = [{ resource: 'pods', name: 'renderer', uid: pod.metadata.uid ?? '' }];
  const status = { allocation: {}, reservedFor };
  await resourceClaims.patch(name, { status }, { type: 'merge', subresource: 'status', namespace });
  await client.resource(Pods).patch('renderer', { status: { phase: 'Succeeded' } }, { type: 'merge', subresource: 'status', namespace });
  await gone(() => resourceClaims.get(name, { namespace }));
});

test('a volume that was meant for a claim which has another is free again', async () => {
  await volume('taken');
  await claim('taken');
  const { uid } = (await claimIs('taken', 'Bound')).metadata;
  await volumes().create({
    metadata: { name: 'spare', annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } },
    spec: {
      capacity: { storage: '2Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/tmp/x' },
      storageClassName: 'taken',
      claimRef: { kind: 'PersistentVolumeClaim', name: 'taken', namespace, uid },
    },
  } as Draft<PersistentVolume>);
  await volumeIs('spare', 'Available');
  const { metadata, spec } = await volumes().get('spare');
  assert.deepEqual([spec.claimRef, metadata.annotations?.['pv.kubernetes.io/bound-by-controller']], [undefined, undefined]);
  assert.equal((await claimIs('taken', 'Bound')).spec.volumeName, 'taken');
});

test('a volume is released although its claim went before it knew of it', async () => {
  // Bound by nobody: its class has no such volume, and it names none.
  const { metadata } = await claim('early', { storageClassName: 'none' });
  await claimIs('early', 'Pending');
  const claimRef = { kind: 'PersistentVolumeClaim', name: 'early', namespace, uid: metadata.uid };
  await volume('meant', { storageClassName: 'other', claimRef, volumeMode: 'Block' });
  await claims().delete('early', { namespace });
  await volumeIs('meant', 'Released');
});
