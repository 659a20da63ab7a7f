// What failures and successes mean by the Job's policies (KEP-3329, KEP-3850, KEP-3998). Pure.
import type { PodFailurePolicyRule, SuccessPolicyRule } from '#api/batch/v1/common.ts';
import type { Job } from '#api/batch/v1/job.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { parseIndexes } from './indexes.ts';

export interface FailureVerdict {
  /** Undefined: no rule says anything about this failure. */
  readonly action: PodFailurePolicyRule['action'] | undefined;
  /** Whether it counts against the limits. */
  readonly counts: boolean;
  /** Why the whole Job fails, when it does. */
  readonly message?: string;
}

/** Why a rule matches the failed pod; undefined when it does not. */
function matchOf(rule: PodFailurePolicyRule, index: number, pod: Pod): string | undefined {
  const about = `${pod.metadata.namespace}/${pod.metadata.name}`;
  const exit = rule.onExitCodes;
  if (exit) {
    for (const { name, state } of [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])]) {
      const code = state?.terminated?.exitCode;
      if (code === undefined || code === 0 || (exit.containerName !== undefined && exit.containerName !== name)) continue;
      if (exit.values.includes(code) === (exit.operator === 'In'))
        return `Container ${name} for pod ${about} failed with exit code ${code} matching ${rule.action} rule at index ${index}`;
    }
    return undefined;
  }
  for (const { type, status } of rule.onPodConditions ?? [])
    if (pod.status.conditions?.some((condition) => condition.type === type && condition.status === (status ?? 'True')))
      return `Pod ${about} has condition ${type} matching ${rule.action} rule at index ${index}`;
  return undefined;
}

/** What a failed pod means: the first rule that matches decides. */
export function judgeFailure(job: Job, pod: Pod): FailureVerdict {
  for (const [index, rule] of (job.spec.podFailurePolicy?.rules ?? []).entries()) {
    const message = matchOf(rule, index, pod);
    if (message === undefined) continue;
    const { action } = rule;
    return { action, counts: action !== 'Ignore', ...(action === 'FailJob' ? { message } : {}) };
  }
  return { action: undefined, counts: true };
}

function isMet({ succeededIndexes, succeededCount }: SuccessPolicyRule, succeeded: ReadonlySet<number>): boolean {
  if (succeededIndexes === undefined) return succeededCount !== undefined && succeeded.size >= succeededCount;
  const wanted = parseIndexes(succeededIndexes);
  return wanted.filter((index) => succeeded.has(index)).length >= (succeededCount ?? wanted.length);
}

/** Why the Job has succeeded enough; undefined when it has not. */
export function successOf(job: Job, succeeded: ReadonlySet<number>): string | undefined {
  const index = job.spec.successPolicy?.rules.findIndex((rule) => isMet(rule, succeeded)) ?? -1;
  return index < 0 ? undefined : `Matched rules at index ${index}`;
}

/** Pods are replaced only when they have failed for good, not when they begin to end (KEP-3939). */
export function replacesOnlyFailed(job: Job): boolean {
  return job.spec.podReplacementPolicy === 'Failed' || job.spec.podFailurePolicy !== undefined;
}

/** True when the pod counts as failed. One that is going away counts before its end, unless only failed ones are replaced. */
export function hasFailed(job: Job, pod: Pod): boolean {
  if (pod.status.phase === 'Failed') return true;
  return !replacesOnlyFailed(job) && pod.metadata.deletionTimestamp !== undefined && pod.status.phase !== 'Succeeded';
}
