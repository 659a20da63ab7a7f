// The conditions and the status of an autoscaler. Pure.
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerStatus,
  MetricStatus,
} from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import { rfc3339 } from '#base/clock.ts';

export interface ConditionChange {
  readonly type: 'AbleToScale' | 'ScalingActive' | 'ScalingLimited';
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export interface Outcome {
  readonly current: number;
  readonly desired: number;
  readonly metrics: readonly MetricStatus[] | undefined;
  readonly conditions: readonly ConditionChange[];
  readonly rescaled: boolean;
}

/** Conditions with changes applied; the transition time moves only with the status. */
export function withConditions(
  old: readonly HorizontalPodAutoscalerCondition[] | undefined,
  changes: readonly ConditionChange[],
  now: number,
): readonly HorizontalPodAutoscalerCondition[] {
  let conditions = old ?? [];
  for (const change of changes) {
    const known = conditions.find(({ type }) => type === change.type);
    const lastTransitionTime = known?.status === change.status ? (known.lastTransitionTime ?? rfc3339(now)) : rfc3339(now);
    const next = { ...change, lastTransitionTime };
    conditions = known === undefined ? [...conditions, next] : conditions.map((condition) => (condition === known ? next : condition));
  }
  return conditions;
}

/** The status after a round. */
export function nextStatus(autoscaler: HorizontalPodAutoscaler, outcome: Outcome, now: number): HorizontalPodAutoscalerStatus {
  const old = autoscaler.status;
  const metrics = outcome.metrics ?? old.currentMetrics;
  return {
    observedGeneration: autoscaler.metadata.generation ?? 0,
    ...(outcome.rescaled ? { lastScaleTime: rfc3339(now) } : old.lastScaleTime === undefined ? {} : { lastScaleTime: old.lastScaleTime }),
    currentReplicas: outcome.current,
    desiredReplicas: outcome.desired,
    currentMetrics: metrics ?? null,
    conditions: withConditions(old.conditions, outcome.conditions, now),
  } as HorizontalPodAutoscalerStatus;
}
