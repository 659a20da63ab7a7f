// HorizontalPodAutoscaler: stored as autoscaling/v2, served as v1 too. What v1 cannot say travels in annotations.
import type { KubeObject } from '#api/object.ts';

interface V2 extends KubeObject {
  readonly spec: {
    readonly metrics?: readonly Metric[];
    readonly behavior?: object;
    readonly [key: string]: unknown;
  };
  readonly status?: {
    readonly currentMetrics?: readonly Metric[] | null;
    readonly conditions?: readonly object[];
    readonly [key: string]: unknown;
  };
}
interface Metric {
  readonly type: string;
  readonly resource?: {
    readonly name: string;
    readonly target?: { readonly type: string; readonly averageUtilization?: number };
    readonly current?: { readonly averageUtilization?: number };
  };
}

const keys = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
} as const;

const isCpu = (metric: Metric): boolean => metric.type === 'Resource' && metric.resource?.name === 'cpu';
const isCpuUtilization = (metric: Metric): boolean => isCpu(metric) && metric.resource?.target?.averageUtilization !== undefined;

/** v2 → v1. */
export function hpaToV1(object: KubeObject): KubeObject {
  const { metadata, spec = {}, status = {}, ...rest } = object as Partial<V2> & KubeObject;
  const { metrics = [], behavior, ...common } = spec;
  const cpu = metrics.find(isCpuUtilization);
  const others = metrics.filter((metric) => metric !== cpu);
  const { currentMetrics, conditions, ...plain } = status;
  const current = (currentMetrics ?? []).find((metric) => isCpu(metric) && metric.resource?.current?.averageUtilization !== undefined);
  const otherCurrent = (currentMetrics ?? []).filter((metric) => metric !== current);
  const annotations: Record<string, string> = { ...metadata.annotations };
  const note = (key: string, value: readonly object[] | object | undefined) => {
    if (value && (!Array.isArray(value) || value.length > 0)) annotations[key] = JSON.stringify(value);
  };
  note(keys.metrics, others);
  note(keys.currentMetrics, otherCurrent);
  note(keys.conditions, conditions);
  note(keys.behavior, behavior);
  return {
    ...rest,
    apiVersion: 'autoscaling/v1',
    metadata: { ...metadata, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: { ...common, ...(cpu ? { targetCPUUtilizationPercentage: cpu.resource?.target?.averageUtilization } : {}) },
    status: {
      currentReplicas: 0,
      desiredReplicas: 0,
      ...plain,
      ...(current ? { currentCPUUtilizationPercentage: current.resource?.current?.averageUtilization } : {}),
    },
  } as unknown as KubeObject;
}

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** v1 → v2. */
export function hpaToV2(object: KubeObject): KubeObject {
  const {
    metadata,
    spec = {},
    status = {},
    ...rest
  } = object as KubeObject & {
    spec?: Record<string, unknown> & { targetCPUUtilizationPercentage?: number };
    status?: Record<string, unknown> & { currentCPUUtilizationPercentage?: number };
  };
  const annotations: Record<string, string> = { ...metadata.annotations };
  const others = parse(annotations[keys.metrics]);
  const currentMetrics = parse(annotations[keys.currentMetrics]);
  const conditions = parse(annotations[keys.conditions]);
  const behavior = parse(annotations[keys.behavior]);
  for (const key of Object.values(keys)) delete annotations[key];
  const { targetCPUUtilizationPercentage: target, ...common } = spec;
  const { currentCPUUtilizationPercentage: utilization, ...plain } = status;
  const cpu = (side: object) => ({ type: 'Resource', resource: { name: 'cpu', ...side } });
  const metrics = [
    ...(Array.isArray(others) ? (others as object[]) : []),
    ...(target !== undefined ? [cpu({ target: { type: 'Utilization', averageUtilization: target } })] : []),
  ];
  const currents = [
    ...(utilization !== undefined ? [cpu({ current: { averageUtilization: utilization, averageValue: '0' } })] : []),
    ...(Array.isArray(currentMetrics) ? (currentMetrics as object[]) : []),
  ];
  const { annotations: _, ...meta } = metadata;
  return {
    ...rest,
    apiVersion: 'autoscaling/v2',
    metadata: { ...meta, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: { ...common, ...(metrics.length > 0 ? { metrics } : {}), ...(typeof behavior === 'object' && behavior ? { behavior } : {}) },
    status: { ...plain, currentMetrics: currents.length > 0 ? currents : null, ...(Array.isArray(conditions) ? { conditions } : {}) },
  } as unknown as KubeObject;
}
