// Autoscalers against the real API server: a decision follows a metric that moves at once, by being told, not by looking.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Deployments, Events, HorizontalPodAutoscalers, Pods } from '#api/refs.ts';
import { AsyncQueue } from '#base/asyncqueue.ts';
import { startPodAutoscalerController } from '#controllers/podautoscaler/controller.ts';
import type { MetricSource } from '#controllers/podautoscaler/source.ts';
import { type ControllerBench, withControllers } from '../../support/controllers.ts';
import { until } from '../../support/until.ts';

const namespace = 'default';
const labels = { app: 'web' };
let bench: ControllerBench;
let cpu = 100;
let looks = 0;
/** The external metric. */
let waiting = 3;
const listeners = new Map<string, AsyncQueue<string>>();

const source: MetricSource = {
  async resource() {
    looks++;
    return new Map([['web-0', { value: cpu, at: Date.now(), window: 10_000 }]]);
  },
  moves(_namespace, selector, signal) {
    const queue = new AsyncQueue<string>({ capacity: 100, overflow: 'fail' });
    listeners.set(selector, queue);
    signal.addEventListener('abort', () => {
      listeners.delete(selector);
      queue.end();
    });
    return queue;
  },
  ofPods: () => Promise.reject(new Error('none')),
  ofObject: () => Promise.reject(new Error('none')),
  external: async () => waiting * 1000,
};

before(async () => {
  // It looks by itself once an hour: what is quicker was told.
  bench = await withControllers((deps) => [startPodAutoscalerController({ ...deps, source, syncPeriod: 3_600_000 })]);
  const { client } = bench;
  const containers = [{ name: 'c', image: 'x', resources: { requests: { cpu: '100m' } } }];
  await client.resource(Deployments).create({
    metadata: { name: 'web', namespace },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  });
  const sub = { type: 'merge', subresource: 'status', namespace } as const;
  await client.resource(Deployments).patch('web', { status: { replicas: 1 } }, sub);
  await client.resource(Pods).create({ metadata: { name: 'web-0', namespace, labels }, spec: { containers } });
  const since = '2026-01-01T00:00:00Z';
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: since }];
  await client.resource(Pods).patch('web-0', { status: { phase: 'Running', startTime: since, conditions } }, sub);
});
after(() => bench[Symbol.asyncDispose]());

const autoscalers = () => bench.client.resource(HorizontalPodAutoscalers);
const replicas = async () => (await bench.client.resource(Deployments).get('web', { namespace })).spec.replicas;

test('told that usage moves, it decides at once; gone, it listens no longer', async () => {
  await autoscalers().create({
    metadata: { name: 'web', namespace },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 1,
      maxReplicas: 5,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 100 } } }],
    },
  });
  const queue = await until('it listens', () => listeners.get('app=web'));
  await until('it has looked', async () => (await autoscalers().get('web', { namespace })).status.currentMetrics !== undefined);
  assert.equal(await replicas(), 1);
  const before = looks;
  cpu = 300;
  queue.push('moved');
  await until('it has scaled', async () => (await replicas()) === 3);
  assert.equal(looks, before + 1);
  const { items } = await until('it was told', async () => {
    const list = await bench.client.resource(Events).list({ namespace, fieldSelector: 'involvedObject.name=web,reason=SuccessfulRescale' });
    return list.items.length > 0 && list;
  });
  assert.equal(items[0]?.message, 'New size: 3; reason: cpu resource utilization (percentage of request) above target');

  await autoscalers().delete('web', { namespace });
  await until('it listens no longer', () => listeners.size === 0);
});

test('an external metric that moves is noticed by asking for it, without listening to usage', async () => {
  await autoscalers().create({
    metadata: { name: 'other', namespace },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 5,
      metrics: [{ type: 'External', external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '1' } } }],
    },
  });
  const shown = async () => (await autoscalers().get('other', { namespace })).status.currentMetrics?.[0]?.external?.current.averageValue;
  await until('it has decided', async () => (await shown()) === '1');
  assert.equal(await replicas(), 3);
  assert.equal(listeners.size, 0);
  waiting = 5;
  await until('it has scaled', async () => (await replicas()) === 5);
  await autoscalers().delete('other', { namespace });
});
