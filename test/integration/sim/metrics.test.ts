// Usage that is told when it moves, over https, on simulated nodes; an autoscaler decides by it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PodMetrics } from '#api/metrics/v1beta1/podmetrics.ts';
import { Deployments, HorizontalPodAutoscalers } from '#api/refs.ts';
import { eventsOf } from '#client/body.ts';
import type { TestCluster } from '../../support/cluster.ts';
import { startSimCluster } from '../../support/simcluster.ts';
import { until } from '../../support/until.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startSimCluster(1);
});
after(() => cluster?.[Symbol.asyncDispose]());

test('a watch of pod metrics tells what moves, and an autoscaler follows', async () => {
  const namespace = 'default';
  const { client } = cluster;
  const template = (cpuMillis: number) => ({
    metadata: { labels: { app: 'busy' }, annotations: { 'sim.tutti.dev/containers': JSON.stringify({ '*': { cpuMillis } }) } },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '100m' } } }] },
  });
  const abort = new AbortController();
  const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`;
  const answer = await client.transport.send({ method: 'GET', path, query: 'watch=true&labelSelector=app%3Dbusy', signal: abort.signal });
  let toldAt: number | undefined;
  const told = (async () => {
    for await (const { type, object } of eventsOf(answer, abort.signal)) {
      const { containers, metadata } = object as PodMetrics;
      assert.deepEqual([type, metadata.labels?.['app']], ['MODIFIED', 'busy']);
      if (containers[0]?.usage['cpu'] === '300000000n') toldAt ??= performance.now();
    }
  })();
  await client.resource(Deployments).create({
    metadata: { name: 'busy', namespace },
    spec: { replicas: 1, selector: { matchLabels: { app: 'busy' } }, template: template(50) },
  } as never);
  const metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 100 } } }];
  await client.resource(HorizontalPodAutoscalers).create({
    metadata: { name: 'busy', namespace },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'busy' }, maxReplicas: 9, metrics },
  } as never);
  const shown = () => client.resource(HorizontalPodAutoscalers).get('busy', { namespace });
  await until('usage is known', async () => (await shown()).status.currentMetrics?.[0]?.resource?.current.averageValue === '50m', 60_000);
  await client.resource(Deployments).patch('busy', { spec: { template: template(300) } }, { type: 'strategic', namespace });
  await until('the move is told', () => toldAt !== undefined, 60_000);
  await until('the autoscaler has seen it', async () => ((await shown()).status.desiredReplicas ?? 0) >= 2, 60_000);
  abort.abort();
  await told;
});
