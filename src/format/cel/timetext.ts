// Timestamps and durations as text, and their parts.
import { fail } from './values.ts';
import { maxTimestamp, minTimestamp } from './arithmetic.ts';

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?([Zz]|[+-]\d\d:\d\d)$/;

/** Nanoseconds since the epoch of an RFC 3339 text; undefined when it is none. */
export function parseTimestamp(text: string): bigint | undefined {
  const match = rfc3339.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match;
  if (Number(month) < 1 || Number(month) > 12 || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCDate() !== Number(day)) return undefined;
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  let offset = 0;
  if (zone.length > 1) {
    const hours = Number(zone.slice(1, 3));
    const minutes = Number(zone.slice(4));
    if (hours > 23 || minutes > 59) return undefined;
    offset = (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
  }
  const nanos = BigInt(date.getTime() - offset) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  return nanos < minTimestamp || nanos > maxTimestamp ? undefined : nanos;
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

/** RFC 3339 in UTC, with as many digits as are needed. */
export function formatTimestamp(nanos: bigint): string {
  const seconds = floorDivide(nanos, 1_000_000_000n);
  const fraction = nanos - seconds * 1_000_000_000n;
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return fraction === 0n ? `${text}Z` : `${text}.${fraction.toString().padStart(9, '0').replace(/0+$/, '')}Z`;
}

/** Seconds with a fraction: `90.5s`. */
export function formatDuration(nanos: bigint): string {
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = (size % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${nanos < 0n ? '-' : ''}${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}s`;
}

export interface Calendar {
  readonly year: number;
  /** From 0. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  /** Sunday is 0. */
  readonly weekday: number;
  /** Day of the year, from 0. */
  readonly yearday: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const maxFormats = 100;

function zoneOffset(zone: string, ms: number): number {
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (fixed) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000;
  if (zone === '' || zone === 'UTC') return 0;
  let format = formats.get(zone);
  if (!format) {
    try {
      format = new Intl.DateTimeFormat('en-US-u-ca-gregory', {
        timeZone: zone,
        era: 'short',
        year: 'numeric',
        month: '2-digit',
        day: '2-digit',
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
        hourCycle: 'h23',
      });
    } catch {
      return fail(`unknown time zone ${zone}`);
    }
    if (formats.size >= maxFormats) formats.clear();
    formats.set(zone, format);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(ms)) part[type] = Number(value);
  const local = new Date(0);
  local.setUTCFullYear(part['year'] ?? 0, (part['month'] ?? 1) - 1, part['day'] ?? 1);
  local.setUTCHours(part['hour'] ?? 0, part['minute'] ?? 0, part['second'] ?? 0);
  return local.getTime() - Math.floor(ms / 1000) * 1000;
}

/** The parts of a moment in a time zone: a name, `UTC` or an offset such as `+05:30`. */
export function calendar(nanos: bigint, zone: string): Calendar {
  const ms = Number(floorDivide(nanos, 1_000_000n));
  const local = new Date(ms + zoneOffset(zone, ms));
  const start = new Date(local.getTime());
  start.setUTCMonth(0, 1);
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth(),
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    millisecond: ((ms % 1000) + 1000) % 1000,
    weekday: local.getUTCDay(),
    yearday: Math.round(
      (Math.floor(local.getTime() / 86_400_000) * 86_400_000 - Math.floor(start.getTime() / 86_400_000) * 86_400_000) / 86_400_000,
    ),
  };
}
