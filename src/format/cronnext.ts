// When a cron schedule is due next, by the clocks of a time zone.
import type { Schedule } from './cron.ts';
import { type WallTime, wallTime } from './zone.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** Schedules such as the 30th of February are never due: looking ends here. */
const horizon = 5 * 366 * day;

function dayMatches(schedule: Schedule, wall: WallTime): boolean {
  const ofMonth = schedule.dayOfMonth.has(wall.day);
  const ofWeek = schedule.dayOfWeek.has(wall.weekday);
  return schedule.bothDays ? ofMonth && ofWeek : ofMonth || ofWeek;
}

/** The first instant of the next day of these clocks; that is not always midnight. */
function nextDay(at: number, wall: WallTime, zone: string | undefined): number {
  let next = at + day - wall.hour * hour - wall.minute * minute;
  // A day of 25 hours ends later, one of 23 hours has ended earlier.
  while (wallTime(next, zone).day === wall.day) next += hour;
  while (next - hour > at && wallTime(next - hour, zone).day !== wall.day) next -= hour;
  return next;
}

/**
 * The first due time after `after` (milliseconds since the epoch); undefined when there is none within five years. Times that
 * clocks skip do not happen, times that they show twice happen twice. Without a zone: UTC.
 */
export function nextCron(schedule: Schedule, after: number, zone?: string): number | undefined {
  if (schedule.every !== undefined) return Math.floor(after / 1000) * 1000 + schedule.every;
  let at = Math.floor(after / minute) * minute + minute;
  while (at - after < horizon) {
    const wall = wallTime(at, zone);
    if (!schedule.month.has(wall.month) || !dayMatches(schedule, wall)) at = nextDay(at, wall, zone);
    else if (!schedule.hour.has(wall.hour)) at += hour - wall.minute * minute;
    else if (!schedule.minute.has(wall.minute)) at += minute;
    else return at;
  }
  return undefined;
}
