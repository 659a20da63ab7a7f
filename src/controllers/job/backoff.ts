// How long failed pods of a Job wait for their replacement: 10 s, twice as long each time, at most 10 min. Pure.
import type { Pod } from '#api/core/v1/pod.ts';
import { backoffDelay } from '#base/backoff.ts';

/** Failures since the last success. */
export interface BackoffRecord {
  readonly failures: number;
  /** Milliseconds since the epoch. */
  readonly lastFailure: number;
}

export const noFailures: BackoffRecord = { failures: 0, lastFailure: 0 };
const delays = { initial: 10_000, max: 600_000 };

/** When the pod ended, as far as it is known. */
export function endOf(pod: Pod, now: number): number {
  const ends = (pod.status.containerStatuses ?? []).flatMap(({ state }) =>
    state?.terminated?.finishedAt ? [Date.parse(state.terminated.finishedAt)] : [],
  );
  if (ends.length > 0) return Math.max(...ends);
  const ready = pod.status.conditions?.find(({ type }) => type === 'Ready');
  return Date.parse(ready?.lastTransitionTime ?? '') || Date.parse(pod.metadata.deletionTimestamp ?? '') || now;
}

/** The record after further pods have ended. */
export function nextRecord(record: BackoffRecord, succeeded: readonly Pod[], failed: readonly Pod[], now: number): BackoffRecord {
  const lastSuccess = Math.max(0, ...succeeded.map((pod) => endOf(pod, now)));
  const failures = failed.map((pod) => endOf(pod, now)).filter((end) => end > lastSuccess);
  const before = lastSuccess > 0 && lastSuccess >= record.lastFailure ? noFailures : record;
  return { failures: before.failures + failures.length, lastFailure: Math.max(before.lastFailure, ...failures) };
}

/** Milliseconds until another pod may be made. */
export function backoffLeft({ failures, lastFailure }: BackoffRecord, now: number): number {
  return failures === 0 ? 0 : Math.max(0, lastFailure + backoffDelay(delays, failures) - now);
}
