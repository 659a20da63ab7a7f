// What a Job does next. Pure: the Job and its pods in, actions and status out.
import type { Job, JobCondition, JobStatus } from '#api/batch/v1/job.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { isPodActive, isPodReady, isPodTerminal } from '#api/podutil.ts';
import { rfc3339 } from '#base/clock.ts';
import { formatIndexes, indexOf, parseIndexes } from './indexes.ts';

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';

export interface Observed {
  readonly job: Job;
  /** All pods that the Job controls, ended and deleted ones too. */
  readonly pods: readonly Pod[];
  /** Uids of pods whose finalizer we removed but whose change we have not seen yet. */
  readonly released: ReadonlySet<string>;
  readonly now: number;
}

export interface Plan {
  readonly status: JobStatus;
  /** Pods to make: their completion index, or undefined in a Job without indexes. */
  readonly create: readonly (number | undefined)[];
  readonly remove: readonly Pod[];
  /** Pods whose end is counted in `status`: their finalizer goes once the status is written. */
  readonly release: readonly Pod[];
  /** Milliseconds until something is due without an event. */
  readonly wait?: number;
  readonly events: readonly { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }[];
}

const condition = (type: string, reason: string, message: string, now: number, status: 'True' | 'False' = 'True'): JobCondition => ({
  type,
  status,
  reason,
  message,
  lastProbeTime: rfc3339(now),
  lastTransitionTime: rfc3339(now),
});

export const has = (status: JobStatus, type: string): boolean =>
  status.conditions?.some((entry) => entry.type === type && entry.status === 'True') ?? false;
export const isFinished = (job: Job): boolean => has(job.status, 'Complete') || has(job.status, 'Failed');

const hasFinalizer = (pod: Pod): boolean => pod.metadata.finalizers?.includes(trackingFinalizer) ?? false;
const isIndexed = (job: Job): boolean => job.spec.completionMode === 'Indexed';

/** A pod that was deleted before it ended counts as failed once it has ended or was never placed. */
function outcome(pod: Pod): 'succeeded' | 'failed' | undefined {
  if (pod.status.phase === 'Succeeded') return 'succeeded';
  if (pod.status.phase === 'Failed') return 'failed';
  return undefined;
}

interface Counts {
  readonly succeeded: number;
  readonly failed: number;
  readonly indexes: ReadonlySet<number>;
  readonly release: readonly Pod[];
}

/** Counts the pods that ended since the last status; each exactly once, because its finalizer goes only afterwards. */
function count({ job, pods, released }: Observed): Counts {
  const indexes = new Set(parseIndexes(job.status.completedIndexes));
  let succeeded = job.status.succeeded ?? 0;
  let failed = job.status.failed ?? 0;
  const release: Pod[] = [];
  for (const pod of pods) {
    if (!hasFinalizer(pod) || released.has(pod.metadata.uid ?? '')) continue;
    const end = outcome(pod) ?? (pod.metadata.deletionTimestamp !== undefined && !pod.spec.nodeName ? 'failed' : undefined);
    if (end === undefined) continue;
    release.push(pod);
    if (end === 'failed') failed++;
    else if (isIndexed(job)) {
      const index = indexOf(pod);
      if (index !== undefined && index < (job.spec.completions ?? 0)) indexes.add(index);
    } else succeeded++;
  }
  return { succeeded: isIndexed(job) ? indexes.size : succeeded, failed, indexes, release };
}

/** Restarts in place count against the limit too when containers restart. */
function restartsExceeded(job: Job, pods: readonly Pod[]): boolean {
  if (job.spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  const limit = job.spec.backoffLimit ?? 6;
  let restarts = 0;
  for (const pod of pods) {
    if (pod.status.phase !== 'Running' && pod.status.phase !== 'Pending') continue;
    for (const status of [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])])
      restarts += status.restartCount;
  }
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

function deadlineLeft(job: Job, now: number): number | undefined {
  const seconds = job.spec.activeDeadlineSeconds;
  if (seconds === undefined || job.status.startTime === undefined || job.spec.suspend) return undefined;
  return Date.parse(job.status.startTime) + seconds * 1000 - now;
}

const firstDelay = 10_000;
const longestDelay = 600_000;

/** How long to wait before replacing failed pods: 10 s, doubling, since the last failure. */
function backoffLeft({ job, pods, now }: Observed, counts: Counts): number {
  const newlyFailed = counts.failed - (job.status.failed ?? 0);
  if (counts.failed === 0) return 0;
  const ends = pods.filter((pod) => pod.status.phase === 'Failed').map((pod) => endOf(pod, now));
  const last = Math.max(0, ...ends);
  if (last === 0 && newlyFailed === 0) return 0;
  const streak = Math.max(1, pods.filter((pod) => pod.status.phase === 'Failed').length);
  return Math.max(0, last + Math.min(firstDelay * 2 ** (streak - 1), longestDelay) - now);
}

function endOf(pod: Pod, now: number): number {
  const times = (pod.status.containerStatuses ?? []).flatMap(({ state }) =>
    state?.terminated?.finishedAt ? [Date.parse(state.terminated.finishedAt)] : [],
  );
  return times.length > 0 ? Math.max(...times) : Date.parse(pod.metadata.deletionTimestamp ?? '') || now;
}

/** The lowest indexes that neither are complete nor have a pod. */
function freeIndexes(job: Job, counts: Counts, active: readonly Pod[], wanted: number): number[] {
  const taken = new Set(active.map(indexOf));
  const free: number[] = [];
  for (let index = 0; index < (job.spec.completions ?? 0) && free.length < wanted; index++)
    if (!counts.indexes.has(index) && !taken.has(index)) free.push(index);
  return free;
}

