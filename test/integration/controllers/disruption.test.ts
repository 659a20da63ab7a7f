// Disruption budgets and evictions against the real API server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PodDisruptionBudget } from '#api/policy/v1/poddisruptionbudget.ts';
import type { Draft } from '#api/object.ts';
import { Deployments, PodDisruptionBudgets, Pods } from '#api/refs.ts';
import type { StatusError } from '#api/status.ts';
import { startDeploymentController } from '#controllers/deployment/controller.ts';
import { startDisruptionController } from '#controllers/disruption/controller.ts';
import { startReplicaSetController } from '#controllers/replicaset/controller.ts';
import { startScheduler } from '#scheduler/scheduler.ts';
import { type ControllerBench, withControllers } from '../../support/controllers.ts';
import { addNode, startPretendNode } from '../../support/pretend.ts';
import { until } from '../../support/until.ts';

const namespace = 'default';
const limit = 60_000;
let bench: ControllerBench;
const unready = new Set<string>();

before(async () => {
  bench = await withControllers((deps) => [
    startScheduler(deps),
    startDeploymentController(deps),
    startReplicaSetController(deps),
    startDisruptionController(deps),
    startPretendNode(deps, { ready: (pod) => !unready.has(pod.metadata.name) }),
  ]);
  await addNode(bench.client, 'n1');
});
after(() => bench[Symbol.asyncDispose]());

const budgets = () => bench.client.resource(PodDisruptionBudgets);
const pods = () => bench.client.resource(Pods);
const spec = { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'x' }] };
const pod = (name: string, app: string) => pods().create({ metadata: { name, namespace, labels: { app } }, spec });
const budget = (name: string, spec: Draft<PodDisruptionBudget['spec']>) =>
  budgets().create({
    metadata: { name, namespace },
    spec: { selector: { matchLabels: { app: name } }, ...spec },
  } as Draft<PodDisruptionBudget>);
const allowed = (name: string, count: number) =>
  until(
    `${name} allows ${count}`,
    async () => {
      const found = await budgets().get(name, { namespace });
      return found.status.observedGeneration === found.metadata.generation && found.status.disruptionsAllowed === count && found;
    },
    limit,
  );
const evict = (name: string) =>
  pods().createSub(name, 'eviction', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } }, { namespace });
const present = async (app: string) => (await pods().list({ namespace, labelSelector: `app=${app}` })).items.length;

test('an eviction is blocked until the budget allows it', async () => {
  await budget('guard', { minAvailable: 3 });
  for (const name of ['g1', 'g2', 'g3']) await pod(name, 'guard');
  await until('healthy', async () => (await budgets().get('guard', { namespace })).status.currentHealthy === 3, limit);
  await assert.rejects(evict('g1'), ({ code, status, message }: StatusError) => {
    assert.equal(code, 429);
    assert.equal(message, "Cannot evict pod as it would violate the pod's disruption budget.");
    assert.deepEqual(status.details?.causes, [
      { reason: 'DisruptionBudget', message: 'The disruption budget guard needs 3 healthy pods and has 3 currently' },
    ]);
    return true;
  });
  await budgets().patch('guard', { spec: { minAvailable: 2 } }, { type: 'merge', namespace });
  const { status } = await allowed('guard', 1);
  assert.equal(status.conditions?.[0]?.reason, 'SufficientPods');
  const marked = new Promise<string | undefined>((resolve) => {
    const stop = bench.informers.of(Pods).onChange({
      updated: ({ metadata, status: { conditions } }) => {
        const reason = conditions?.find(({ type }) => type === 'DisruptionTarget')?.reason;
        if (metadata.name !== 'g1' || reason === undefined) return;
        stop();
        resolve(reason);
      },
    });
  });
  await evict('g1');
  assert.equal(await marked, 'EvictionByEvictionAPI');
  await until('gone', async () => (await present('guard')) === 2, limit);
  await allowed('guard', 0);
  await assert.rejects(evict('g2'), ({ code }: StatusError) => code === 429);
  await budgets().delete('guard', { namespace });
  await evict('g2');
  await until('gone too', async () => (await present('guard')) === 1, limit);
});

test('evictions at the same time do not overspend', async () => {
  await budget('race', { minAvailable: 2 });
  for (const name of ['r1', 'r2', 'r3', 'r4']) await pod(name, 'race');
  await allowed('race', 2);
  const results = await Promise.allSettled(['r1', 'r2', 'r3', 'r4'].map(evict));
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 2);
  await until('two are left', async () => (await present('race')) === 2, limit);
});

test('maxUnavailable counts what the Deployment wants', async () => {
  const labels = { app: 'share' };
  await bench.client.resource(Deployments).create({
    metadata: { name: 'share', namespace },
    spec: { replicas: 4, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  });
  await budget('share', { maxUnavailable: '50%' });
  const { status } = await allowed('share', 2);
  assert.deepEqual([status.expectedPods, status.desiredHealthy, status.currentHealthy], [4, 2, 4]);
  await bench.client.resource(Deployments).patch('share', { spec: { replicas: 2 } }, { type: 'merge', namespace });
  await until('less is wanted', async () => (await budgets().get('share', { namespace })).status.expectedPods === 2, limit);
  await allowed('share', 1);
});

test('pods that do not serve may go by the policy', async () => {
  for (const name of ['u1', 'u2']) unready.add(name);
  await budget('sick', { minAvailable: 1 });
  await budget('always', { minAvailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
  await pod('u1', 'sick');
  await pod('u2', 'always');
  await until(
    'both run',
    async () => {
      const list = await Promise.all(['u1', 'u2'].map((name) => pods().get(name, { namespace })));
      return list.every(({ status }) => status.phase === 'Running');
    },
    limit,
  );
  await allowed('sick', 0);
  await allowed('always', 0);
  await assert.rejects(evict('u1'), ({ code }: StatusError) => code === 429);
  await evict('u2');
  await until('gone', async () => (await present('always')) === 0, limit);
});

test('a pod that nobody deleted after all is no target of a disruption any more', async () => {
  await pod('spared', 'spared');
  const since = `${new Date(Date.now() - 600_000).toISOString().slice(0, 19)}Z`;
  const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', lastTransitionTime: since }];
  await pods().patch('spared', { status: { conditions } }, { type: 'strategic', subresource: 'status', namespace });
  const target = async () => (await pods().get('spared', { namespace })).status.conditions?.find(({ type }) => type === 'DisruptionTarget');
  await until('spared', async () => (await target())?.status === 'False', limit);
});
