import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HorizontalPodAutoscaler, MetricSpec } from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { evaluate, MetricError } from './metrics.ts';
import type { Usages } from './replicas.ts';
import type { MetricSource } from './source.ts';

const now = Date.parse('2026-01-01T01:00:00Z');
const start = '2026-01-01T00:00:00Z';

/** A running pod whose two containers ask for these amounts. */
const podOf = (name: string, app = '1', sidecar = '1', ready = true): Pod =>
  ({
    metadata: { name, namespace: 'd' },
    spec: {
      containers: [
        { name: 'app', resources: { requests: { cpu: app, memory: '100Mi' } } },
        { name: 'sidecar', resources: { requests: { cpu: sidecar, memory: '100Mi' } } },
      ],
    },
    status: {
      phase: 'Running',
      startTime: start,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: start }],
    },
  }) as unknown as Pod;
const usage = (...values: readonly number[]): Usages => new Map(values.map((value, i) => [`p${i}`, { value, at: now, window: 10_000 }]));
const fail = (message: string) => () => Promise.reject(new Error(message));
const nothing: MetricSource = { resource: fail('none'), ofPods: fail('none'), ofObject: fail('none'), external: fail('none') };
const three = [podOf('p0'), podOf('p1'), podOf('p2')];

interface Case {
  readonly name: string;
  readonly spec: object;
  readonly source?: Partial<MetricSource>;
  readonly pods?: readonly Pod[];
  readonly current?: number;
  /** Replicas, the metric in words, what the status shows. */
  readonly want?: readonly [number, string, object];
  readonly error?: readonly [string, string];
}
const resource = (name: string, target: object) => ({ type: 'Resource', resource: { name, target } });
const container = (name: string, target: object) => ({ type: 'ContainerResource', containerResource: { name, container: 'app', target } });
const perPod = (target: object) => ({ type: 'Pods', pods: { metric: { name: 'qps' }, target } });
const object = (target: object) => ({
  type: 'Object',
  object: { metric: { name: 'hits' }, describedObject: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'main' }, target },
});
const external = (target: object, selector?: object) => ({
  type: 'External',
  external: { metric: { name: 'jobs', ...(selector ? { selector } : {}) }, target },
});
const cpu = (...values: number[]): Partial<MetricSource> => ({ resource: () => Promise.resolve(usage(...values)) });

