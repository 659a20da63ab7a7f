import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CronJob } from '#api/batch/v1/cronjob.ts';
import type { Job } from '#api/batch/v1/job.ts';
import { jobFor, planCronJob } from './plan.ts';

const at = (text: string): number => Date.parse(`2026-01-01T${text}Z`);
const job = (name: string, end?: 'Complete' | 'Failed', started = '00:00:00'): Job =>
  ({
    metadata: { name, uid: name },
    status: {
      startTime: `2026-01-01T${started}Z`,
      ...(end === 'Complete' ? { completionTime: `2026-01-01T${started}Z` } : {}),
      conditions: end ? [{ type: end, status: 'True' }] : [],
    },
  }) as unknown as Job;

interface Given {
  readonly spec?: object;
  readonly status?: object;
  readonly active?: readonly string[];
  readonly jobs?: readonly Job[];
  readonly missing?: readonly string[];
  readonly created?: string;
  readonly now: string;
}

function cronOf({ spec = {}, status = {}, active = [], created = '10:00:00' }: Given): CronJob {
  return {
    metadata: { name: 'c', namespace: 'ns', uid: 'cron', creationTimestamp: `2026-01-01T${created}Z` },
    spec: { schedule: '*/5 * * * *', concurrencyPolicy: 'Allow', jobTemplate: { metadata: { labels: { a: 'b' } }, spec: {} }, ...spec },
    status: { ...(active.length ? { active: active.map((name) => ({ name, uid: name })) } : {}), ...status },
  } as unknown as CronJob;
}

function plan(given: Given) {
  const { jobs = [], missing = [], now } = given;
  return planCronJob({ cron: cronOf(given), jobs, missing: new Set(missing), now: at(now) });
}

const nameAt = (time: string): string => `c-${at(time) / 60_000}`;

const cases: readonly (Given & {
  readonly name: string;
  readonly creates?: string;
  readonly replaces?: readonly string[];
  readonly cleans?: readonly string[];
  readonly events?: readonly string[];
})[] = [
  { name: 'nothing before the first due time', now: '10:04:59' },
  { name: 'a job when it is due', now: '10:05:00', creates: '10:05:00' },
  { name: 'late is due too', now: '10:09:30', creates: '10:05:00' },
  { name: 'of several missed times the last counts', now: '10:31:00', creates: '10:30:00' },
  { name: 'served times are not due', status: { lastScheduleTime: '2026-01-01T10:05:00Z' }, now: '10:07:00' },
  { name: 'the next one is', status: { lastScheduleTime: '2026-01-01T10:05:00Z' }, now: '10:10:00', creates: '10:10:00' },
  { name: 'suspended: nothing', spec: { suspend: true }, now: '10:05:00' },
  { name: 'too late for its deadline', spec: { startingDeadlineSeconds: 10, schedule: '5 10 * * *' }, now: '10:06:00' },
  { name: 'within its deadline', spec: { startingDeadlineSeconds: 100 }, now: '10:06:00', creates: '10:05:00' },
  { name: 'by the clocks of a zone', spec: { schedule: '0 12 * * *', timeZone: 'Europe/Berlin' }, now: '11:00:00', creates: '11:00:00' },
  { name: 'Allow starts beside', active: ['x'], jobs: [job('x')], now: '10:05:00', creates: '10:05:00' },
  {
    name: 'Forbid waits',
    spec: { concurrencyPolicy: 'Forbid' },
    active: ['x'],
    jobs: [job('x')],
    now: '10:05:00',
    events: ['JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid'],
  },
  {
    name: 'Forbid starts when the last has ended',
    spec: { concurrencyPolicy: 'Forbid' },
    active: ['x'],
    jobs: [job('x', 'Failed')],
    now: '10:05:00',
    creates: '10:05:00',
    events: ['SawCompletedJob: Saw completed job: x, condition: Failed'],
  },
  {
    name: 'Replace makes room',
    spec: { concurrencyPolicy: 'Replace' },
    active: ['x'],
    jobs: [job('x')],
    now: '10:05:00',
    creates: '10:05:00',
    replaces: ['x'],
  },
  {
    name: 'a job that vanished is not active',
    active: ['x'],
    missing: ['x'],
    now: '10:01:00',
    events: ['MissingJob: Active job went missing: x'],
  },
  {
    name: 'a job that nobody knows is told about',
    jobs: [job('y')],
    now: '10:01:00',
    events: ['UnexpectedJob: Saw a job that the controller did not create or forgot: y'],
  },
  {
    name: 'the oldest beyond the limits go',
    spec: { successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 },
    jobs: [job('new', 'Complete', '09:00:00'), job('old', 'Complete', '08:00:00'), job('bad', 'Failed')],
    now: '10:01:00',
    cleans: ['old', 'bad'],
  },
  {
    name: 'many missed times are told about',
    spec: { schedule: '* * * * *' },
    now: '12:00:30',
    creates: '12:00:00',
    events: ['TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew'],
  },
];
for (const { name, creates, replaces = [], cleans = [], events = [], ...given } of cases) {
  test(name, () => {
    const result = plan(given);
    assert.equal(result.create?.metadata.name, creates === undefined ? undefined : nameAt(creates));
    assert.equal(
      result.status.lastScheduleTime,
      creates === undefined ? (given.status as { lastScheduleTime?: string })?.lastScheduleTime : `2026-01-01T${creates}Z`,
    );
    assert.deepEqual(
      result.replace.map((reference) => reference.name),
      replaces,
    );
    assert.deepEqual(
      result.cleanUp.map(({ metadata }) => metadata.name),
      cleans,
    );
    assert.deepEqual(
      result.events.map(({ reason, message }) => `${reason}: ${message}`),
      events,
    );
  });
}

test('a missed deadline is told in the words of RFC 1123', () => {
  const { events } = plan({ spec: { startingDeadlineSeconds: 59, schedule: '5 10 * * *' }, created: '10:00:00', now: '10:05:59' });
  assert.deepEqual(events, []);
});

test('the plan says when to look again', () => {
  assert.equal(plan({ now: '10:01:00' }).wait, 240_100);
  assert.equal(plan({ spec: { suspend: true }, now: '10:01:00' }).wait, undefined);
});

test('the time of the last success is kept', () => {
  const { status } = plan({ jobs: [job('a', 'Complete', '09:00:00'), job('b', 'Complete', '08:00:00')], now: '10:01:00' });
  assert.equal(status.lastSuccessfulTime, '2026-01-01T09:00:00Z');
});

test('a job carries its template, its time and its owner', () => {
  const { metadata } = jobFor(cronOf({ spec: { timeZone: 'Asia/Tokyo' }, now: '' }), at('10:05:00'));
  assert.equal(metadata.name, nameAt('10:05:00'));
  assert.deepEqual(metadata.labels, { a: 'b' });
  assert.deepEqual(metadata.annotations, { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T19:05:00+09:00' });
  assert.equal(metadata.ownerReferences?.[0]?.kind, 'CronJob');
});
