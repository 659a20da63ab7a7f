// The Targets cell of a HorizontalPodAutoscaler.
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from '#api/autoscaling/v1/horizontalpodautoscaler.ts';
import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import { joinMax } from './cells.ts';

const unknown = '<unknown>';
const percent = (value: number | undefined, absent: string): string => (value === undefined ? absent : `${value}%`);

/** current/target of a metric that counts utilization of a container resource. */
function resourceText(name: string, target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) return `${name}: ${current?.averageValue ?? unknown}/${target.averageValue}`;
  return `${name}: ${percent(current?.averageUtilization, unknown)}/${percent(target.averageUtilization, '<auto>')}`;
}

/** current/target of a metric with a value, or with an average per pod. */
function valueText(target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`;
  return `${current?.value ?? unknown}/${target.value ?? '0'}`;
}

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  if (spec.type === 'Resource' && spec.resource) return resourceText(spec.resource.name, spec.resource.target, status?.resource?.current);
  if (spec.type === 'ContainerResource' && spec.containerResource) {
    return resourceText(spec.containerResource.name, spec.containerResource.target, status?.containerResource?.current);
  }
  if (spec.type === 'Pods' && spec.pods) return `${status?.pods?.current.averageValue ?? unknown}/${spec.pods.target.averageValue ?? '0'}`;
  if (spec.type === 'Object' && spec.object) return valueText(spec.object.target, status?.object?.current);
  if (spec.type === 'External' && spec.external) return valueText(spec.external.target, status?.external?.current);
  return '<unknown type>';
}

/** current/target of each metric; the first two, and how many more there are. */
export function hpaTargets(hpa: HorizontalPodAutoscaler): string {
  const metrics = hpa.spec?.metrics ?? [];
  if (metrics.length === 0) return '<none>';
  return joinMax(
    metrics.map((metric, i) => metricText(metric, hpa.status?.currentMetrics?.[i])),
    2,
    ', ',
  );
}

/** The same for autoscaling/v1, which knows CPU utilization only. */
export function hpaTargetsV1(hpa: HorizontalPodAutoscalerV1): string {
  const target = hpa.spec?.targetCPUUtilizationPercentage;
  if (target === undefined) return '<none>';
  return `cpu: ${percent(hpa.status?.currentCPUUtilizationPercentage, unknown)}/${target}%`;
}
