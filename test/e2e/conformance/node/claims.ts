// Claims and drivers: persistent volumes of the node and of CSI drivers in pods, from the first mount to the last unmount.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import { attachmentName } from '#api/csi.ts';
import type { Draft } from '#api/object.ts';
import { CSIDrivers, CSINodes, Nodes, PersistentVolumeClaims, PersistentVolumes, Pods, Secrets, VolumeAttachments } from '#api/refs.ts';
import { startDriver, type TestDriver } from '../../../support/csidriver.ts';
import { until as wait } from '../../../support/until.ts';
import { busybox, inSpace, isReady, mounted, type Space, told } from '../support.ts';
import { cluster } from './cluster.ts';

const name = 'test.csi.example.com';

const storage = (size: string): object => ({ storage: size });

/** A volume and a claim that are made for each other. */
async function bind(space: Space, source: object, more: object = {}): Promise<string> {
  const { namespace } = space;
  const volume = `${namespace}-pv`;
  const common = { accessModes: ['ReadWriteOnce'], storageClassName: 'none', ...more };
  const claimRef = { namespace, name: 'claim' };
  const spec = { ...common, capacity: storage('1Gi'), claimRef, persistentVolumeReclaimPolicy: 'Retain', ...source };
  await cluster.client.resource(PersistentVolumes).create({ metadata: { name: volume }, spec } as Draft<PersistentVolume>);
  const wanted = { metadata: { name: 'claim' }, spec: { ...common, resources: { requests: storage('1Gi') }, volumeName: volume } };
  await space.create(PersistentVolumeClaims, wanted as Draft<PersistentVolumeClaim>);
  await space.until(PersistentVolumeClaims, 'claim', ({ status }) => status?.phase === 'Bound');
  return volume;
}

const claimed = { persistentVolumeClaim: { claimName: 'claim' } };
const mountsWith = (text: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(text));

/** Runs a pod that leaves a file in its volume, and another that reads it. */
async function keeps(space: Space): Promise<void> {
  for (const [pod, script] of [
    ['writer', 'echo kept > /v/file'],
    ['reader', 'cat /v/file'],
  ] as const) {
    const said = await space.output(mounted(pod, claimed, { at: '/v', container: { image: busybox, command: ['sh', '-c', script] } }));
    if (pod === 'reader') assert.equal(said, 'kept\n');
  }
}

export function volumesOfTheNode(): void {
  test('a path of the node keeps what pods leave in it', () =>
    inSpace(cluster, async (space) => {
      const path = `${cluster.dataDir}/${space.namespace}`;
      await bind(space, { hostPath: { path, type: 'DirectoryOrCreate' } });
      await keeps(space);
      assert.equal(await cluster.world.fs.readText(`${path}/file`), 'kept\n');
    }));

  test('a local directory', () =>
    inSpace(cluster, async (space) => {
      const path = `${cluster.dataDir}/${space.namespace}`;
      await cluster.world.fs.mkdir(path, 0o777);
      const terms = [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [cluster.nodeName] }] }];
      await bind(space, { local: { path }, nodeAffinity: { required: { nodeSelectorTerms: terms } } });
      await keeps(space);
    }));

  test('a volume that is made for its pod and goes with it', () =>
    inSpace(cluster, async (space) => {
      const path = `${cluster.dataDir}/${space.namespace}`;
      const common = { accessModes: ['ReadWriteOnce'], storageClassName: 'none' };
      const claimRef = { namespace: space.namespace, name: 'p-v' };
      const hostPath = { path, type: 'DirectoryOrCreate' };
      const spec = { ...common, capacity: storage('1Gi'), claimRef, persistentVolumeReclaimPolicy: 'Retain', hostPath };
      const volume = { metadata: { name: `${space.namespace}-pv` }, spec } as Draft<PersistentVolume>;
      await cluster.client.resource(PersistentVolumes).create(volume);
      const template = { metadata: { labels: { made: 'here' } }, spec: { ...common, resources: { requests: storage('1Gi') } } };
      await space.create(Pods, mounted('p', { ephemeral: { volumeClaimTemplate: template } }, { at: '/v' }));
      await space.until(Pods, 'p', isReady);
      assert.equal((await space.get(PersistentVolumeClaims, 'p-v')).metadata.labels?.['made'], 'here');
      await space.remove(Pods, 'p');
      await space.untilGone(PersistentVolumeClaims, 'p-v');
    }));

  test('a pod waits for a claim that is not there, and starts when it is', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, {
        ...mounted('p', claimed, { at: '/v' }),
        spec: { ...mounted('p', claimed, { at: '/v' }).spec, nodeName: cluster.nodeName } as never,
      });
      await told(space, 'FailedMount', /persistentvolumeclaims "claim" not found/);
      await bind(space, { hostPath: { path: `${cluster.dataDir}/${space.namespace}`, type: 'DirectoryOrCreate' } });
      await space.until(Pods, 'p', isReady);
    }));
}

