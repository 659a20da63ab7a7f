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
  /** The process is stopped, as SIGSTOP does it: its timers wait, and go off when it goes on. */
  freeze(): void;
  thaw(): void;
  /** Stops all timers for good. */
  kill(): void;
}

const never: Timer = { cancel: () => undefined };

/** The clock of one process. */
export function processClock(time: Clock): ProcessClock {
  const timers = new Set<Timer>();
  let offset = 0;
  let dead = false;
  /** Timers that have gone off while the process was stopped, in their order; undefined: it runs. */
  let held: Set<() => void> | undefined;
  // A process that starts begins to count anew.
  const started = time.monotonic();

  function whenRunning(fire: () => void): void {
    if (held === undefined) fire();
    else held.add(fire);
  }

  function begin(start: (run: () => void) => Timer, fn: () => void): Timer {
    if (dead) return never;
    let over = false;
    const fire = (): void => {
      if (!over && !dead) fn();
    };
    const timer = start(() => whenRunning(fire));
    const begun = {
      cancel() {
        over = true;
        timers.delete(begun);
        timer.cancel();
      },
    };
    timers.add(begun);
    return begun;
  }

  function add(ms: number, fn: () => void): Timer {
    const timer = begin(
      (run) => time.after(ms, run),
      () => {
        timers.delete(timer);
        fn();
      },
    );
    return timer;
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
    every: (ms, fn) => begin((run) => time.every(ms, run), fn),
    sleep,
    jump(ms) {
      offset += ms;
    },
    get offset() {
      return offset;
    },
    freeze() {
      held ??= new Set();
    },
    thaw() {
      const due = held ?? [];
      held = undefined;
      // One after the other, with a turn for what each of them does.
      for (const fire of due) time.after(0, () => whenRunning(fire));
    },
    kill() {
      dead = true;
      held = undefined;
      for (const timer of timers) timer.cancel();
      timers.clear();
    },
  };
}
