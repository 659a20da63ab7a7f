// What a Job does next. Pure: the Job and its pods in, actions and status out.
import type { Job, JobCondition, JobStatus } from '#api/batch/v1/job.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { isPodActive, isPodReady, isPodTerminal } from '#api/podutil.ts';
import { rfc3339 } from '#base/clock.ts';
import { type BackoffRecord, backoffLeft, nextRecord } from './backoff.ts';
import { formatIndexes, indexOf } from './indexes.ts';
import { indexBackoffLeft } from './perindex.ts';
import { hasFailed, judgeFailure, replacesOnlyFailed, successOf } from './policy.ts';
import { rankForRemoval } from './removal.ts';
import { book, isIndexed, perIndex, type Tally, takeTally, tracked } from './tally.ts';

/** Pods made or removed at most in one round. */
export const burst = 500;

export interface Observed {
  readonly job: Job;
  /** All pods that the Job controls, ended and deleted ones too. */
  readonly pods: readonly Pod[];
  /** Uids of pods whose finalizer we removed but whose change we have not seen yet. */
  readonly released: ReadonlySet<string>;
  /** False while pods that we made or removed are not in the cache yet: then none are made or removed. */
  readonly settled: boolean;
  readonly backoff: BackoffRecord;
  readonly now: number;
}

/** A pod to make: its index, and the failed pod that it follows, where failures are counted by index. */
export interface NewPod {
  readonly index: number | undefined;
  readonly follows?: Pod;
}

export interface Plan {
  readonly status: JobStatus;
  readonly create: readonly NewPod[];
  readonly remove: readonly Pod[];
  /** Pods whose end is in `status`: their finalizer goes once the status is written. */
  readonly release: readonly Pod[];
  /** What to remember once the status is written. */
  readonly backoff: BackoffRecord;
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
  return Date.parse(job.status.startTime) + Number(seconds) * 1000 - now;
}

type Verdict = { readonly kind: 'run' } | { readonly kind: 'succeeded' | 'failed'; readonly reason: string; readonly message: string };
const failed = (reason: string, message: string): Verdict => ({ kind: 'failed', reason, message });

/** What was decided in an earlier round, and holds. */
function decided({ job }: Observed): Verdict | undefined {
  const target = job.status.conditions?.find(
    ({ type, status }) => (type === 'FailureTarget' || type === 'SuccessCriteriaMet') && status === 'True',
  );
  if (target === undefined) return undefined;
  const kind = target.type === 'FailureTarget' ? 'failed' : 'succeeded';
  return { kind, reason: target.reason ?? '', message: target.message ?? '' };
}

