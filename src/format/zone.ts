// Wall clocks of time zones.

/** What clocks in a zone show at an instant. */
export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const mostFormats = 64;

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    const numeric = 'numeric' as const;
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    });
    if (formats.size >= mostFormats) formats.clear();
    formats.set(zone, format);
  }
  return format;
}

const isUtc = (zone: string | undefined): boolean => zone === undefined || zone === 'UTC' || zone === 'Etc/UTC';

/** What clocks show `ms` after the epoch; without a zone: UTC. Throws a RangeError when there is no such zone. */
export function wallTime(ms: number, zone?: string): WallTime {
  if (isUtc(zone)) {
    const date = new Date(ms);
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      weekday: date.getUTCDay(),
    };
  }
  const fields: Record<string, number> = {};
  for (const { type, value } of formatOf(zone as string).formatToParts(ms)) if (type !== 'literal') fields[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = fields;
  return { year, month, day, hour, minute, second, weekday: new Date(Date.UTC(year, month - 1, day)).getUTCDay() };
}

const two = (value: number): string => String(value).padStart(2, '0');

/** RFC 3339 with the offset of the zone; `Z` for UTC. */
export function rfc3339In(ms: number, zone?: string): string {
  const wall = wallTime(ms, zone);
  const { year, month, day, hour, minute, second } = wall;
  const offset = Math.round((Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000) / 60_000);
  const distance = Math.abs(offset);
  const suffix = offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${two(Math.floor(distance / 60))}:${two(distance % 60)}`;
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${suffix}`;
}

/** True when there is a time zone of this name. */
export function isZone(name: string): boolean {
  try {
    wallTime(0, name);
    return true;
  } catch {
    return false;
  }
}
