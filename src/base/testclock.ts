// A clock that stands still until it is told to move: tests and simulations without sleeping.
import { type Clock, sleeper, type Timer } from './clock.ts';
import { Heap } from './heap.ts';

export interface TestClock extends Clock {
  /** Moves time forward, running timers in order; between two timers everything that they started gets its turn. */
  advance(ms: number): Promise<void>;
  /** Lets everything that is ready run, without moving time. */
  settle(): Promise<void>;
  /** Runs timers, wherever they lie, until the condition holds; throws after `limit` ms of virtual time (default an hour). */
  advanceUntil(condition: () => boolean, limit?: number): Promise<void>;
  /** Number of timers that wait. */
  readonly pending: number;
}

export interface TestClockOptions {
  /** Wall time at the start; default 2026-01-01T00:00:00Z. */
  readonly start?: number;
  /** How to let the program run on; default: many turns of the microtask queue. Tests with real I/O pass a longer one. */
  readonly settle?: () => Promise<void>;
}

interface Entry {
  at: number;
  readonly order: number;
  readonly period: number | undefined;
  readonly fn: () => void;
  cancelled: boolean;
}

// A chain of awaits needs a turn for each: more turns than any sensible chain has awaits.
async function microtasks(): Promise<void> {
  for (let i = 0; i < 250; i++) await undefined;
}

/** Makes a clock at `start`. */
export function createTestClock(options: TestClockOptions = {}): TestClock {
  const start = options.start ?? Date.UTC(2026, 0, 1);
  const settle = options.settle ?? microtasks;
  const timers = new Heap<Entry>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  let elapsed = 0;
  let order = 0;
  let waiting = 0;

  function add(ms: number, fn: () => void, period: number | undefined): Timer {
    const entry: Entry = { at: elapsed + Math.max(0, ms), order: order++, period, fn, cancelled: false };
    timers.push(entry);
    waiting++;
    return {
      cancel() {
        if (entry.cancelled) return;
        entry.cancelled = true;
        waiting--;
      },
    };
  }

  /** Runs the first timer that is due at or before `until`; false when there is none. */
  function runNext(until: number): boolean {
    for (let entry = timers.peek(); entry !== undefined && entry.at <= until; entry = timers.peek()) {
      timers.pop();
      if (entry.cancelled) continue;
      elapsed = Math.max(elapsed, entry.at);
      if (entry.period === undefined) {
        entry.cancelled = true;
        waiting--;
      } else {
        entry.at += entry.period;
        timers.push(entry);
      }
      entry.fn();
      return true;
    }
    return false;
  }

  async function advance(ms: number): Promise<void> {
    const until = elapsed + ms;
    await settle();
    while (runNext(until)) await settle();
    elapsed = until;
    await settle();
  }

  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    after: (ms, fn) => add(ms, fn, undefined),
    every: (ms, fn) => add(ms, fn, Math.max(1, ms)),
    sleep: sleeper((ms, fn) => add(ms, fn, undefined)),
    advance,
    settle,
    async advanceUntil(condition, limit = 3_600_000) {
      const until = elapsed + limit;
      await settle();
      while (!condition()) {
        if (!runNext(until)) throw new Error(`the condition did not come true within ${limit} ms of virtual time`);
        await settle();
      }
    },
    get pending() {
      return waiting;
    },
  };
}
