// Counts how pods of a Job ended, each exactly once, through crashes too: a pod that ended is first written down as
// uncounted, then loses its finalizer, and only when that is gone is it added to the counts (KEP-2307). Pure.
import type { Job, JobStatus } from '#api/batch/v1/job.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { isPodActive } from '#api/podutil.ts';
import { indexOf, parseIndexes } from './indexes.ts';
import { hasFailed, judgeFailure } from './policy.ts';
import { absoluteFailures, isIndexFailed } from './perindex.ts';

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
/** Pods written down as uncounted at most in one round, so that the status stays small. */
const mostUncounted = 500;

export const isIndexed = (job: Job): boolean => job.spec.completionMode === 'Indexed';
export const perIndex = (job: Job): boolean => job.spec.backoffLimitPerIndex !== undefined;

export interface Tally {
  /** Pods that ended and are not written down yet. */
  readonly fresh: { readonly succeeded: readonly Pod[]; readonly failed: readonly Pod[] };
  /** All that succeeded, and all failures that count, written down or not. */
  readonly succeeded: number;
  readonly failed: number;
  readonly completed: ReadonlySet<number>;
  readonly failedIndexes: ReadonlySet<number>;
  /** By index, the failed pod that must stay until its successor has taken over how often it failed. */
  readonly delayed: ReadonlyMap<number, Pod>;
}

interface Input {
  readonly job: Job;
  readonly pods: readonly Pod[];
  /** Uids of pods whose finalizer is gone though the cache still shows it. */
  readonly released: ReadonlySet<string>;
}

const uidOf = (pod: Pod): string => pod.metadata.uid ?? '';

/** The pods that still hold their finalizer. */
export function tracked({ pods, released }: Pick<Input, 'pods' | 'released'>): readonly Pod[] {
  return pods.filter((pod) => pod.metadata.finalizers?.includes(trackingFinalizer) && !released.has(uidOf(pod)));
}

/** True when the pod's index is one of the Job's. */
function isRelevant(job: Job, pod: Pod): boolean {
  if (!isIndexed(job)) return true;
  const index = indexOf(pod);
  return index !== undefined && index < (job.spec.completions ?? 0);
}

function indexesOf(pods: readonly Pod[]): Set<number> {
  return new Set(pods.flatMap((pod) => indexOf(pod) ?? []));
}

/** Of the failed pods of unfinished indexes without an active pod, the last one each. */
function delayedPods(failed: readonly Pod[], finished: readonly ReadonlySet<number>[]): Map<number, Pod> {
  const delayed = new Map<number, Pod>();
  for (const pod of failed) {
    const index = indexOf(pod);
    if (index === undefined || finished.some((set) => set.has(index))) continue;
    const known = delayed.get(index);
    if (known === undefined || absoluteFailures(known) <= absoluteFailures(pod)) delayed.set(index, pod);
  }
  return delayed;
}

/** Takes stock of the Job's pods. */
export function takeTally(input: Input): Tally {
  const { job, pods } = input;
  const { status } = job;
  const uncounted = status.uncountedTerminatedPods ?? {};
  const known = new Set([...(uncounted.succeeded ?? []), ...(uncounted.failed ?? [])]);
  const fresh = tracked(input).filter((pod) => !known.has(uidOf(pod)) && isRelevant(job, pod));
  const succeeded = fresh.filter((pod) => pod.status.phase === 'Succeeded');
  const failed = fresh.filter((pod) => hasFailed(job, pod));
  const counting = failed.filter((pod) => judgeFailure(job, pod).counts);
  const failures = (status.failed ?? 0) + (uncounted.failed?.length ?? 0) + counting.length;
  const base = { fresh: { succeeded, failed }, failed: failures };
  if (!isIndexed(job)) {
    const all = (status.succeeded ?? 0) + (uncounted.succeeded?.length ?? 0) + succeeded.length;
    return { ...base, succeeded: all, completed: new Set(), failedIndexes: new Set(), delayed: new Map() };
  }
  const completed = indexesOf(succeeded).union(new Set(parseIndexes(status.completedIndexes)));
  if (!perIndex(job)) return { ...base, succeeded: completed.size, completed, failedIndexes: new Set(), delayed: new Map() };
  const given = new Set(parseIndexes(status.failedIndexes));
  const failedIndexes = indexesOf(failed.filter((pod) => isIndexFailed(job, pod)))
    .union(given)
    .difference(completed);
  const delayed = delayedPods(failed, [completed, failedIndexes, indexesOf(pods.filter(isPodActive))]);
  return { ...base, succeeded: completed.size, completed, failedIndexes, delayed };
}

export interface Booking {
  readonly succeeded: number;
  readonly failed: number;
  readonly uncounted: NonNullable<JobStatus['uncountedTerminatedPods']>;
  /** Pods whose finalizer goes once the status is written. */
  readonly release: readonly Pod[];
}

/**
 * Moves pods on: those that lost their finalizer from the uncounted to the counts, those that ended to the uncounted. A Job
 * that is over lets all go; when it has failed, what still runs counts as failed.
 */
export function book(input: Input, tally: Tally, over: 'no' | 'succeeded' | 'failed'): Booking {
  const { job } = input;
  const { status } = job;
  const holding = tracked(input);
  const held = new Set(holding.map(uidOf));
  const before = { succeeded: status.uncountedTerminatedPods?.succeeded ?? [], failed: status.uncountedTerminatedPods?.failed ?? [] };
  const kept = { succeeded: before.succeeded.filter((uid) => held.has(uid)), failed: before.failed.filter((uid) => held.has(uid)) };
  const known = new Set([...before.succeeded, ...before.failed]);
  const waits = new Set(over === 'no' ? [...tally.delayed.values()].map(uidOf) : []);
  const release = holding.filter((pod) => known.has(uidOf(pod)));
  const succeeded = [...kept.succeeded];
  const failed = [...kept.failed];
  for (const pod of holding) {
    const uid = uidOf(pod);
    if (known.has(uid) || waits.has(uid)) continue;
    if (succeeded.length + failed.length >= mostUncounted) break;
    if (pod.status.phase === 'Succeeded') {
      if (!isIndexed(job)) succeeded.push(uid);
    } else if (hasFailed(job, pod) || over === 'failed') {
      if (isRelevant(job, pod) && judgeFailure(job, pod).counts) failed.push(uid);
    } else continue;
    release.push(pod);
  }
  return {
    succeeded: isIndexed(job) ? tally.completed.size : (status.succeeded ?? 0) + before.succeeded.length - kept.succeeded.length,
    failed: (status.failed ?? 0) + before.failed.length - kept.failed.length,
    uncounted: { ...(succeeded.length > 0 ? { succeeded } : {}), ...(failed.length > 0 ? { failed } : {}) },
    release,
  };
}
