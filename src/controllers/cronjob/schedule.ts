// Which due time of a CronJob counts now. Pure.
import type { CronJob } from '#api/batch/v1/cronjob.ts';
import type { Schedule } from '#format/cron.ts';
import { nextCron } from '#format/cronnext.ts';

/** More missed times than these hint at a clock that jumped or a controller that was away. */
const many = 100;

export interface Due {
  /** The latest due time that has come and has not been served; undefined when none has. */
  readonly at: number | undefined;
  readonly missedMany: boolean;
}

/** The latest time due since the last one, or since creation; not before the starting deadline. */
export function latestDue(cron: CronJob, schedule: Schedule, now: number): Due {
  const zone = cron.spec.timeZone;
  const deadline = cron.spec.startingDeadlineSeconds;
  const since = Date.parse(cron.status.lastScheduleTime ?? cron.metadata.creationTimestamp ?? '') || now;
  const from = deadline === undefined ? since : Math.max(since, now - Number(deadline) * 1000);
  const first = nextCron(schedule, from, zone);
  if (first === undefined || first > now) return { at: undefined, missedMany: false };
  const second = nextCron(schedule, first, zone);
  if (second === undefined || second > now) return { at: first, missedMany: false };
  // Not walked through one by one: a year of minutes would take long. The distance of the first two tells how far to jump.
  const distance = second - first;
  const missed = Math.floor((now - first) / distance) + 1;
  let latest = first;
  for (let at = nextCron(schedule, first + (missed - 2) * distance, zone); at !== undefined && at <= now; at = nextCron(schedule, at, zone))
    latest = at;
  // Uneven schedules may have nothing after the jump: then the last before it counts.
  if (latest === first)
    for (let at = second as number | undefined; at !== undefined && at <= now; at = nextCron(schedule, at, zone)) latest = at;
  return { at: latest, missedMany: missed > many };
}

/** Milliseconds until the schedule is due again; a little later, so that a clock that is slow by a moment finds it due. */
export function untilNext(cron: CronJob, schedule: Schedule, now: number): number | undefined {
  const next = nextCron(schedule, now, cron.spec.timeZone);
  return next === undefined ? undefined : next - now + 100;
}
