import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestClock } from '#base/testclock.ts';
import { AcknowledgeHub } from './hub.ts';

const never = new AbortController().signal;

/** A hub that is old enough, and whether a promise is settled after everything that can happen now has happened. */
async function setUp(expected: readonly string[] = []) {
  const clock = createTestClock();
  const hub = new AcknowledgeHub(clock, () => expected);
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const isDone = async (promise: Promise<unknown>): Promise<boolean> => {
    let done = false;
    promise.then(
      () => (done = true),
      () => (done = true),
    );
    await turn();
    return done;
  };
  return { clock, hub, isDone };
}

test('a version is acknowledged when every data plane has applied it; nobody is asked before', async () => {
  const { hub, isDone } = await setUp();
  const one = hub.report('one', 5n, never);
  const two = hub.report('two', 9n, never);
  assert.equal(await isDone(one), false);
  const waiting = hub.wait(7n, never);
  assert.equal(await one, 7n);
  assert.equal(await isDone(two), false, 'it has the version already');
  assert.equal(await isDone(waiting), false);
  const again = hub.report('one', 8n, never);
  assert.equal(await isDone(waiting), true);
  assert.equal(await isDone(again), false);
});

test('a data plane that comes while somebody waits is asked at once', async () => {
  const { hub, isDone } = await setUp();
  void hub.report('one', 9n, never);
  const late = hub.report('two', 1n, never);
  const waiting = hub.wait(7n, never);
  assert.equal(await late, 7n);
  assert.equal(await hub.report('two', 3n, never), 7n);
  assert.equal(await isDone(waiting), false);
  void hub.report('two', 7n, never);
  assert.equal(await isDone(waiting), true);
});

test('a dead data plane holds nobody for long', async () => {
  const { clock, hub, isDone } = await setUp();
  void hub.report('one', 9n, never);
  const gone = new AbortController();
  const parked = hub.report('two', 1n, gone.signal);
  gone.abort();
  assert.equal(await parked, undefined);
  const waiting = hub.wait(7n, never);
  assert.equal(await isDone(waiting), false);
  clock.advance(4_000);
  assert.equal(await isDone(waiting), false);
  clock.advance(2_000);
  assert.equal(await isDone(waiting), true);
  assert.equal(hub.size, 1);
});

test('a server that has just started waits for the data planes that should be there', async () => {
  const { clock, hub, isDone } = await setUp(['one', 'two']);
  void hub.report('one', 9n, never);
  const waiting = hub.wait(7n, never);
  assert.equal(await isDone(waiting), false);
  void hub.report('two', 9n, never);
  assert.equal(await isDone(waiting), true);
  const second = await setUp(['one', 'silent']);
  void second.hub.report('one', 9n, never);
  const other = second.hub.wait(7n, never);
  assert.equal(await second.isDone(other), false);
  second.clock.advance(5_001);
  assert.equal(await second.isDone(other), true);
  clock.advance(0);
});

test('who does not want to wait any longer is let go', async () => {
  const { hub } = await setUp();
  void hub.report('one', 1n, never);
  const patience = new AbortController();
  const waiting = hub.wait(7n, patience.signal);
  patience.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
});
