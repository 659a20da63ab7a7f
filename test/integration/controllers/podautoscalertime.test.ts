// How soon autoscalers decide, on a clock of the test's own: from a metric's new value to the write of the scale less than a
// second passes, whatever the moment and whoever else looks at the metrics.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { objectAnswer, type PlugFactory } from '#apiserver/endpoint.ts';
import type { MetricSpec } from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import { Deployments, HorizontalPodAutoscalers, Nodes, Pods } from '#api/refs.ts';
import { rfc3339 } from '#base/clock.ts';
import type { TestClock } from '#base/testclock.ts';
import type { Transport } from '#client/transport.ts';
import { metricsPlug } from '#cmd/metricsplug.ts';
import { startPodAutoscalerController } from '#controllers/podautoscaler/controller.ts';
import { createCollector, type MetricsCollector } from '#metrics/collector.ts';
import { type ControllerBench, withControllers } from '../../support/controllers.ts';
import { virtualWorld } from '../../support/virtual.ts';

const namespace = 'default';
const node = 'node-1';
const containers = [{ name: 'c', image: 'x', resources: { requests: { cpu: '100m' } } }];
const each = { type: 'AverageValue', averageValue: '1' };
/** A metric of each type by the workload that it decides about. */
const metrics: Readonly<Record<string, MetricSpec>> = {
  resource: { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 100 } } },
  pods: { type: 'Pods', pods: { metric: { name: 'hits' }, target: each } },
  object: { type: 'Object', object: { describedObject: { kind: 'Service', name: 'web' }, metric: { name: 'orders' }, target: each } },
  external: { type: 'External', external: { metric: { name: 'queue' }, target: each } },
};

let clock: TestClock;
let bench: ControllerBench;
let collector: MetricsCollector;
/** The present value of the metric of a workload; of usage: how many times what is asked for. */
const values: Record<string, number> = Object.fromEntries(Object.keys(metrics).map((name) => [name, 1]));
const valueOf = (name: string): number => values[name] ?? 0;
/** When the scale of a workload was written last. */
const written = new Map<string, number>();

const valueList = (about: string, name: string) => ({
  kind: 'MetricValueList',
  items: [{ describedObject: { name }, timestamp: rfc3339(clock.now()), value: String(valueOf(about)) }],
});

/** The APIs of custom and external metrics, and a node that tells what its pods use. */
const served: PlugFactory = (backend) => ({
  resources: [
    { group: 'custom.metrics.k8s.io', resource: 'pods', subresource: 'hits', handle: () => objectAnswer(valueList('pods', 'pods-0')) },
    { group: 'custom.metrics.k8s.io', resource: 'services', subresource: 'orders', handle: () => objectAnswer(valueList('object', 'web')) },
    { group: 'external.metrics.k8s.io', resource: 'queue', subresource: '', handle: () => objectAnswer(valueList('external', '')) },
    {
      group: '',
      resource: 'nodes',
      subresource: 'proxy',
      handle: async () => {
        const time = rfc3339(backend.world.clock.now());
        const use = { cpu: { time, usageNanoCores: valueOf('resource') * 1e8 }, memory: { time, workingSetBytes: 1e6 } };
        const { items } = await bench.client.resource(Pods).list({ namespace });
        const pods = items.map(({ metadata: { name, uid } }) => ({
          podRef: { name, namespace, uid },
          containers: [{ name: 'c', ...use }],
        }));
        return objectAnswer({ node: use, pods });
      },
    },
  ],
});

function line(inner: Transport): Transport {
  return {
    async send(request) {
      const answer = await inner.send(request);
      const name = /\/deployments\/([^/]+)\/scale$/.exec(request.path)?.[1];
      if (name !== undefined && request.method === 'PUT' && answer.status === 200) written.set(name, clock.monotonic());
      return answer;
    },
  };
}

before(async () => {
  const world = virtualWorld();
  clock = world.clock;
  // It looks by itself once an hour: what is quicker was told.
  const start = (deps: Parameters<typeof startPodAutoscalerController>[0]) => {
    collector = createCollector({ ...deps });
    return [startPodAutoscalerController({ ...deps, syncPeriod: 3_600_000 })];
  };
  bench = await withControllers(start, { world, line, plugs: [metricsPlug(() => collector), served] });
  const { client } = bench;
  await client.resource(Nodes).create({ metadata: { name: node } });
  const startTime = '2025-12-01T00:00:00Z';
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: startTime }];
  const sub = { type: 'merge', subresource: 'status', namespace } as const;
  for (const [name, metric] of Object.entries(metrics)) {
    const labels = { app: name };
    const template = { metadata: { labels }, spec: { containers } };
    await client
      .resource(Deployments)
      .create({ metadata: { name, namespace }, spec: { replicas: 1, selector: { matchLabels: labels }, template } });
    await client.resource(Pods).create({ metadata: { name: `${name}-0`, namespace, labels }, spec: { nodeName: node, containers } });
    await client.resource(Pods).patch(`${name}-0`, { status: { phase: 'Running', startTime, conditions } }, sub);
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name };
    await client
      .resource(HorizontalPodAutoscalers)
      .create({ metadata: { name, namespace }, spec: { scaleTargetRef, maxReplicas: 50, metrics: [metric] } });
  }
  // Somebody looks on: what nodes have said is used again for a while, by whoever asks.
  clock.every(370, () => void client.transport.send({ method: 'GET', path: '/apis/metrics.k8s.io/v1beta1/pods' }));
  await clock.advance(20_000);
});
after(() => bench[Symbol.asyncDispose]());

describe('a metric that moves is followed within a second', () => {
  for (const name of Object.keys(metrics)) {
    test(`${name} metrics`, async () => {
      // At several moments between two questions; what was scaled a while ago limits nothing any more.
      for (const moment of [0, 130, 260, 390, 499]) {
        await clock.advance(120_000 - (clock.monotonic() % 120_000) + moment);
        written.clear();
        values[name] = valueOf(name) + 2;
        const moved = clock.monotonic();
        await clock.advance(1_500);
        const took = (written.get(name) ?? Number.POSITIVE_INFINITY) - moved;
        assert.ok(took < 1_000, `${took} ms at ${moment}`);
        assert.equal((await bench.client.resource(Deployments).get(name, { namespace })).spec.replicas, valueOf(name));
      }
    });
  }
});
