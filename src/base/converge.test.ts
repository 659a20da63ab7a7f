import assert from 'node:assert/strict';
import { test } from 'node:test';
import { converge } from './converge.ts';
import { createTestClock } from './testclock.ts';

/** Work to be done, and what is done of it, on a clock of its own. */
function work() {
  const clock = createTestClock();
  const state = { wanted: 0, done: 0, broken: false, rounds: [] as number[], failures: [] as string[] };
  const convergence = converge({
    clock,
    isDone: () => state.done === state.wanted,
    async round() {
      state.rounds.push(clock.monotonic());
      const { wanted } = state;
      await clock.sleep(10);
      if (state.broken) throw new Error('broken');
      state.done = wanted;
    },
    failed: (error) => void state.failures.push(String(error)),
    retry: { first: 100, longest: 300 },
  });
  const want = (): void => {
    state.wanted++;
    convergence.look();
  };
  return { clock, state, convergence, want };
}

test('what comes together is done together, what comes meanwhile afterwards, and nothing twice', async () => {
  const { clock, state, convergence, want } = work();
  convergence.look();
  await clock.settle();
  assert.deepEqual([state.rounds, convergence.running], [[], undefined]);
  want();
  want();
  await clock.advance(5);
  want();
  await clock.advance(100);
  assert.deepEqual([state.rounds, state.done, convergence.running], [[0, 10], 3, undefined]);
  want();
  await clock.advance(100);
  assert.deepEqual(state.rounds, [0, 10, 105]);
});

test('after failures later and later, and soon again once it went well', async () => {
  const { clock, state, want } = work();
  state.broken = true;
  want();
  await clock.advance(1_200);
  assert.deepEqual(state.rounds, [0, 110, 320, 630, 940]);
  assert.equal(state.failures.length, 5);
  state.broken = false;
  await clock.advance(1_000);
  assert.equal(state.done, 1);
  state.broken = true;
  want();
  await clock.advance(115);
  assert.equal(state.rounds.length, 8, 'the first delay again');
});

test('who waits is told when it holds, or gives up', async () => {
  const { clock, state, convergence, want } = work();
  await convergence.until(() => true);
  want();
  let told = 0;
  void convergence.until(() => state.done === 1).then(() => told++);
  const abort = new AbortController();
  const given = assert.rejects(
    convergence.until(() => false, abort.signal),
    /enough/,
  );
  await clock.advance(9);
  assert.equal(told, 0);
  await clock.advance(2);
  assert.equal(told, 1);
  abort.abort(new Error('enough'));
  await given;
  await assert.rejects(
    convergence.until(() => false, abort.signal),
    /enough/,
  );
});

test('it ends with the round that is under way, and waits for no other try', async () => {
  const { clock, state, convergence, want } = work();
  state.broken = true;
  want();
  await clock.advance(15);
  await convergence[Symbol.asyncDispose]();
  assert.equal(clock.pending, 0);
  want();
  await clock.advance(1_000);
  assert.equal(state.rounds.length, 1);
});
