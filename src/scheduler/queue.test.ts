// The scheduling queue: order, back-off, and which events bring a pod back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestClock } from '#base/testclock.ts';
import { extenderName, type Plugin } from './framework.ts';
import { nodeResourcesFit } from './plugins/noderesources.ts';
import { schedulingGates } from './plugins/schedulinggates.ts';
import { podInfo } from './podinfo.ts';
import { SchedulingQueue } from './queue.ts';
import { cacheOf } from './testing/judge.ts';
import { node, on, pod } from './testing/build.ts';

const zoned: Plugin = { name: 'Zoned', hears: ['Node/update'], helps: (_, event) => event.changed?.has('labels') === true };

function setUp() {
  const clock = createTestClock();
  const queue = new SchedulingQueue({ clock, plugins: [schedulingGates, nodeResourcesFit(), zoned] });
  const next = () => queue.tryPop()?.info.pod.metadata.name;
  const add = (name: string, parts: Parameters<typeof pod>[1] = {}) => {
    const info = podInfo(pod(name, parts));
    queue.add(info);
    return info;
  };
  return { clock, queue, next, add };
}

test('higher priority first, then the pod that came first', async () => {
  const { add, next, clock } = setUp();
  add('first');
  await clock.advance(1);
  add('urgent', { spec: { priority: 10 } });
  await clock.advance(1);
  add('second');
  assert.deepEqual([next(), next(), next(), next()], ['urgent', 'first', 'second', undefined]);
});

test('an unschedulable pod comes back for what could help it, and for nothing else', async () => {
  const { add, next, queue, clock } = setUp();
  const info = add('p', { requests: { cpu: '1' } });
  next();
  queue.unschedulable(info.uid, new Set(['NodeResourcesFit']));
  await clock.advance(20_000);
  const small = cacheOf({ nodes: [node('small', { resources: { cpu: '100m' } })] }).nodes[0];
  assert.ok(small);
  queue.notify({ resource: 'Node', action: 'update', node: small, changed: new Set(['labels']) });
  queue.notify({ resource: 'Node', action: 'add', node: small });
  queue.notify({ resource: 'AssignedPod', action: 'add', info: podInfo(on('x', pod('other'))) });
  queue.notify({ resource: 'AssignedPod', action: 'delete', info: podInfo(on('x', pod('light'))) });
  assert.equal(next(), undefined);
  queue.notify({ resource: 'AssignedPod', action: 'delete', info: podInfo(on('x', pod('heavy', { requests: { cpu: '2' } }))) });
  assert.equal(next(), 'p');
});

test('a pod that an extender rejected comes back for anything', async () => {
  const { add, next, queue, clock } = setUp();
  const info = add('p', { requests: { cpu: '1' } });
  next();
  queue.unschedulable(info.uid, new Set(['NodeResourcesFit', extenderName]));
  await clock.advance(20_000);
  assert.equal(next(), undefined);
  queue.notify({ resource: 'AssignedPod', action: 'add', info: podInfo(on('x', pod('other'))) });
  assert.equal(next(), 'p');
});

test('with several plugins that said no, the event has to satisfy one of them', () => {
  const { add, next, queue } = setUp();
  const info = add('p', { requests: { cpu: '1' } });
  next();
  queue.unschedulable(info.uid, new Set(['NodeResourcesFit', 'Zoned']));
  queue.notify({ resource: 'Node', action: 'update', changed: new Set(['labels']) });
  assert.equal(next(), 'p');
});

test('a pod that failed waits for its back-off, which doubles up to ten seconds', async () => {
  const { add, next, queue, clock } = setUp();
  const info = add('p');
  for (const seconds of [1, 2, 4, 8, 10, 10]) {
    assert.equal(next(), 'p');
    queue.retry(info.uid);
    await clock.advance(seconds * 1000 - 100);
    assert.equal(next(), undefined, `${seconds} s are not over`);
    await clock.advance(200);
  }
  assert.equal(next(), 'p');
});

test('a pod that was helped is tried before its back-off is over only when nothing else waits', async () => {
  const { add, next, queue } = setUp();
  const info = add('p', { requests: { cpu: '1' } });
  next();
  queue.unschedulable(info.uid, new Set(['Zoned']));
  queue.notify({ resource: 'Node', action: 'update', changed: new Set(['labels']) });
  add('other');
  assert.deepEqual([next(), next()], ['other', 'p']);
});

test('after five minutes a pod is tried whatever happened', async () => {
  const { add, next, queue, clock } = setUp();
  const info = add('p');
  next();
  queue.unschedulable(info.uid, new Set(['NodeResourcesFit']));
  await clock.advance(299_000);
  assert.equal(next(), undefined);
  await clock.advance(2_000);
  assert.equal(next(), 'p');
});

test('a gated pod waits until its gates are gone', async () => {
  const { add, next, queue, clock } = setUp();
  const info = add('p', { spec: { schedulingGates: [{ name: 'example.com/a' }] } });
  assert.equal(next(), undefined);
  assert.equal(queue.gateOf(info.uid), 'waiting for scheduling gates: [example.com/a]');
  queue.notify({ resource: 'Node', action: 'add' });
  await clock.advance(400_000);
  assert.equal(next(), undefined);
  add('p');
  assert.equal(next(), 'p');
});

test('a change of the pod itself brings it back; removal forgets it', () => {
  const { add, next, queue } = setUp();
  const info = add('p', { requests: { cpu: '9' } });
  next();
  queue.unschedulable(info.uid, new Set(['NodeResourcesFit']));
  add('p', { requests: { cpu: '1' } });
  assert.equal(next(), 'p');
  queue.remove(info.uid);
  queue.retry(info.uid);
  assert.equal(queue.size, 0);
});

test('what happens during an attempt is not missed', () => {
  const { add, next, queue } = setUp();
  const info = add('p');
  next();
  queue.notify({ resource: 'Node', action: 'update', changed: new Set(['labels']) });
  queue.unschedulable(info.uid, new Set(['Zoned']));
  assert.equal(next(), 'p');
});
