// The scheduler on the real API: what the conformance tests of predicates do, and what goes wrong around it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  DeviceClasses,
  Events,
  Nodes,
  PersistentVolumeClaims,
  PersistentVolumes,
  Pods,
  ResourceClaims,
  ResourceSlices,
  StorageClasses,
} from '#api/refs.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { isNotFound } from '#api/status.ts';
import type { Plugin } from '#scheduler/framework.ts';
import { type Scheduler, startScheduler } from '#scheduler/scheduler.ts';
import { type ControllerBench, withControllers } from '../../support/controllers.ts';
import { createNodes, standInAgent } from '../../support/simplenodes.ts';
import { until } from '../../support/until.ts';

const limit = 60_000;
let bench: ControllerBench;
let scheduler: Scheduler;
let stopAgent: () => void;

/** A plugin with a fault: it breaks over pods that are called so. */
const faulty: Plugin = {
  name: 'Faulty',
  filter(info) {
    if (info.pod.metadata.labels?.['fault'] === 'yes') throw new Error('out of luck');
    return undefined;
  },
};

before(async () => {
  bench = await withControllers((deps) => {
    const adapt = (profile: Parameters<NonNullable<Parameters<typeof startScheduler>[0]['adapt']>>[0]) => ({
      ...profile,
      set: { ...profile.set, plugins: [...profile.set.plugins, faulty] },
    });
    scheduler = startScheduler({ ...deps, adapt });
    return [scheduler];
  });
  stopAgent = standInAgent(bench.client, bench.informers);
  await createNodes(bench.client, [
    { name: 'one', labels: { disk: 'ssd', zone: 'a' } },
    { name: 'two', labels: { zone: 'b' } },
  ]);
});
after(async () => {
  stopAgent();
  await bench[Symbol.asyncDispose]();
});

const pods = () => bench.client.resource(Pods);

async function create(name: string, spec: Draft<Pod['spec']> = {}, labels: Record<string, string> = {}): Promise<Pod> {
  const containers = [{ name: 'c', image: 'pause' }];
  return pods().create({ metadata: { name, labels }, spec: { containers, ...spec } }, { namespace: 'default' });
}

async function find(name: string): Promise<Pod | undefined> {
  return pods()
    .get(name, { namespace: 'default' })
    .catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
}

const bound = (name: string) =>
  until(
    `${name} is bound`,
    async () => {
      const pod = await find(name);
      return pod?.spec.nodeName ? pod : undefined;
    },
    limit,
  );

const refused = (name: string) =>
  until(
    `${name} is told why it waits`,
    async () => (await find(name))?.status.conditions?.find((item) => item.type === 'PodScheduled' && item.status === 'False'),
    limit,
  );

async function clear(...names: string[]): Promise<void> {
  for (const name of names) {
    await pods()
      .delete(name, { namespace: 'default', options: { gracePeriodSeconds: 0 } })
      .catch(() => undefined);
    await until(`${name} is gone`, async () => (await find(name)) === undefined, limit);
  }
}

async function eventOf(name: string, reason: string) {
  return until(
    `${reason} about ${name}`,
    async () => {
      const { items } = await bench.client.resource(Events).list({ namespace: 'default' });
      return items.find((item) => item.reason === reason && item.involvedObject.name === name);
    },
    limit,
  );
}

test('a node selector is respected: no node matches, then one does', async () => {
  await create('choosy', { nodeSelector: { label: 'nonempty' } });
  const condition = await refused('choosy');
  const message =
    "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";
  assert.equal(condition.message, message);
  assert.equal(condition.reason, 'Unschedulable');
  const event = await eventOf('choosy', 'FailedScheduling');
  assert.deepEqual([event.message, event.type, event.reportingComponent], [message, 'Warning', 'default-scheduler']);
  const [verdict] = scheduler.verdicts('default');
  assert.equal(verdict?.metadata.name, 'choosy');
  assert.deepEqual(
    verdict?.nodes.map(({ name, plugin, code }) => [name, plugin, code]),
    [
      ['one', 'NodeAffinity', 'UnschedulableAndUnresolvable'],
      ['two', 'NodeAffinity', 'UnschedulableAndUnresolvable'],
    ],
  );
  await bench.client.resource(Nodes).patch('two', { metadata: { labels: { label: 'nonempty' } } }, { type: 'merge' });
  assert.equal((await bound('choosy')).spec.nodeName, 'two');
  assert.equal((await eventOf('choosy', 'Scheduled')).message, 'Successfully assigned default/choosy to two');
  await until('the verdict is forgotten', () => scheduler.verdicts().length === 0, limit);
  await clear('choosy');
});

