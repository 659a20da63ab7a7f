// What a CronJob does next. Pure: the CronJob and its Jobs in, actions and status out.
import { messageOf } from '#base/errors.ts';
import { rfc3339 } from '#base/clock.ts';
import type { CronJob, CronJobStatus } from '#api/batch/v1/cronjob.ts';
import type { Job } from '#api/batch/v1/job.ts';
import type { ObjectReference } from '#api/core/v1/reference.ts';
import type { Draft } from '#api/object.ts';
import { CronJobs } from '#api/refs.ts';
import { controllerRef } from '#client/ownership.ts';
import { parseCron } from '#format/cron.ts';
import { isZone, rfc3339In, wallTime } from '#format/zone.ts';
import { latestDue, untilNext } from './schedule.ts';

export interface Observed {
  readonly cron: CronJob;
  /** The Jobs that the CronJob controls. */
  readonly jobs: readonly Job[];
  /** Uids of active Jobs that the server does not have any more. */
  readonly missing: ReadonlySet<string>;
  readonly now: number;
}

export interface Plan {
  readonly status: CronJobStatus;
  /** Jobs that make room for the new one. */
  readonly replace: readonly ObjectReference[];
  readonly create?: Draft<Job> & { readonly metadata: { readonly name: string } };
  /** Finished Jobs beyond the history limits. */
  readonly cleanUp: readonly Job[];
  readonly events: readonly { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }[];
  /** Milliseconds until the schedule is due again. */
  readonly wait?: number;
}

/** How a Job ended, if it did. */
export function endOf(job: Job): 'Complete' | 'Failed' | undefined {
  const end = job.status.conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
  return end?.type as 'Complete' | 'Failed' | undefined;
}

const startOf = (job: Job): number => Date.parse(job.status.startTime ?? '') || Date.parse(job.metadata.creationTimestamp ?? '') || 0;

/** The oldest of the Jobs that ended like this, beyond the limit. */
function surplus(jobs: readonly Job[], end: 'Complete' | 'Failed', limit: number | undefined): readonly Job[] {
  if (limit === undefined) return [];
  const ended = jobs
    .filter((job) => endOf(job) === end && job.metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => startOf(a) - startOf(b) || (a.metadata.name < b.metadata.name ? -1 : 1));
  return ended.slice(0, Math.max(0, ended.length - limit));
}

/** The Job of a due time; its name says which, so that it cannot be made twice. */
export function jobFor(cron: CronJob, at: number): Draft<Job> & { readonly metadata: { readonly name: string } } {
  const { metadata: template, spec } = cron.spec.jobTemplate;
  return {
    metadata: {
      name: `${cron.metadata.name}-${Math.floor(at / 60_000)}`,
      namespace: cron.metadata.namespace ?? '',
      ...(template?.labels ? { labels: template.labels } : {}),
      annotations: { ...template?.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': rfc3339In(at, cron.spec.timeZone) },
      ...(template?.finalizers ? { finalizers: template.finalizers } : {}),
      ownerReferences: [controllerRef(cron, CronJobs)],
    },
    ...(spec ? { spec } : {}),
  };
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** RFC 1123 with a numeric zone, as events tell times. */
function longTime(ms: number): string {
  const { year, month, day, hour, minute, second, weekday } = wallTime(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${days[weekday]}, ${two(day)} ${months[month - 1]} ${year} ${two(hour)}:${two(minute)}:${two(second)} +0000`;
}

/** Brings the list of active Jobs and the time of the last success up to date. */
function takeStock({ cron, jobs, missing }: Observed, events: Plan['events'][number][]): CronJobStatus {
  let active = cron.status.active ?? [];
  let { lastSuccessfulTime } = cron.status;
  for (const job of jobs) {
    const listed = active.some(({ uid }) => uid === job.metadata.uid);
    const end = endOf(job);
    if (!listed && end === undefined) {
      const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`;
      events.push({ type: 'Warning', reason: 'UnexpectedJob', message });
    } else if (listed && end !== undefined) {
      active = active.filter(({ uid }) => uid !== job.metadata.uid);
      const message = `Saw completed job: ${job.metadata.name}, condition: ${end}`;
      events.push({ type: 'Normal', reason: 'SawCompletedJob', message });
    }
    const completed = job.status.completionTime;
    if (end === 'Complete' && completed !== undefined && (lastSuccessfulTime === undefined || completed > lastSuccessfulTime))
      lastSuccessfulTime = completed;
  }
  for (const { uid, name } of active)
    if (missing.has(uid ?? '')) events.push({ type: 'Normal', reason: 'MissingJob', message: `Active job went missing: ${name}` });
  active = active.filter(({ uid }) => !missing.has(uid ?? ''));
  const { active: _old, ...rest } = cron.status;
  return { ...rest, ...(active.length > 0 ? { active } : {}), ...(lastSuccessfulTime === undefined ? {} : { lastSuccessfulTime }) };
}

/** Plans one round. */
export function planCronJob(observed: Observed): Plan {
  const { cron, jobs, now } = observed;
  const events: Plan['events'][number][] = [];
  const status = takeStock(observed, events);
  const { spec } = cron;
  const deleting = cron.metadata.deletionTimestamp !== undefined;
  const cleanUp = deleting
    ? []
    : [...surplus(jobs, 'Complete', spec.successfulJobsHistoryLimit), ...surplus(jobs, 'Failed', spec.failedJobsHistoryLimit)];
  const idle: Plan = { status, replace: [], cleanUp, events };
  if (deleting || spec.suspend) return idle;

  const zone = spec.timeZone;
  if (zone !== undefined && !isZone(zone)) {
    events.push({ type: 'Warning', reason: 'UnknownTimeZone', message: `invalid timeZone: "${zone}": unknown time zone ${zone}` });
    return idle;
  }
  let schedule: ReturnType<typeof parseCron>;
  try {
    schedule = parseCron(spec.schedule);
  } catch (error) {
    events.push({
      type: 'Warning',
      reason: 'UnparseableSchedule',
      message: `unparseable schedule: "${spec.schedule}" : ${messageOf(error)}`,
    });
    return idle;
  }
  const wait = untilNext(cron, schedule, now);
  const later: Plan = { ...idle, ...(wait === undefined ? {} : { wait }) };
  const { at, missedMany } = latestDue(cron, schedule, now);
  if (missedMany) {
    const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
    events.push({ type: 'Warning', reason: 'TooManyMissedTimes', message });
  }
  if (at === undefined) return later;
  if (spec.startingDeadlineSeconds !== undefined && at + Number(spec.startingDeadlineSeconds) * 1000 < now) {
    events.push({ type: 'Warning', reason: 'MissSchedule', message: `Missed scheduled time to start a job: ${longTime(at)}` });
    return later;
  }
  const job = jobFor(cron, at);
  const active = status.active ?? [];
  const known = active.some(({ name }) => name === job.metadata.name);
  if (known || Date.parse(status.lastScheduleTime ?? '') === at) return later;
  // One that runs counts even when a crash kept it from being listed.
  const running = active.length > 0 || jobs.some((one) => endOf(one) === undefined && one.metadata.deletionTimestamp === undefined);
  if (spec.concurrencyPolicy === 'Forbid' && running) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    events.push({ type: 'Normal', reason: 'JobAlreadyActive', message });
    return later;
  }
  return {
    ...later,
    replace: spec.concurrencyPolicy === 'Replace' ? active : [],
    create: job,
    status: { ...status, lastScheduleTime: rfc3339(at) },
  };
}
