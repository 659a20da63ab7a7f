// How often something may be done: so many times a second, and some at once after a pause.
import type { Clock } from './clock.ts';

export interface Pace {
  /** A second; 0: as often as you like. */
  readonly qps: number;
  /** At once, after a pause that was long enough. */
  readonly burst: number;
}

export class TokenBucket {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #pace: Pace;
  #tokens: number;
  #filled: number;

  constructor(clock: Pick<Clock, 'monotonic'>, { qps, burst }: Pace) {
    this.#clock = clock;
    this.#pace = { qps, burst };
    this.#tokens = burst;
    this.#filled = clock.monotonic();
  }

  /** True when it may be done now; it counts as done then. */
  take(): boolean {
    const { qps, burst } = this.#pace;
    if (qps === 0) return true;
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filled) / 1000) * qps);
    this.#filled = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