test('host ports conflict where one of the pods takes all addresses', async () => {
  const ports = (hostIP?: string) => [{ containerPort: 8080, hostPort: 54_322, protocol: 'TCP' as const, ...(hostIP ? { hostIP } : {}) }];
  const on = (hostIP?: string): Draft<Pod['spec']> => ({
    containers: [{ name: 'c', image: 'pause', ports: ports(hostIP) }],
    nodeSelector: { disk: 'ssd' },
  });
  await create('all', on());
  await bound('all');
  await create('local', on('127.0.0.1'));
  assert.match((await refused('local')).message ?? '', /1 node\(s\) didn't have free ports for the requested pod ports/);
  await clear('all');
  await bound('local');
  await clear('local');
});

test('pods of another scheduler are left alone, and count once they have a node', async () => {
  await create('foreign', { schedulerName: 'another', containers: [{ name: 'c', image: 'pause', resources: { requests: { cpu: '3' } } }] });
  await create('ours');
  await bound('ours');
  const foreign = await find('foreign');
  assert.equal(foreign?.spec.nodeName ?? '', '');
  assert.equal(foreign?.status.conditions, undefined);
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'foreign' }, target: { kind: 'Node', name: 'one' } };
  await pods().createSub('foreign', 'binding', binding, { namespace: 'default' });
  await bound('foreign');
  await until('the booking is known', () => bench.informers.of(Pods).lister.get('foreign', 'default')?.spec.nodeName === 'one', limit);
  await create('large', { containers: [{ name: 'c', image: 'pause', resources: { requests: { cpu: '3' } } }] });
  assert.equal((await bound('large')).spec.nodeName, 'two');
  await clear('foreign', 'ours', 'large');
});

test('a gated pod waits for its gates', async () => {
  await create('gated', { schedulingGates: [{ name: 'example.com/a' }, { name: 'example.com/b' }] });
  assert.equal((await refused('gated')).reason, 'SchedulingGated');
  await create('free');
  await bound('free');
  assert.equal((await find('gated'))?.spec.nodeName ?? '', '');
  await pods().patch('gated', { spec: { schedulingGates: null } }, { type: 'merge', namespace: 'default' });
  await bound('gated');
  await clear('gated', 'free');
});

test('a plugin that throws costs the pod its attempt, and nobody else anything', async () => {
  await create('unlucky', {}, { fault: 'yes' });
  const condition = await refused('unlucky');
  assert.deepEqual([condition.reason, condition.message], ['SchedulerError', 'out of luck']);
  await create('lucky');
  await bound('lucky');
  assert.equal(scheduler.health(), undefined);
  await pods().patch('unlucky', { metadata: { labels: { fault: null } } }, { type: 'merge', namespace: 'default' });
  await bound('unlucky');
  await clear('unlucky', 'lucky');
});

test('a burst never overbooks, and what did not fit follows when there is room', async () => {
  const cpu = (amount: string): Draft<Pod['spec']> => ({
    containers: [{ name: 'c', image: 'pause', resources: { requests: { cpu: amount } } }],
  });
  const names = Array.from({ length: 12 }, (_, i) => `burst-${i}`);
  await Promise.all(names.map((name) => create(name, cpu('1'))));
  const list = async () => (await pods().list({ namespace: 'default' })).items.filter((pod) => pod.metadata.name.startsWith('burst-'));
  const placed = async () => (await list()).filter((pod) => pod.spec.nodeName);
  await until('eight are placed', async () => (await placed()).length === 8, limit);
  await until(
    'four are told',
    async () => (await list()).filter((pod) => pod.status.conditions?.some((item) => item.reason === 'Unschedulable')).length === 4,
    limit,
  );
  for (const node of ['one', 'two']) assert.equal((await placed()).filter((pod) => pod.spec.nodeName === node).length, 4);
  const first = (await placed())[0]?.metadata.name ?? '';
  await clear(first);
  await until('one follows', async () => (await placed()).length === 8, limit);
  await clear(...names);
});

