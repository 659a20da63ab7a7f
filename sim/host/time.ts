// One virtual time for everything, and a clock of its own for each process: it stops when the process is killed, and its
// wall time can be set like that of any machine.
import { type Clock, sleeper, type Timer } from '#base/clock.ts';
import { createTestClock, type TestClock } from '#base/testclock.ts';

/** Resolves when every promise that could go on has gone on: nothing in the simulated world waits for the real one. */
function quiescence(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Virtual time; `step` runs whenever everything has had its turn. */
export function createSimTime(step: () => void): TestClock {
  return createTestClock({
    async settle() {
      await quiescence();
      step();
    },
  });
}

export interface ProcessClock extends Clock {
  /** Sets the wall clock forward (or back) by `ms`; durations are measured on as before. */
  jump(ms: number): void;
  /** Milliseconds by which the wall clock is ahead of everybody's (or behind). */
  readonly offset: number;
  /** Stops all timers for good. */
  kill(): void;
}

const never: Timer = { cancel: () => undefined };

/** The clock of one process. */
export function processClock(time: Clock): ProcessClock {
  const timers = new Set<Timer>();
  let offset = 0;
  let dead = false;
  // A process that starts begins to count anew.
  const started = time.monotonic();

  function add(ms: number, fn: () => void): Timer {
    if (dead) return never;
    const timer = time.after(ms, () => {
      timers.delete(timer);
      fn();
    });
    timers.add(timer);
    return {
      cancel() {
        timers.delete(timer);
        timer.cancel();
      },
    };
  }

  const plain = sleeper(add);
  /** A sleep that forgets its signal when the process dies: Node keeps combined signals for as long as anybody listens. */
  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal === undefined || signal.aborted) return plain(ms, signal);
    const own = new AbortController();
    const aborted = (): void => own.abort(signal.reason);
    const listening: Timer = { cancel: () => signal.removeEventListener('abort', aborted) };
    timers.add(listening);
    signal.addEventListener('abort', aborted, { once: true });
    return plain(ms, own.signal).finally(() => {
      timers.delete(listening);
      listening.cancel();
    });
  }

  return {
    // Whole milliseconds, as a machine tells them.
    now: () => Math.floor(time.now() + offset),
    monotonic: () => time.monotonic() - started,
    after: add,
    every(ms, fn) {
      if (dead) return never;
      const timer = time.every(ms, fn);
      timers.add(timer);
      return {
        cancel() {
          timers.delete(timer);
          timer.cancel();
        },
      };
    },
    sleep,
    jump(ms) {
      offset += ms;
    },
    get offset() {
      return offset;
    },
    kill() {
      dead = true;
      for (const timer of timers) timer.cancel();
      timers.clear();
    },
  };
}
