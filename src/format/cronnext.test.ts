import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCron } from './cron.ts';
import { nextCron } from './cronnext.ts';
import { rfc3339In } from './zone.ts';

// Schedule, start, zone, and the due times that follow.
const cases: readonly (readonly [string, string, string | undefined, ...(string | undefined)[]])[] = [
  ['* * * * *', '2026-01-01T00:00:30Z', undefined, '2026-01-01T00:01:00Z', '2026-01-01T00:02:00Z'],
  ['* * * * *', '2026-01-01T00:01:00Z', undefined, '2026-01-01T00:02:00Z'],
  ['*/15 * * * *', '2026-01-01T00:50:00Z', undefined, '2026-01-01T01:00:00Z', '2026-01-01T01:15:00Z'],
  ['30 4 1,15 * *', '2026-01-02T00:00:00Z', undefined, '2026-01-15T04:30:00Z', '2026-02-01T04:30:00Z'],
  ['0 0 * * 0', '2026-01-01T00:00:00Z', undefined, '2026-01-04T00:00:00Z', '2026-01-11T00:00:00Z'],
  ['0 0 13 * 5', '2026-01-03T00:00:00Z', undefined, '2026-01-09T00:00:00Z', '2026-01-13T00:00:00Z'],
  ['0 0 */2 * 1', '2026-01-01T00:00:00Z', undefined, '2026-01-05T00:00:00Z', '2026-01-19T00:00:00Z'],
  ['0 12 29 2 *', '2026-01-01T00:00:00Z', undefined, '2028-02-29T12:00:00Z'],
  ['0 0 30 2 *', '2026-01-01T00:00:00Z', undefined, undefined],
  ['59 23 31 12 *', '2026-12-31T23:59:00Z', undefined, '2027-12-31T23:59:00Z'],
  ['@hourly', '2026-01-01T00:30:00Z', undefined, '2026-01-01T01:00:00Z'],
  ['@every 90s', '2026-01-01T00:00:00.500Z', undefined, '2026-01-01T00:01:30Z', '2026-01-01T00:03:00Z'],
  ['0 9 * * *', '2026-01-01T00:00:00Z', 'America/New_York', '2026-01-01T09:00:00-05:00', '2026-01-02T09:00:00-05:00'],
  ['0 9 * * *', '2026-07-01T00:00:00Z', 'Asia/Kolkata', '2026-07-01T09:00:00+05:30'],
  // 02:30 does not exist on 8 March 2026 in New York.
  ['30 2 * * *', '2026-03-07T12:00:00Z', 'America/New_York', '2026-03-09T02:30:00-04:00'],
  // 01:30 comes twice on 1 November 2026.
  [
    '30 1 * * *',
    '2026-11-01T00:00:00Z',
    'America/New_York',
    '2026-11-01T01:30:00-04:00',
    '2026-11-01T01:30:00-05:00',
    '2026-11-02T01:30:00-05:00',
  ],
  ['0 0 * * *', '2026-03-08T06:00:00Z', 'America/New_York', '2026-03-09T00:00:00-04:00', '2026-03-10T00:00:00-04:00'],
  ['0 0 * * *', '2026-11-01T06:00:00Z', 'America/New_York', '2026-11-02T00:00:00-05:00'],
  // In Beirut clocks skip the hour after midnight in spring: that day begins at one.
  ['15 1 * * *', '2026-03-28T12:00:00Z', 'Asia/Beirut', '2026-03-29T01:15:00+03:00'],
];
for (const [text, start, zone, ...due] of cases) {
  test(`${text} after ${start} ${zone ?? 'UTC'}`, () => {
    const schedule = parseCron(text);
    let at: number | undefined = Date.parse(start);
    for (const expected of due) {
      at = nextCron(schedule, at as number, zone);
      assert.equal(at === undefined ? undefined : rfc3339In(at, zone), expected);
    }
  });
}