test('a node that goes away takes no more pods, and a new one is used at once', async () => {
  await createNodes(bench.client, [{ name: 'brief', labels: { brief: 'yes' } }]);
  await create('first', { nodeSelector: { brief: 'yes' } });
  await bound('first');
  await bench.client.resource(Nodes).delete('brief');
  await until('its end is known', () => bench.informers.of(Nodes).lister.get('brief') === undefined);
  await create('second', { nodeSelector: { brief: 'yes' } });
  await refused('second');
  await createNodes(bench.client, [{ name: 'fresh', labels: { brief: 'yes' } }]);
  assert.equal((await bound('second')).spec.nodeName, 'fresh');
  await clear('first', 'second');
  await bench.client.resource(Nodes).delete('fresh');
});

test('a claim that waits for a pod gets a volume that its node reaches', async () => {
  const { client } = bench;
  await client.resource(StorageClasses).create({
    metadata: { name: 'local' },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In' as const, values: ['b'] }] }] };
  const common = { accessModes: ['ReadWriteOnce' as const], storageClassName: 'local' };
  await client.resource(PersistentVolumes).create({
    metadata: { name: 'disk' },
    spec: { ...common, capacity: { storage: '1Gi' }, local: { path: '/mnt/disk' }, nodeAffinity: { required } },
  });
  await client.resource(PersistentVolumes).patch('disk', { status: { phase: 'Available' } }, { type: 'merge', subresource: 'status' });
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
  await create('reader', { volumes });
  assert.match((await refused('reader')).message ?? '', /^0\/2 nodes are available: persistentvolumeclaim "data" not found\. /);
  await client
    .resource(PersistentVolumeClaims)
    .create({ metadata: { name: 'data' }, spec: { ...common, resources: { requests: { storage: '1Gi' } } } }, { namespace: 'default' });
  // The scheduler reserves the volume; binding the claim to it is the volume controller's part, played here.
  await until(
    'the volume is reserved',
    async () => (await client.resource(PersistentVolumes).get('disk')).spec.claimRef?.name === 'data',
    limit,
  );
  assert.equal((await find('reader'))?.spec.nodeName ?? '', '');
  const body = { metadata: { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } }, spec: { volumeName: 'disk' } };
  await client.resource(PersistentVolumeClaims).patch('data', body, { type: 'merge', namespace: 'default' });
  assert.equal((await bound('reader')).spec.nodeName, 'two');
  await clear('reader');
});

test('a claim of a device is allocated with the node and reserved for the pod', async () => {
  const { client } = bench;
  const driver = 'gpu.example.com';
  const claims = [{ name: 'gpu', resourceClaimName: 'gpu' }];
  await create('worker', { resourceClaims: claims });
  assert.match((await refused('worker')).message ?? '', /resource claims are not known yet|resourceclaim.resource.k8s.io "gpu" not found/);
  await client
    .resource(DeviceClasses)
    .create({ metadata: { name: 'gpu' }, spec: { selectors: [{ cel: { expression: `device.driver == "${driver}"` } }] } });
  const exactly = { deviceClassName: 'gpu', selectors: [{ cel: { expression: `device.attributes["${driver}"].model == "big"` } }] };
  await client
    .resource(ResourceClaims)
    .create({ metadata: { name: 'gpu' }, spec: { devices: { requests: [{ name: 'r', exactly }] } } }, { namespace: 'default' });
  const slice = (nodeName: string, model: string) => ({
    metadata: { name: `gpus-${nodeName}` },
    spec: {
      driver,
      nodeName,
      pool: { name: nodeName, generation: 1, resourceSliceCount: 1 },
      devices: [{ name: 'g0', attributes: { model: { string: model } } }],
    },
  });
  await client.resource(ResourceSlices).create(slice('one', 'small'));
  await until('the pod is told', async () => (await refused('worker')).message?.includes('2 cannot allocate all claims'), limit);
  await client.resource(ResourceSlices).create(slice('two', 'big'));
  const pod = await bound('worker');
  assert.equal(pod.spec.nodeName, 'two');
  const claim = await client.resource(ResourceClaims).get('gpu', { namespace: 'default' });
  assert.deepEqual(claim.status.allocation?.devices?.results, [{ request: 'r', driver, pool: 'two', device: 'g0' }]);
  assert.deepEqual(
    claim.status.reservedFor?.map(({ name, uid }) => [name, uid]),
    [['worker', pod.metadata.uid]],
  );
  assert.deepEqual(claim.metadata.finalizers, ['resource.kubernetes.io/delete-protection']);
  await create('second', { resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }] });
  assert.equal((await bound('second')).spec.nodeName, 'two');
  await clear('worker', 'second');
});