const cases: readonly Case[] = [
  {
    name: 'CPU in percent of all containers',
    spec: resource('cpu', { type: 'Utilization', averageUtilization: 50 }),
    source: cpu(1600, 1600, 1600),
    want: [5, 'cpu resource utilization (percentage of request)', { averageUtilization: 80, averageValue: '1600m' }],
  },
  {
    name: 'CPU as an average value',
    spec: resource('cpu', { type: 'AverageValue', averageValue: '500m' }),
    source: cpu(1000, 1000, 1000),
    want: [6, 'cpu resource', { averageValue: '1' }],
  },
  {
    name: 'memory in percent, shown in binary units',
    spec: resource('memory', { type: 'Utilization', averageUtilization: 50 }),
    source: cpu(150 * 2 ** 20 * 1000, 150 * 2 ** 20 * 1000, 150 * 2 ** 20 * 1000),
    want: [5, 'memory resource utilization (percentage of request)', { averageUtilization: 75, averageValue: '150Mi' }],
  },
  {
    name: 'memory as an average value',
    spec: resource('memory', { type: 'AverageValue', averageValue: '64Mi' }),
    source: cpu(32 * 2 ** 20 * 1000, 32 * 2 ** 20 * 1000, 32 * 2 ** 20 * 1000),
    want: [2, 'memory resource', { averageValue: '32Mi' }],
  },
  {
    name: 'one container in percent of its own request',
    spec: container('cpu', { type: 'Utilization', averageUtilization: 50 }),
    source: cpu(1000, 1000, 1000),
    want: [6, 'cpu container resource utilization (percentage of request)', { averageUtilization: 100, averageValue: '1' }],
  },
  {
    name: 'one container as an average value',
    spec: container('cpu', { type: 'AverageValue', averageValue: '2' }),
    source: cpu(1000, 1000, 1000),
    want: [2, 'cpu container resource', { averageValue: '1' }],
  },
  {
    name: 'a metric of pods',
    spec: perPod({ type: 'AverageValue', averageValue: '10' }),
    source: { ofPods: () => Promise.resolve(usage(20_000, 10_000, 15_000)) },
    want: [5, 'pods metric qps', { averageValue: '15' }],
  },
  {
    name: 'a metric of pods: an unready pod counts like any other',
    spec: perPod({ type: 'AverageValue', averageValue: '10' }),
    source: { ofPods: () => Promise.resolve(usage(20_000, 10_000, 15_000)) },
    pods: [podOf('p0'), podOf('p1'), podOf('p2', '1', '1', false)],
    want: [5, 'pods metric qps', { averageValue: '15' }],
  },
  {
    name: 'a metric of pods within the tolerance',
    spec: perPod({ type: 'AverageValue', averageValue: '10' }),
    source: { ofPods: () => Promise.resolve(usage(10_900, 10_900, 10_900)) },
    want: [3, 'pods metric qps', { averageValue: '10900m' }],
  },
  {
    name: 'an object as a whole',
    spec: object({ type: 'Value', value: '100' }),
    source: { ofObject: () => Promise.resolve(200_000) },
    want: [6, 'Ingress metric hits', { value: '200' }],
  },
  {
    name: 'an object as a whole: only ready pods share it',
    spec: object({ type: 'Value', value: '100' }),
    source: { ofObject: () => Promise.resolve(200_000) },
    pods: [podOf('p0'), podOf('p1', '1', '1', false), podOf('p2', '1', '1', false)],
    want: [2, 'Ingress metric hits', { value: '200' }],
  },
  {
    name: 'an object for each pod',
    spec: object({ type: 'AverageValue', averageValue: '40' }),
    source: { ofObject: () => Promise.resolve(200_000) },
    want: [5, 'Ingress metric hits', { averageValue: '66667m' }],
  },
  {
    name: 'an external metric as a whole',
    spec: external({ type: 'Value', value: '30' }),
    source: { external: () => Promise.resolve(20_000) },
    want: [2, 'external metric jobs(nil)', { value: '20' }],
  },
  {
    name: 'an external metric of some series',
    spec: external(
      { type: 'Value', value: '30' },
      { matchLabels: { queue: 'a' }, matchExpressions: [{ key: 'x', operator: 'In', values: ['y', 'z'] }] },
    ),
    source: { external: () => Promise.resolve(30_000) },
    want: [
      3,
      'external metric jobs(&LabelSelector{MatchLabels:map[string]string{queue: a,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:x,Operator:In,Values:[y z],},},})',
      { value: '30' },
    ],
  },
  {
    name: 'an external metric for each pod',
    spec: external({ type: 'AverageValue', averageValue: '5' }),
    source: { external: () => Promise.resolve(22_000) },
    want: [5, 'external metric jobs(nil)', { averageValue: '7334m' }],
  },
  {
    name: 'an external metric wakes what was scaled to nothing',
    spec: external({ type: 'AverageValue', averageValue: '5' }),
    source: { external: () => Promise.resolve(12_000) },
    pods: [],
    current: 0,
    want: [3, 'external metric jobs(nil)', { averageValue: '0' }],
  },
  {
    name: 'nothing to do puts to sleep',
    spec: external({ type: 'AverageValue', averageValue: '5' }),
    source: { external: () => Promise.resolve(0) },
    want: [0, 'external metric jobs(nil)', { averageValue: '0' }],
  },
  {
    name: 'no metrics of resources',
    spec: resource('cpu', { type: 'Utilization', averageUtilization: 50 }),
    error: [
      'FailedGetResourceMetric',
      'failed to get cpu resource metric value: failed to get cpu utilization: unable to get metrics for resource cpu: none',
    ],
  },
  {
    name: 'no metrics of a container',
    spec: container('cpu', { type: 'AverageValue', averageValue: '1' }),
    error: [
      'FailedGetContainerResourceMetric',
      'failed to get cpu container metric value: failed to get cpu usage: unable to get metrics for resource cpu: none',
    ],
  },
  {
    name: 'no metrics of pods',
    spec: perPod({ type: 'AverageValue', averageValue: '1' }),
    error: ['FailedGetPodsMetric', 'failed to get pods metric value: unable to get metric qps: none'],
  },
  {
    name: 'no metric of the object',
    spec: object({ type: 'Value', value: '1' }),
    error: ['FailedGetObjectMetric', 'failed to get object metric value: unable to get metric hits: Ingress on d main/none'],
  },
  {
    name: 'no external metric',
    spec: external({ type: 'Value', value: '1' }),
    error: [
      'FailedGetExternalMetric',
      'failed to get jobs external metric value: failed to get jobs external metric: unable to get external metric d/jobs/nil: none',
    ],
  },
  { name: 'an unknown type', spec: { type: 'Dream' }, error: ['InvalidMetricSourceType', 'unknown metric source type "Dream"'] },
];
for (const { name, spec, source, pods = three, current = 3, want, error } of cases) {
  test(name, async () => {
    const autoscaler = { metadata: { name: 'h', namespace: 'd' } } as unknown as HorizontalPodAutoscaler;
    const input = { autoscaler, source: { ...nothing, ...source }, pods, selector: 'a=b', current, tolerance: { up: 0.1, down: 0.1 }, now };
    const run = evaluate(input, spec as MetricSpec);
    if (error !== undefined) {
      await assert.rejects(run, (failure: MetricError) => {
        assert.deepEqual([failure.reason, failure.message], error);
        return true;
      });
      return;
    }
    const result = await run;
    const shown = Object.values(result.status).find((value) => typeof value === 'object') as { current: object };
    assert.deepEqual([result.replicas, result.name, shown.current], want);
  });
}
