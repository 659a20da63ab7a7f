// Failures counted for each index by itself (KEP-3850): every pod carries how often its index failed before it. Pure.
import type { Job } from '#api/batch/v1/job.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { backoffLeft, endOf } from './backoff.ts';
import { hasFailed, judgeFailure } from './policy.ts';

const failureCount = 'batch.kubernetes.io/job-index-failure-count';
const ignoredCount = 'batch.kubernetes.io/job-index-ignored-failure-count';

function countIn(pod: Pod, annotation: string): number {
  const text = pod.metadata.annotations?.[annotation];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : 0;
}

/** All failures of the index before this pod, those that do not count too. */
export const absoluteFailures = (pod: Pod): number => countIn(pod, failureCount) + countIn(pod, ignoredCount);

/** True when the failure of this pod is the end of its index. */
export function isIndexFailed(job: Job, pod: Pod): boolean {
  if (!hasFailed(job, pod)) return false;
  const { action, counts } = judgeFailure(job, pod);
  return action === 'FailIndex' || (counts && countIn(pod, failureCount) >= (job.spec.backoffLimitPerIndex ?? 0));
}

/** The annotations of the pod that follows `last` at its index. */
export function countAnnotations(job: Job, last: Pod | undefined): Record<string, string> {
  if (job.spec.backoffLimitPerIndex === undefined) return {};
  if (last === undefined) return { [failureCount]: '0' };
  const { counts } = judgeFailure(job, last);
  const ignored = countIn(last, ignoredCount) + (counts ? 0 : 1);
  return {
    [failureCount]: String(countIn(last, failureCount) + (counts ? 1 : 0)),
    ...(ignored > 0 ? { [ignoredCount]: String(ignored) } : {}),
  };
}

/** Milliseconds until the index of a failed pod may get its next one. */
export function indexBackoffLeft(last: Pod, now: number): number {
  return backoffLeft({ failures: absoluteFailures(last) + 1, lastFailure: endOf(last, now) }, now);
}
