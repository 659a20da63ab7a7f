import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '#api/core/v1/event.ts';
import { notFound } from '#api/status.ts';
import { seededRandom } from '#base/seeded.ts';
import { createTestClock } from '#base/testclock.ts';
import type { Client } from './client.ts';
import { createRecorder } from './events.ts';
import { createSeriesRecorder } from './eventseries.ts';

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const minute = 60_000;
const pod = (name: string, resourceVersion: string) => ({
  kind: 'Pod',
  apiVersion: 'v1',
  namespace: 'ns',
  name,
  uid: `u-${name}`,
  resourceVersion,
});

function bench() {
  const clock = createTestClock();
  const stored = new Map<string, Event>();
  const writes: string[] = [];
  const series = ({ count = 0, lastObservedTime = '' }: NonNullable<Event['series']>) => `${count} at ${lastObservedTime?.slice(11, 19)}`;
  const events = {
    async create(event: Event) {
      stored.set(event.metadata.name, event);
      writes.push(`create ${event.metadata.name.split('.')[0]} ${event.reason}${event.series ? ` ${series(event.series)}` : ''}`);
      return event;
    },
    async patch(name: string, body: Pick<Event, 'series'>) {
      const old = stored.get(name);
      if (old === undefined) throw notFound({ group: '', resource: 'events' }, name);
      stored.set(name, { ...old, ...body });
      writes.push(`patch ${name.split('.')[0]} ${series(body.series ?? {})}`);
    },
  };
  const client = { resource: () => events } as unknown as Client;
  const world = { clock, random: seededRandom(1), log };
  const recorder = createSeriesRecorder(client, world, { component: 'default-scheduler', instance: 'i' });
  return { clock, stored, writes, recorder, client, world };
}

test('an event has the fields of events.k8s.io', async () => {
  const { clock, stored, recorder } = bench();
  recorder.event(pod('a', '1'), 'Warning', 'FailedScheduling', 'x'.repeat(2000), 'Scheduling');
  await clock.settle();
  const [event] = stored.values();
  assert.equal(event?.message?.length, 1024);
  const { action, eventTime, reportingComponent, reportingInstance, source, count, firstTimestamp } = event as Event;
  assert.deepEqual(
    [action, eventTime, reportingComponent, reportingInstance, source, count, firstTimestamp],
    ['Scheduling', '2026-01-01T00:00:00.000000Z', 'default-scheduler', 'i', undefined, undefined, undefined],
  );
  await recorder[Symbol.asyncDispose]();
});

test('what is told again is a series: written when it begins, every half hour, and when it is over', async () => {
  const { clock, writes, stored, recorder } = bench();
  const tell = (attempt: string) => recorder.event(pod('a', '1'), 'Warning', 'FailedScheduling', `attempt ${attempt}`, 'Scheduling');
  tell('1');
  await clock.advance(minute);
  tell('2');
  await clock.settle();
  assert.deepEqual(writes, ['create a FailedScheduling', 'patch a 2 at 00:01:00']);
  for (let at = 2; at <= 40; at++) {
    await clock.advance(minute);
    tell(String(at));
  }
  assert.deepEqual(writes.slice(2), ['patch a 36 at 00:35:00']);
  await clock.advance(20 * minute);
  assert.deepEqual(writes.slice(3), ['patch a 41 at 00:40:00']);
  assert.equal([...stored.values()][0]?.message, 'attempt 1', 'the note is that of the first');
  tell('late');
  await clock.settle();
  assert.deepEqual(writes.slice(4), ['create a FailedScheduling'], 'what is over begins anew');
  await recorder[Symbol.asyncDispose]();
  assert.equal(clock.pending, 0);
});

test('others are others; what has expired is told anew; nothing told, nothing waits', async () => {
  const { clock, writes, stored, recorder } = bench();
  recorder.event(pod('a', '1'), 'Normal', 'Scheduled', 'm', 'Binding');
  recorder.event(pod('b', '1'), 'Normal', 'Scheduled', 'm', 'Binding');
  recorder.event(pod('a', '1'), 'Normal', 'Preempted', 'm', 'Preempting');
  await clock.settle();
  assert.deepEqual(writes, ['create a Scheduled', 'create b Scheduled', 'create a Preempted']);
  stored.clear();
  recorder.event(pod('b', '1'), 'Normal', 'Scheduled', 'm', 'Binding');
  recorder.event(pod('b', '2'), 'Normal', 'Scheduled', 'changed', 'Binding');
  await clock.settle();
  assert.deepEqual(writes.slice(3), ['create b Scheduled 2 at 00:00:00', 'create b Scheduled']);
  await clock.advance(20 * minute);
  assert.equal(clock.pending, 0);
  await recorder[Symbol.asyncDispose]();
});

test('a burst is told whole, up to a bound', async () => {
  const { stored, recorder } = bench();
  for (let i = 0; i < 10_500; i++) recorder.event(pod(`p${i}`, '1'), 'Normal', 'Scheduled', 'm', 'Binding');
  await recorder.flush();
  assert.ok(stored.size >= 10_000 && stored.size < 10_500, `${stored.size} told`);
  await recorder[Symbol.asyncDispose]();
});

test('recorders of one process do not take names from each other', async () => {
  const { clock, stored, recorder, client, world } = bench();
  await using other = createRecorder(client, world, { component: 'volume-binder' });
  recorder.event(pod('a', '1'), 'Normal', 'Scheduled', 'one');
  other.event(pod('a', '1'), 'Normal', 'Provisioning', 'two');
  await clock.settle();
  await other.flush();
  assert.deepEqual(Array.from(stored.values(), ({ reason }) => reason).toSorted(), ['Provisioning', 'Scheduled']);
});
