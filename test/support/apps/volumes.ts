// Volumes on demand: the default storage class, and StatefulSets whose pods keep their data (the suite's StatefulSet tests
// that need a default class and a dynamic provisioner).
import assert from 'node:assert/strict';
import { Events, PersistentVolumeClaims, PersistentVolumes, Pods, Services, StatefulSets } from '#api/refs.ts';
import { isInvalid } from '#api/status.ts';
import { until } from '../until.ts';
import { busybox, type Ground, patched, patience, readyPods } from './ground.ts';

const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const told = async (ground: Ground, claim: string): Promise<readonly string[]> => {
  const { items } = await ground.of(Events).list({ namespace: ground.namespace, fieldSelector: `involvedObject.name=${claim}` });
  return items.map(({ reason }) => reason ?? '');
};

/** A claim without a class waits for a pod, gets a directory of its node, grows, and goes with all that is in it. */
export async function onDemand(ground: Ground): Promise<void> {
  await ground.create(PersistentVolumeClaims, { metadata: { name: 'data' }, spec: claimSpec } as never);
  await until('the claim waits', async () => (await told(ground, 'data')).includes('WaitForFirstConsumer'));
  const claim = await ground.get(PersistentVolumeClaims, 'data');
  assert.deepEqual([claim.spec.storageClassName, claim.status.phase], ['local-path', 'Pending']);
  const pod = (name: string, script: string, user: number) => ({
    metadata: { name },
    spec: {
      restartPolicy: 'Never',
      securityContext: { runAsUser: user },
      containers: [{ name: 'c', image: busybox, command: ['sh', '-c', script], volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
  });
  // Whoever runs in the pod may write.
  await ground.create(Pods, pod('writer', ground.real ? 'echo kept > /data/file' : 'true', 1000) as never);
  const writer = await ground.until(Pods, 'writer', ({ status }) => status.phase === 'Succeeded', patience);
  const bound = await ground.until(PersistentVolumeClaims, 'data', ({ status }) => status.phase === 'Bound');
  const name = bound.spec.volumeName ?? '';
  const volume = await ground.of(PersistentVolumes).get(name);
  assert.equal(name, `pvc-${claim.metadata.uid}`);
  assert.deepEqual([volume.status.phase, volume.spec.persistentVolumeReclaimPolicy], ['Bound', 'Delete']);
  assert.equal(volume.metadata.annotations?.['tutti.dev/local-path-node'], writer.spec.nodeName);
  // On a busy machine an attempt may have failed before, and been told too.
  for (const reason of ['Provisioning', 'ProvisioningSucceeded'])
    await until(`${reason} is told`, async () => (await told(ground, 'data')).includes(reason));
  const path = volume.spec.local?.path ?? '';
  assert.equal((await ground.cluster.world.fs.stat(path))?.kind, 'directory');
  await ground.create(Pods, pod('reader', ground.real ? 'test "$(cat /data/file)" = kept' : 'true', 2000) as never);
  const reader = await ground.until(Pods, 'reader', ({ status }) => status.phase === 'Succeeded', patience);
  assert.equal(reader.spec.nodeName, writer.spec.nodeName, 'pods follow the volume');

  await patched(ground, PersistentVolumeClaims, 'data', { spec: { resources: { requests: { storage: '2Gi' } } } });
  const grown = await ground.until(PersistentVolumeClaims, 'data', ({ status }) => status.capacity?.['storage'] === '2Gi');
  assert.deepEqual(grown.status.allocatedResources, { storage: '2Gi' });
  assert.equal((await ground.of(PersistentVolumes).get(name)).spec.capacity?.['storage'], '2Gi');
  await until('growing was told', async () => (await told(ground, 'data')).includes('VolumeResizeSuccessful'));
  await assert.rejects(
    patched(ground, PersistentVolumeClaims, 'data', { spec: { resources: { requests: { storage: '1Gi' } } } }),
    isInvalid,
  );

  for (const one of ['writer', 'reader']) await ground.remove(Pods, one, 0);
  await ground.remove(PersistentVolumeClaims, 'data');
  await ground.untilGone(PersistentVolumes, name, patience);
  assert.equal(await ground.cluster.world.fs.stat(path), undefined, 'the directory goes with the volume');
}

/** Every pod has a claim of its own, whose data outlives it; by policy the claims go with the set. */
export async function identity(ground: Ground): Promise<void> {
  const labels = { app: 'stateful' };
  const script = 'hostname >> /data/seen; trap "exit 0" TERM; while true; do sleep 1; done';
  const container = {
    command: ['sh', '-c', ground.real ? script : 'sleep infinity'],
    volumeMounts: [{ name: 'datadir', mountPath: '/data' }],
  };
  await ground.create(Services, { metadata: { name: 'stateful' }, spec: { clusterIP: 'None', selector: labels } } as never);
  await ground.create(StatefulSets, {
    metadata: { name: 'ss' },
    spec: {
      replicas: 2,
      serviceName: 'stateful',
      selector: { matchLabels: labels },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' },
      template: ground.template(labels, '1', { containers: [{ ...container, readinessProbe: null }] } as never),
      volumeClaimTemplates: [{ metadata: { name: 'datadir' }, spec: claimSpec }],
    },
  } as never);
  const first = await readyPods(ground, 'app=stateful', 2);
  const claims = async () => (await ground.list(PersistentVolumeClaims)).map(({ metadata, status }) => `${metadata.name} ${status.phase}`);
  await until(
    'both claims are bound',
    async () => (await claims()).toSorted().join() === 'datadir-ss-0 Bound,datadir-ss-1 Bound',
    patience,
  );
  const lived = async (name: string): Promise<string> => ground.exec(name, 'cat', '/data/seen').catch(() => '');
  if (ground.real) await until('the first life is written down', async () => (await lived('ss-1')) === 'ss-1\n', patience);
  await Promise.all(first.map(({ metadata }) => ground.remove(Pods, metadata.name)));
  const uids = new Set(first.map(({ metadata }) => metadata.uid));
  await until('pods are made again', async () => (await ground.list(Pods)).every(({ metadata }) => !uids.has(metadata.uid)), patience);
  await readyPods(ground, 'app=stateful', 2);
  if (ground.real) await until('both lives are written down', async () => (await lived('ss-1')) === 'ss-1\nss-1\n', patience);
  await ground.remove(StatefulSets, 'ss');
  await until('the claims are gone', async () => (await ground.list(PersistentVolumeClaims)).length === 0, patience);
}