export function drivers(): void {
  let driver: TestDriver;
  before(async () => {
    driver = await startDriver(cluster.world, { name, nodeDir: `${cluster.dataDir}/node`, store: `${cluster.dataDir}/store` });
    await wait('the driver is registered', () => driver.registered()?.pluginRegistered === true);
  });
  after(async () => driver?.[Symbol.asyncDispose]());

  const csi = (handle: string, more: object = {}): object => ({ csi: { driver: name, volumeHandle: handle, fsType: 'ext4', ...more } });

  test('a driver that registers is told of, and told', async () => {
    assert.deepEqual(driver.registered(), { pluginRegistered: true, error: '' });
    const entry = { name, nodeID: `id-of-${name}`, topologyKeys: [`topology.${name}/zone`], allocatable: { count: 7 } };
    const node = await wait('the node lists it', async () => {
      const now = await cluster.client.resource(CSINodes).get(cluster.nodeName);
      const mine = now.spec.drivers.filter((other) => other.name === name);
      return isDeepStrictEqual(mine, [entry]) && now;
    });
    const { metadata } = await wait('the node is in its zone', async () => {
      const now = await cluster.client.resource(Nodes).get(cluster.nodeName);
      return now.metadata.labels?.[`topology.${name}/zone`] === 'z1' && now;
    });
    assert.equal(JSON.parse(metadata.annotations?.['csi.volume.kubernetes.io/nodeid'] ?? '{}')[name], `id-of-${name}`);
    assert.equal(metadata.ownerReferences, undefined);
    assert.equal(node.metadata.ownerReferences?.[0]?.kind, 'Node');
  });

  test('a driver of another major version is refused', async () => {
    const nodeDir = `${cluster.dataDir}/node`;
    const old = { name: 'old.csi.example.com', nodeDir, store: `${cluster.dataDir}/store`, versions: ['0.3.0'] };
    await using other = await startDriver(cluster.world, old);
    await wait('it is refused', () => other.registered()?.pluginRegistered === false);
    assert.match(other.registered()?.error ?? '', /none of the versions \[0\.3\.0\]/);
  });

  test('a volume is staged once, published for each pod, and taken back when nobody uses it', () =>
    inSpace(cluster, async (space) => {
      const handle = `${space.namespace}-volume`;
      await bind(space, csi(handle, { volumeAttributes: { a: 'b' }, nodeStageSecretRef: { name: 's', namespace: space.namespace } }));
      await space.create(Secrets, { metadata: { name: 's' }, stringData: { key: 'word' } });
      for (const one of ['p1', 'p2'])
        await space.create(Pods, mounted(one, claimed, { at: '/v', spec: { ...volumeSpec, securityContext: { fsGroup: 77 } } }));
      const attachment = attachmentName({ driver: name, handle }, cluster.nodeName, cluster.world.digest);
      await attach(attachment, { publishedAs: 'disk-7' });
      for (const one of ['p1', 'p2']) await space.until(Pods, one, isReady);
      await space.exec('p1', 'sh', '-c', 'echo shared > /v/file');
      assert.equal(await space.exec('p2', 'cat', '/v/file'), 'shared\n');
      assert.equal((await cluster.world.fs.stat(`${cluster.dataDir}/store/${handle}`))?.gid, 77);

      const mine = (method: string) => driver.of(method).filter(({ request }) => request.volumeId === handle);
      assert.equal(mine('NodeStageVolume').length, 1);
      const [stage] = mine('NodeStageVolume');
      assert.deepEqual(stage?.request['secrets'], { key: 'word' });
      assert.deepEqual(stage?.request['publishContext'], { publishedAs: 'disk-7' });
      const [publish] = mine('NodePublishVolume');
      assert.ok(publish);
      assert.deepEqual(publish.request['volumeContext'], { a: 'b' });
      assert.deepEqual((publish.request['volumeCapability'] as { accessMode: object }).accessMode, { mode: 'SINGLE_NODE_WRITER' });
      const inUse = async (): Promise<readonly string[]> =>
        (await cluster.client.resource(Nodes).get(cluster.nodeName)).status?.volumesInUse ?? [];
      await wait('it is in use', async () => (await inUse()).includes(`kubernetes.io/csi/${name}^${handle}`));

      await space.remove(Pods, 'p1');
      await space.untilGone(Pods, 'p1');
      assert.equal(mine('NodeUnstageVolume').length, 0);
      assert.equal(await space.exec('p2', 'cat', '/v/file'), 'shared\n');
      driver.fail('NodeUnpublishVolume', 'the disk is busy');
      await space.remove(Pods, 'p2');
      await told(space, 'FailedUnMount', /the disk is busy/);
      assert.ok(await space.get(Pods, 'p2'));
      driver.fail('NodeUnpublishVolume', undefined);
      await space.untilGone(Pods, 'p2');
      await wait('it is staged no more', () => mine('NodeUnstageVolume').length === 1 && mountsWith(handle).length === 0);
      const attached = async (): Promise<unknown> =>
        await cluster.client
          .resource(VolumeAttachments)
          .get(attachment)
          .catch(() => undefined);
      await wait('it is detached', async () => (await attached()) === undefined);
      await wait('it is in use no more', async () => !(await inUse()).some((used) => used.includes(handle)));
      assert.equal(await cluster.world.fs.readText(`${cluster.dataDir}/store/${handle}/file`), 'shared\n');
    }));

  test('a volume grows while it is used', () =>
    inSpace(cluster, async (space) => {
      const handle = `${space.namespace}-volume`;
      const volume = await bind(space, csi(handle));
      // The resizer's part: the volume is larger than the claim shows.
      await cluster.client.resource(PersistentVolumes).patch(volume, { spec: { capacity: storage('2Gi') } }, { type: 'merge' });
      await space.create(Pods, mounted('p', claimed, { at: '/v' }));
      await attach(attachmentName({ driver: name, handle }, cluster.nodeName, cluster.world.digest), {});
      await space.until(Pods, 'p', isReady);
      const [expand] = driver.of('NodeExpandVolume').filter(({ request }) => request.volumeId === handle);
      assert.deepEqual(expand?.request['capacityRange'], { requiredBytes: 2 ** 31, limitBytes: 0 });
      await space.until(PersistentVolumeClaims, 'claim', ({ status }) => status?.capacity?.['storage'] === '2Gi');
    }));

  test('a volume that the pod describes itself, with what its driver asks about the pod', () =>
    inSpace(cluster, async (space) => {
      const inline = `inline-${space.namespace}.example.com`;
      const about = { name: inline, nodeDir: `${cluster.dataDir}/node`, store: `${cluster.dataDir}/store` };
      const spec = {
        volumeLifecycleModes: ['Ephemeral'],
        podInfoOnMount: true,
        tokenRequests: [{ audience: 'vault', expirationSeconds: 600 }],
      };
      await cluster.client.resource(CSIDrivers).create({ metadata: { name: inline }, spec });
      await space.create(Pods, mounted('p', { csi: { driver: inline, volumeAttributes: { size: '1' } } }, { at: '/v' }));
      await told(space, 'FailedMount', new RegExp(`driver name ${inline} not found in the list of registered CSI drivers`));
      await using other = await startDriver(cluster.world, about);
      await space.until(Pods, 'p', isReady);
      const [publish] = other.of('NodePublishVolume');
      assert.ok(publish);
      const { 'csi.storage.k8s.io/serviceAccount.tokens': tokens = '{}', ...context } = publish.request['volumeContext'] as Record<
        string,
        string
      >;
      const { uid } = (await space.get(Pods, 'p')).metadata;
      assert.deepEqual(context, {
        size: '1',
        'csi.storage.k8s.io/pod.name': 'p',
        'csi.storage.k8s.io/pod.namespace': space.namespace,
        'csi.storage.k8s.io/pod.uid': uid,
        'csi.storage.k8s.io/serviceAccount.name': 'default',
        'csi.storage.k8s.io/ephemeral': 'true',
      });
      assert.deepEqual(Object.keys(JSON.parse(tokens)), ['vault']);
      assert.equal(other.of('NodeStageVolume').length, 0);
      await space.remove(Pods, 'p');
      await space.untilGone(Pods, 'p');
      assert.equal(other.of('NodeUnpublishVolume').length, 1);
      await cluster.client.resource(CSIDrivers).delete(inline);
    }));
}

const volumeSpec = { volumes: [{ name: 'v', ...claimed }] };

/** What a driver's attacher does: says that the volume is attached, once somebody asks for it. */
async function attach(attachment: string, metadata: Record<string, string>): Promise<void> {
  const attachments = cluster.client.resource(VolumeAttachments);
  await wait('somebody wants it attached', async () => await attachments.get(attachment).catch(() => undefined));
  await attachments.patch(
    attachment,
    { status: { attached: true, attachmentMetadata: metadata } },
    { type: 'merge', subresource: 'status' },
  );
}
