// Gangs on the real API: all of them start, or none.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Pods } from '#api/refs.ts';
import { accessReviewEndpoints } from '#apiserver/authz/endpoints.ts';
import { createInformers } from '#client/informer.ts';
import type { Informers } from '#client/cache.ts';
import { Workloads } from '#scheduler/gangs.ts';
import { type Scheduler, startScheduler } from '#scheduler/scheduler.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { createNodes, standInAgent } from '../../support/simplenodes.ts';
import { until } from '../../support/until.ts';

const limit = 60_000;
let api: TestApi;
let informers: Informers;
let scheduler: Scheduler;
let stopAgent: () => void;

before(async () => {
  api = await startTestApi({
    config: { runtimeConfig: ['scheduling.k8s.io/v1alpha1'] },
    plugs: [(backend) => ({ resources: accessReviewEndpoints(backend) })],
  });
  informers = createInformers(api.client, api.world);
  scheduler = startScheduler({ client: api.client, informers, world: api.world, gangs: true });
  stopAgent = standInAgent(api.client, informers);
  informers.start();
  await scheduler.ready;
  await createNodes(api.client, [{ name: 'one' }, { name: 'two' }]);
  for (const name of ['a', 'b']) {
    const podGroups = [{ name: 'workers', policy: { gang: { minCount: 3 } } }];
    await api.client.resource(Workloads).create({ metadata: { name }, spec: { podGroups } }, { namespace: 'default' });
  }
});
after(async () => {
  stopAgent();
  await scheduler[Symbol.asyncDispose]();
  await informers[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

async function create(gang: string, i: number, cpu: string): Promise<void> {
  const containers = [{ name: 'c', image: 'pause', resources: { requests: { cpu } } }];
  const workloadRef = { name: gang, podGroup: 'workers' };
  await api.client
    .resource(Pods)
    .create({ metadata: { name: `${gang}-${i}`, labels: { gang } }, spec: { containers, workloadRef } }, { namespace: 'default' });
}

const members = async (gang: string) =>
  (await api.client.resource(Pods).list({ namespace: 'default', labelSelector: `gang=${gang}` })).items;
const placed = async (gang: string) => (await members(gang)).filter((pod) => pod.spec.nodeName).length;

test('a gang waits until it is whole, and starts only when there is room for all', async () => {
  // Each node takes one pod of three CPUs: two of three would fit.
  await create('a', 0, '3');
  await create('a', 1, '3');
  // Smaller pods of the other gang, complete: they have all the room while the first gang is not whole.
  for (let i = 0; i < 3; i++) await create('b', i, '2');
  await until('the second gang runs', async () => (await placed('b')) === 3, limit);
  assert.equal(await placed('a'), 0);
  await create('a', 2, '3');
  await until(
    'the first gang is told',
    async () => (await members('a')).some((pod) => pod.status.conditions?.some((item) => item.reason === 'Unschedulable')),
    limit,
  );
  assert.equal(await placed('a'), 0);
  for (const pod of await members('b'))
    await api.client.resource(Pods).delete(pod.metadata.name, { namespace: 'default', options: { gracePeriodSeconds: 0 } });
  // Two nodes are too few for three; with a third one all of them start.
  await createNodes(api.client, [{ name: 'three' }]);
  await until('the first gang runs', async () => (await placed('a')) === 3, limit);
});