/** Whether the Job has failed or its success policy is met. Reaching all completions is looked at later. */
function judge(observed: Observed, tally: Tally): Verdict {
  const { job, pods, now } = observed;
  const known = decided(observed);
  if (known !== undefined) return known;
  for (const pod of pods) {
    const message = hasFailed(job, pod) ? judgeFailure(job, pod).message : undefined;
    if (message !== undefined) return failed('PodFailurePolicy', message);
  }
  if (tally.failed > (job.spec.backoffLimit ?? 6) || restartsExceeded(job, pods))
    return failed('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  const left = deadlineLeft(job, now);
  if (left !== undefined && left <= 0) return failed('DeadlineExceeded', 'Job was active longer than specified deadline');
  if (!isIndexed(job)) return { kind: 'run' };
  const lost = tally.failedIndexes.size;
  if (job.spec.maxFailedIndexes !== undefined && lost > job.spec.maxFailedIndexes)
    return failed('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
  if (lost > 0 && lost + tally.completed.size >= (job.spec.completions ?? 0)) return failed('FailedIndexes', 'Job has failed indexes');
  const success = successOf(job, tally.completed);
  return success === undefined ? { kind: 'run' } : { kind: 'succeeded', reason: 'SuccessPolicy', message: success };
}

interface Management {
  readonly create: readonly NewPod[];
  readonly remove: readonly Pod[];
  readonly wait?: number;
}
const nothing: Management = { create: [], remove: [] };

/** The lowest indexes that neither are finished nor have a pod. */
function freeIndexes(job: Job, tally: Tally, taken: ReadonlySet<number>, wanted: number): number[] {
  const free: number[] = [];
  for (let index = 0; index < (job.spec.completions ?? 0) && free.length < wanted; index++)
    if (!tally.completed.has(index) && !tally.failedIndexes.has(index) && !taken.has(index)) free.push(index);
  return free;
}

/** Pods for these indexes; those that failed lately wait, unless all do. */
function podsFor(indexes: readonly number[], tally: Tally, now: number): Management {
  const waits = new Map(
    indexes.map((index) => {
      const last = tally.delayed.get(index);
      return [index, last === undefined ? 0 : indexBackoffLeft(last, now)];
    }),
  );
  const create = indexes
    .filter((index) => waits.get(index) === 0)
    .map((index) => {
      const follows = tally.delayed.get(index);
      return follows === undefined ? { index } : { index, follows };
    });
  const later = [...waits.values()].filter((wait) => wait > 0);
  return { create, remove: [], ...(later.length > 0 ? { wait: Math.min(...later) } : {}) };
}

/** Brings the number of active pods to what is wanted: in one round pods are either removed or made. */
function manage(observed: Observed, tally: Tally, record: BackoffRecord): Management {
  const { job, pods, now } = observed;
  const active = pods.filter(isPodActive);
  if (job.spec.suspend) return { create: [], remove: rankForRemoval(job, active, active.length).slice(0, burst) };
  const terminating = pods.filter((pod) => pod.metadata.deletionTimestamp !== undefined && !isPodTerminal(pod));
  const { completions, parallelism = 1 } = job.spec;
  const wanted =
    completions === undefined
      ? tally.succeeded > 0
        ? active.length
        : parallelism
      : Math.max(0, Math.min(parallelism, completions - tally.succeeded));
  const surplus = rankForRemoval(job, active, Math.max(0, active.length - wanted));
  if (surplus.length > 0) return { create: [], remove: surplus.slice(0, burst) };
  const occupied = replacesOnlyFailed(job) ? [...active, ...terminating] : active;
  const missing = Math.min(wanted - occupied.length, burst);
  if (missing <= 0) return nothing;
  const left = perIndex(job) ? 0 : backoffLeft(record, now);
  if (left > 0) return { ...nothing, wait: left };
  if (!isIndexed(job)) return { create: Array.from({ length: missing }, () => ({ index: undefined })), remove: [] };
  return podsFor(freeIndexes(job, tally, new Set(occupied.flatMap((pod) => indexOf(pod) ?? [])), missing), tally, now);
}

type Events = Plan['events'][number][];

/** Sets the Suspended condition; tells when it changes. Gives undefined when nothing does. */
function suspension({ job, now }: Observed, events: Events): readonly JobCondition[] | undefined {
  const conditions = job.status.conditions ?? [];
  const others = conditions.filter(({ type }) => type !== 'Suspended');
  if (job.spec.suspend === true && !has(job.status, 'Suspended')) {
    events.push({ type: 'Normal', reason: 'Suspended', message: 'Job suspended' });
    return [...others, condition('Suspended', 'JobSuspended', 'Job suspended', now)];
  }
  if (job.spec.suspend !== true && has(job.status, 'Suspended')) {
    events.push({ type: 'Normal', reason: 'Resumed', message: 'Job resumed' });
    return [...others, condition('Suspended', 'JobResumed', 'Job resumed', now, 'False')];
  }
  return undefined;
}

/** The interim condition, and the final one once nothing of the Job is left to end or to count. */
function finish(
  { job, now }: Observed,
  verdict: Exclude<Verdict, { kind: 'run' }>,
  drained: boolean,
  events: Events,
): readonly JobCondition[] {
  const { kind, reason, message } = verdict;
  const [interim, final] = kind === 'succeeded' ? ['SuccessCriteriaMet', 'Complete'] : ['FailureTarget', 'Failed'];
  const conditions = [...(job.status.conditions ?? [])];
  if (!has(job.status, interim as string)) conditions.push(condition(interim as string, reason, message, now));
  if (drained) {
    conditions.push(condition(final as string, reason, message, now));
    if (kind === 'succeeded') events.push({ type: 'Normal', reason: 'Completed', message: 'Job completed' });
    else events.push({ type: 'Warning', reason, message });
  }
  return conditions;
}

/** Plans one round. A finished Job only lets go of its pods. */
export function planJob(observed: Observed): Plan {
  const { job, pods, now, settled } = observed;
  if (isFinished(job) || job.metadata.deletionTimestamp !== undefined) {
    const over = job.metadata.deletionTimestamp !== undefined;
    const release = tracked(observed).filter((pod) => over || isPodTerminal(pod) || pod.metadata.deletionTimestamp !== undefined);
    return { status: job.status, create: [], remove: [], release, backoff: observed.backoff, events: [] };
  }
  const tally = takeTally(observed);
  const backoff = nextRecord(observed.backoff, tally.fresh.succeeded, tally.fresh.failed, now);
  const events: Events = [];
  const active = pods.filter(isPodActive);
  let verdict = judge(observed, tally);
  let management = nothing;
  let conditions: readonly JobCondition[] | undefined;
  let { startTime } = job.status;
  if (!job.spec.suspend) startTime ??= rfc3339(now);
  if (verdict.kind !== 'run') management = { ...nothing, remove: settled ? active : [] };
  else {
    if (settled) management = manage(observed, tally, backoff);
    const { completions } = job.spec;
    const enough = completions === undefined ? tally.succeeded > 0 : tally.succeeded >= completions;
    if (enough && active.length === 0)
      verdict = { kind: 'succeeded', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
    else if (settled) {
      conditions = suspension(observed, events);
      if (conditions !== undefined && !job.spec.suspend) startTime = rfc3339(now);
    }
  }
  const leaving = new Set(management.remove);
  const terminating = pods.filter((pod) => pod.metadata.deletionTimestamp !== undefined && !isPodTerminal(pod)).length + leaving.size;
  const staying = active.filter((pod) => !leaving.has(pod));
  const { release, uncounted, ...counts } = book(observed, tally, verdict.kind === 'run' ? 'no' : verdict.kind);
  if (verdict.kind !== 'run') {
    const open = (uncounted.succeeded?.length ?? 0) + (uncounted.failed?.length ?? 0) + release.length;
    conditions = finish(observed, verdict, settled && open === 0 && active.length === 0 && terminating === 0, events);
  }
  const all = conditions ?? job.status.conditions ?? [];
  const complete = all.some(({ type }) => type === 'Complete');
  const waits = [deadlineLeft({ ...job, status: { ...job.status, ...(startTime ? { startTime } : {}) } }, now), management.wait];
  const wait = Math.min(...waits.map((one) => one ?? Number.POSITIVE_INFINITY));
  const status: JobStatus = {
    ...job.status,
    ...(startTime === undefined ? {} : { startTime }),
    active: staying.length,
    ready: staying.filter(isPodReady).length,
    terminating,
    ...counts,
    uncountedTerminatedPods: uncounted,
    ...(isIndexed(job) ? { completedIndexes: formatIndexes(tally.completed) } : {}),
    ...(perIndex(job) ? { failedIndexes: formatIndexes(tally.failedIndexes) } : {}),
    ...(all.length > 0 ? { conditions: all } : {}),
    ...(complete ? { completionTime: rfc3339(now) } : {}),
  };
  const timed = verdict.kind === 'run' && Number.isFinite(wait);
  return {
    status,
    create: management.create,
    remove: management.remove,
    release,
    backoff,
    events,
    ...(timed ? { wait: Math.max(0, wait) } : {}),
  };
}
