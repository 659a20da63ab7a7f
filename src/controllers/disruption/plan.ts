// How many of a budget's pods may be disrupted now. Pure.
import { rfc3339 } from '#base/clock.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Condition } from '#api/meta/v1/condition.ts';
import type { OwnerReference } from '#api/meta/v1/objectmeta.ts';
import { controllerOf } from '#api/object.ts';
import { isPodReady, isPodTerminal } from '#api/podutil.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '#api/policy/v1/poddisruptionbudget.ts';
import { scaledIntOrPercent } from '#format/intorstring.ts';

/** An eviction that was allowed and whose pod is still there after this long has failed. */
const deletionTimeout = 2 * 60_000;

export interface Observed {
  readonly budget: PodDisruptionBudget;
  /** The pods that the budget selects. */
  readonly pods: readonly Pod[];
  /** How many pods the controllers of these pods want, by the controllers' uids. */
  readonly scales: ReadonlyMap<string, number>;
  readonly now: number;
}

export interface Plan {
  readonly status: PodDisruptionBudgetStatus;
  /** Pods whose eviction was allowed long ago and did not happen. */
  readonly undisrupted: readonly Pod[];
  /** Pods that nothing controls, where the budget counts by controllers. */
  readonly unmanaged: readonly Pod[];
  /** Milliseconds until an allowed eviction counts as failed. */
  readonly wait?: number;
}

/** True when the budget is a share of what the controllers of its pods want. */
export function needsScales({ spec }: PodDisruptionBudget): boolean {
  return spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string';
}

/** The controllers of the pods, each once. */
export function controllersOf(pods: readonly Pod[]): readonly OwnerReference[] {
  const found = new Map<string, OwnerReference>();
  for (const pod of pods) {
    const controller = controllerOf(pod);
    if (controller !== undefined) found.set(controller.uid, controller);
  }
  return [...found.values()];
}

/** How many pods there should be, and how many of them must stay healthy. */
function demand({ budget, pods, scales }: Observed): { expected: number; healthy: number } {
  const { maxUnavailable, minAvailable } = budget.spec;
  if (!needsScales(budget)) return { expected: pods.length, healthy: typeof minAvailable === 'number' ? minAvailable : 0 };
  const expected = [...scales.values()].reduce((sum, scale) => sum + scale, 0);
  if (maxUnavailable === undefined) return { expected, healthy: scaledIntOrPercent(minAvailable ?? 0, expected, 'up') };
  return { expected, healthy: Math.max(0, expected - scaledIntOrPercent(maxUnavailable, expected, 'up')) };
}

/** The condition that says whether evictions are allowed. */
export function allowedCondition(
  conditions: readonly Condition[] | undefined,
  next: { readonly reason: 'SufficientPods' | 'InsufficientPods' | 'SyncFailed'; readonly message?: string; readonly generation: number },
  now: number,
): readonly Condition[] {
  const type = 'DisruptionAllowed';
  const status = next.reason === 'SufficientPods' ? 'True' : 'False';
  const old = conditions?.find((condition) => condition.type === type);
  const condition: Condition = {
    type,
    status,
    reason: next.reason,
    message: next.message ?? '',
    observedGeneration: next.generation,
    lastTransitionTime: old?.status === status ? old.lastTransitionTime : rfc3339(now),
  };
  return [...(conditions ?? []).filter((known) => known.type !== type), condition];
}

/** Plans one round. */
export function planBudget(observed: Observed): Plan {
  const { budget, pods, now } = observed;
  const { expected, healthy: desired } = demand(observed);
  const generation = budget.metadata.generation ?? 0;
  const disrupted: Record<string, string> = {};
  const undisrupted: Pod[] = [];
  let due: number | undefined;
  for (const pod of pods) {
    const since = budget.status.disruptedPods?.[pod.metadata.name];
    if (since === undefined || pod.metadata.deletionTimestamp !== undefined) continue;
    const until = Date.parse(since) + deletionTimeout;
    if (until < now) {
      undisrupted.push(pod);
      continue;
    }
    disrupted[pod.metadata.name] = since;
    due = Math.min(due ?? until, until);
  }
  const isHealthy = (pod: Pod): boolean =>
    pod.metadata.deletionTimestamp === undefined && disrupted[pod.metadata.name] === undefined && isPodReady(pod);
  const current = pods.filter(isHealthy).length;
  const allowed = expected <= 0 ? 0 : Math.max(0, current - desired);
  const reason = allowed > 0 ? 'SufficientPods' : 'InsufficientPods';
  const { disruptedPods: _before, ...rest } = budget.status;
  return {
    status: {
      ...rest,
      observedGeneration: generation,
      disruptionsAllowed: allowed,
      currentHealthy: current,
      desiredHealthy: desired,
      expectedPods: expected,
      ...(Object.keys(disrupted).length > 0 ? { disruptedPods: disrupted } : {}),
      conditions: allowedCondition(budget.status.conditions, { reason, generation }, now),
    },
    undisrupted,
    unmanaged: needsScales(budget) ? pods.filter((pod) => controllerOf(pod) === undefined) : [],
    ...(due === undefined ? {} : { wait: due - now + 1 }),
  };
}

/** The status of a budget that cannot be computed: nothing may be disrupted. */
export function failedStatus({ metadata, status }: PodDisruptionBudget, message: string, now: number): PodDisruptionBudgetStatus {
  const generation = metadata.generation ?? 0;
  const conditions = allowedCondition(status.conditions, { reason: 'SyncFailed', message, generation }, now);
  return { ...status, observedGeneration: generation, disruptionsAllowed: 0, conditions };
}

/** Milliseconds until a pod that was to be disrupted, and is still there, counts as spared; undefined when it is not such a pod. */
export function sparedIn(pod: Pod, now: number): number | undefined {
  const target = pod.status.conditions?.find(({ type }) => type === 'DisruptionTarget');
  if (target?.status !== 'True' || pod.metadata.deletionTimestamp !== undefined || isPodTerminal(pod)) return undefined;
  return Math.max(0, (Date.parse(target.lastTransitionTime ?? '') || 0) + deletionTimeout - now);
}