type Verdict = { readonly kind: 'run' } | { readonly kind: 'done' | 'failed'; readonly reason: string; readonly message: string };

function judge(observed: Observed, counts: Counts, active: readonly Pod[]): Verdict {
  const { job, now } = observed;
  const target = job.status.conditions?.find(
    ({ type, status }) => (type === 'FailureTarget' || type === 'SuccessCriteriaMet') && status === 'True',
  );
  if (target !== undefined)
    return { kind: target.type === 'FailureTarget' ? 'failed' : 'done', reason: target.reason ?? '', message: target.message ?? '' };
  if (counts.failed > (job.spec.backoffLimit ?? 6) || restartsExceeded(job, active)) {
    return { kind: 'failed', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
  }
  const left = deadlineLeft(job, now);
  if (left !== undefined && left <= 0)
    return { kind: 'failed', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
  const { completions } = job.spec;
  const complete = completions === undefined ? counts.succeeded > 0 && active.length === 0 : counts.succeeded >= completions;
  return complete ? { kind: 'done', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' } : { kind: 'run' };
}

/** Plans one round. A finished Job only lets go of its pods. */
export function planJob(observed: Observed): Plan {
  const { job, pods, now } = observed;
  const nothing = { create: [], remove: [], events: [] };
  if (isFinished(job) || job.metadata.deletionTimestamp !== undefined) {
    return {
      ...nothing,
      status: job.status,
      release: pods.filter((pod) => hasFinalizer(pod) && (isPodTerminal(pod) || job.metadata.deletionTimestamp !== undefined)),
    };
  }
  const counts = count(observed);
  const active = pods.filter(isPodActive);
  const terminating = pods.filter((pod) => pod.metadata.deletionTimestamp !== undefined && !isPodTerminal(pod)).length;
  const verdict = judge(observed, counts, active);
  const suspended = job.spec.suspend === true;
  const started = job.status.startTime ?? (suspended ? undefined : rfc3339(now));
  let conditions: readonly JobCondition[] = job.status.conditions ?? [];
  const events: Plan['events'][number][] = [];

  let create: (number | undefined)[] = [];
  let remove: readonly Pod[] = [];
  let wait = deadlineLeft(job, now);
  if (verdict.kind !== 'run') {
    remove = active;
    const targetType = verdict.kind === 'done' ? 'SuccessCriteriaMet' : 'FailureTarget';
    if (!has(job.status, targetType)) conditions = [...conditions, condition(targetType, verdict.reason, verdict.message, now)];
    if (active.length === 0 && terminating === 0) {
      const finalType = verdict.kind === 'done' ? 'Complete' : 'Failed';
      conditions = [...conditions, condition(finalType, verdict.reason, verdict.message, now)];
      events.push(
        verdict.kind === 'done'
          ? { type: 'Normal', reason: 'Completed', message: 'Job completed' }
          : { type: 'Warning', reason: verdict.reason, message: verdict.message },
      );
    }
  } else if (suspended) {
    remove = active;
    if (!has(job.status, 'Suspended')) {
      conditions = [...conditions.filter(({ type }) => type !== 'Suspended'), condition('Suspended', 'JobSuspended', 'Job suspended', now)];
      events.push({ type: 'Normal', reason: 'Suspended', message: 'Job suspended' });
    }
  } else {
    if (has(job.status, 'Suspended')) {
      conditions = conditions.map((entry) =>
        entry.type === 'Suspended' ? condition('Suspended', 'JobResumed', 'Job resumed', now, 'False') : entry,
      );
      events.push({ type: 'Normal', reason: 'Resumed', message: 'Job resumed' });
    }
    const parallelism = job.spec.parallelism ?? 1;
    const { completions } = job.spec;
    const wanted =
      completions === undefined
        ? counts.succeeded > 0
          ? active.length
          : parallelism
        : Math.min(parallelism, completions - counts.succeeded);
    const missing = wanted - active.length;
    if (missing < 0) remove = active.toSorted((a, b) => Number(isPodReady(a)) - Number(isPodReady(b))).slice(0, -missing);
    else if (missing > 0) {
      const left = backoffLeft(observed, counts);
      if (left > 0) wait = Math.min(wait ?? left, left);
      else create = isIndexed(job) ? freeIndexes(job, counts, active, missing) : Array.from({ length: missing }, () => undefined);
    }
  }
  const finished = conditions.some(({ type }) => type === 'Complete');
  const status: JobStatus = {
    ...job.status,
    ...(started === undefined || suspended ? {} : { startTime: started }),
    active: Math.max(0, active.length - remove.length),
    ready: active.filter(isPodReady).length,
    terminating: terminating + remove.length,
    succeeded: counts.succeeded,
    failed: counts.failed,
    uncountedTerminatedPods: {},
    ...(isIndexed(job) ? { completedIndexes: formatIndexes(counts.indexes) } : {}),
    ...(conditions.length > 0 ? { conditions } : {}),
    ...(finished ? { completionTime: rfc3339(now) } : {}),
  };
  if (suspended) return { status: withoutStart(status), create, remove, release: counts.release, events };
  return { status, create, remove, release: counts.release, events, ...(wait === undefined ? {} : { wait: Math.max(0, wait) }) };
}

function withoutStart(status: JobStatus): JobStatus {
  const { startTime: _start, ...rest } = status;
  return rest;
}
