// The work queue of controllers: each key is at most once in line and at most once in work.
import type { Clock, Timer } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import { DelayHeap } from './heap.ts';

export interface QueueOptions {
  /** First delay of a failing key in milliseconds; doubled with every failure. Default 5. */
  readonly baseDelay?: number;
  /** Longest delay of a failing key. Default 1000 s. */
  readonly maxDelay?: number;
  /** Rate-limited additions per second over all keys. Default 10. */
  readonly qps?: number;
  /** How many rate-limited additions may come at once. Default 100. */
  readonly burst?: number;
}

/**
 * Keys wait in order. A key that is added while it is in work goes back in line when it is `done`. The queue is bounded
 * by the number of distinct keys, which is the number of objects.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: Random | undefined;
  readonly #options: Required<QueueOptions>;
  /** In line, from `#head` on. */
  #line: string[] = [];
  #head = 0;
  /** Keys that need work: in line, or in work and added again. */
  readonly #dirty = new Set<string>();
  readonly #working = new Set<string>();
  readonly #waiters: ((key: string | undefined) => void)[] = [];
  readonly #delayed = new DelayHeap();
  readonly #failures = new Map<string, number>();
  #timer: Timer | undefined;
  #timerDue = Number.POSITIVE_INFINITY;
  #tokens: number;
  #refilled: number;
  #closed = false;

  constructor(clock: Clock, random?: Random, options: QueueOptions = {}) {
    this.#clock = clock;
    this.#random = random;
    this.#options = { baseDelay: 5, maxDelay: 1_000_000, qps: 10, burst: 100, ...options };
    this.#tokens = this.#options.burst;
    this.#refilled = clock.monotonic();
  }

  /** Keys in line. */
  get length(): number {
    return this.#line.length - this.#head;
  }

  /** Puts a key in line unless it is there. */
  add(key: string): void {
    if (this.#closed || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (!this.#working.has(key)) this.#push(key);
  }

  /** Adds a key after `ms`; of several delays for one key the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    this.#delayed.set(key, this.#clock.monotonic() + ms);
    this.#arm();
  }

  /** Adds a key after the delay that its failures and the overall rate call for. */
  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const { baseDelay, maxDelay } = this.#options;
    const own = Math.min(maxDelay, baseDelay * 2 ** Math.min(failures, 60));
    // A little jitter keeps keys that failed together from coming back together for ever.
    const jittered = own * (1 + (this.#random?.next() ?? 0) * 0.1);
    this.addAfter(key, Math.max(jittered, this.#reserve()));
  }

  /** Forgets the failures of a key. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Failures of a key since it was forgotten. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, which is then in work until `done`; undefined when the queue is shut down. */
  get(): Promise<string | undefined> {
    const key = this.#shift();
    if (key !== undefined || this.#closed) return Promise.resolve(key);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Ends the work on a key. */
  done(key: string): void {
    this.#working.delete(key);
    if (this.#dirty.has(key)) this.#push(key);
  }

  /** Drops what waits; those who wait for a key get undefined. */
  shutDown(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#delayed.clear();
    this.#line = [];
    this.#head = 0;
    this.#dirty.clear();
    for (const waiter of this.#waiters.splice(0)) waiter(undefined);
  }

  #push(key: string): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#line.push(key);
      return;
    }
    this.#dirty.delete(key);
    this.#working.add(key);
    waiter(key);
  }

  #shift(): string | undefined {
    if (this.#head >= this.#line.length) return undefined;
    const key = this.#line[this.#head++] as string;
    if (this.#head > 64 && this.#head * 2 > this.#line.length) {
      this.#line = this.#line.slice(this.#head);
      this.#head = 0;
    }
    this.#dirty.delete(key);
    this.#working.add(key);
    return key;
  }

  /** Milliseconds until the overall bucket gives a token; takes it. */
  #reserve(): number {
    const now = this.#clock.monotonic();
    const { qps, burst } = this.#options;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#refilled) / 1000) * qps) - 1;
    this.#refilled = now;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / qps) * 1000;
  }

  #arm(): void {
    const due = this.#delayed.earliest;
    if (due === undefined || (this.#timer !== undefined && this.#timerDue <= due)) return;
    this.#timer?.cancel();
    this.#timerDue = due;
    this.#timer = this.#clock.after(Math.max(0, due - this.#clock.monotonic()), () => {
      this.#timer = undefined;
      const now = this.#clock.monotonic();
      // Timers may fire a fraction of a millisecond early.
      for (let key = this.#delayed.takeDue(now + 1); key !== undefined; key = this.#delayed.takeDue(now + 1)) this.add(key);
      this.#arm();
    });
  }
}
