import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, sleeper } from '#base/clock.ts';
import { type Failure, StepLoop } from './loop.ts';

/** A clock that stands still until it is told to go on. */
function clockOf() {
  let time = 0;
  let timers: { at: number; call: () => void }[] = [];
  const after: Clock['after'] = (ms, call) => {
    const timer = { at: time + ms, call };
    timers.push(timer);
    return { cancel: () => void (timers = timers.filter((one) => one !== timer)) } as ReturnType<Clock['after']>;
  };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    clock: { monotonic: () => time, after, sleep: sleeper(after) } as Clock,
    settle,
    /** Lets so much time pass. */
    async pass(ms: number): Promise<void> {
      await settle();
      time += ms;
      const due = timers.filter(({ at }) => at <= time);
      timers = timers.filter(({ at }) => at > time);
      for (const { call } of due) call();
      await settle();
    },
  };
}

/** A loop whose steps end as told, well when nothing is told. */
function loopOf(...failures: (Failure | undefined)[]) {
  const time = clockOf();
  let steps = 0;
  const step = (): Promise<void> => {
    const failure = failures[steps++];
    return failure ? Promise.reject(new Error(failure)) : Promise.resolve();
  };
  const loop = new StepLoop(time.clock, { step, failed: (error) => (error as Error).message as Failure });
  return { ...time, loop, steps: () => steps };
}

test('what happens during a step is looked at after it, once', async () => {
  const { clock, settle } = clockOf();
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let steps = 0;
  const loop = new StepLoop(clock, { step: () => gates[steps++]?.promise ?? assert.fail(), failed: () => 'again' });
  loop.wake();
  loop.wake();
  loop.wake();
  assert.deepEqual([steps, loop.busy], [1, true]);
  gates[0]?.resolve();
  await settle();
  assert.equal(steps, 2);
  gates[1]?.resolve();
  await settle();
  assert.deepEqual([steps, loop.busy], [2, false]);
});

test('the earliest time counts', async () => {
  const { loop, pass, steps } = loopOf();
  loop.wakeIn(100);
  loop.wakeIn(50);
  loop.wakeIn(80);
  await pass(49);
  assert.equal(steps(), 0);
  await pass(1);
  assert.equal(steps(), 1);
  await pass(1000);
  assert.equal(steps(), 1);
});

test('a failure is tried again, later each time; a success starts anew', async () => {
  const { loop, pass, steps } = loopOf('again', 'again', undefined, 'again');
  loop.wake();
  await pass(999);
  assert.equal(steps(), 1);
  await pass(1);
  await pass(1999);
  assert.equal(steps(), 2);
  await pass(1);
  assert.equal(steps(), 3);
  loop.wake();
  await pass(1000);
  assert.equal(steps(), 5);
});

test('what was called off goes on at once', async () => {
  const { loop, settle, steps } = loopOf('calledOff');
  loop.wake();
  await settle();
  assert.equal(steps(), 2);
});

test('patience outlives what happens meanwhile, and what succeeds without doing anything', async () => {
  const { loop, pass, settle, steps } = loopOf('patient', undefined, 'patient');
  loop.wake();
  await settle();
  assert.equal(loop.patience, 1000);
  loop.wake();
  await settle();
  assert.equal(steps(), 2);
  await pass(1000);
  assert.deepEqual([steps(), loop.patience], [3, 2000]);
});

test('no step after the end, which waits for the one under way, but not for ever', async () => {
  const { clock, pass, settle } = clockOf();
  const gate = Promise.withResolvers<void>();
  let steps = 0;
  const loop = new StepLoop(clock, {
    step: () => {
      steps++;
      return gate.promise;
    },
    failed: () => assert.fail(),
  });
  loop.wake();
  let ended = false;
  const end = loop.dispose().then(() => (ended = true));
  loop.wake();
  await settle();
  assert.equal(ended, false);
  await pass(1000);
  await end;
  gate.reject(new Error('the agent stops'));
  await settle();
  assert.equal(steps, 1);
});
