// Preemption on a real node: what the scheduling conformance tests do, with containers that run and are stopped.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { Nodes, Pods, PriorityClasses } from '#api/refs.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { agnhost } from './support.ts';

const foo = 'scheduling.k8s.io/foo';
const limit = 60_000;
let cluster: TestCluster;

before(async () => {
  cluster = await startCluster();
  const { client, nodeName } = cluster;
  for (const [name, value] of Object.entries({ low: 1, high: 1000 }))
    await client.resource(PriorityClasses).create({ metadata: { name }, value });
  // Only the capacity is told: that pods may use it is the node's own conclusion.
  await client.resource(Nodes).patch(nodeName, { status: { capacity: { [foo]: '3' } } }, { type: 'strategic', subresource: 'status' });
  await until('the node offers it', async () => (await client.resource(Nodes).get(nodeName)).status.allocatable?.[foo] === '3', limit);
});
after(async () => cluster?.[Symbol.asyncDispose]());

async function create(name: string, priorityClassName: string, { namespace = 'default', finalizers = [] as string[] } = {}): Promise<void> {
  const resources = { requests: { [foo]: '2' }, limits: { [foo]: '2' } };
  await cluster.client.resource(Pods).create(
    {
      metadata: { name, finalizers },
      spec: {
        containers: [{ name: 'c', image: agnhost, args: ['pause'], resources }],
        priorityClassName,
        terminationGracePeriodSeconds: 1,
      },
    },
    { namespace },
  );
}

const find = async (name: string, namespace = 'default'): Promise<Pod | undefined> =>
  (await cluster.client.resource(Pods).list({ namespace })).items.find((pod) => pod.metadata.name === name);

const running = (name: string, namespace?: string) =>
  until(`${name} runs`, async () => (await find(name, namespace))?.status.phase === 'Running', limit);
const gone = (name: string, namespace?: string) => until(`${name} is gone`, async () => (await find(name, namespace)) === undefined, limit);

async function remove(name: string, namespace = 'default'): Promise<void> {
  await cluster.client.resource(Pods).delete(name, { namespace });
  await gone(name, namespace);
}

test('basic preemption, and preemption by a critical pod', async () => {
  await create('victim', 'low');
  await running('victim');
  await create('preemptor', 'high');
  await running('preemptor');
  assert.equal(await find('victim'), undefined);
  await create('critical', 'system-cluster-critical', { namespace: 'kube-system' });
  await running('critical', 'kube-system');
  assert.equal(await find('preemptor'), undefined);
  await remove('critical', 'kube-system');
});

test('the victim is told of its disruption before it goes', async () => {
  await create('victim', 'low', { finalizers: ['example.com/test'] });
  await running('victim');
  await create('preemptor', 'high');
  const victim = await until(
    'the victim is terminating',
    async () => {
      const pod = await find('victim');
      return pod?.metadata.deletionTimestamp === undefined ? undefined : pod;
    },
    limit,
  );
  const condition = victim.status.conditions?.find((item) => item.type === 'DisruptionTarget');
  assert.deepEqual([condition?.status, condition?.reason], ['True', 'PreemptionByScheduler']);
  await cluster.client.resource(Pods).patch('victim', { metadata: { finalizers: null } }, { type: 'merge', namespace: 'default' });
  await gone('victim');
  await running('preemptor');
  const described = await cluster.kubectl.ok('describe', 'pod', 'preemptor');
  assert.match(described, /FailedScheduling .*0\/1 nodes are available: 1 Insufficient scheduling\.k8s\.io\/foo\./);
  await remove('preemptor');
});
