// Exponential back-off.
import type { Random } from './random.ts';

export interface BackoffOptions {
  /** First delay in milliseconds. */
  readonly initial: number;
  /** Longest delay. */
  readonly max: number;
  /** Default 2. */
  readonly factor?: number;
  /** Adds up to this share of the delay at random (0.1: up to 10 %), so that many don't retry at once. Default 0. */
  readonly jitter?: number;
}

/** The delay before attempt number `failures` + 1; `failures` counts from 1. */
export function backoffDelay(options: BackoffOptions, failures: number, random?: Random): number {
  const exact = Math.min(options.max, options.initial * (options.factor ?? 2) ** Math.max(0, failures - 1));
  return Math.round(exact * (1 + (random === undefined ? 0 : random.next() * (options.jitter ?? 0))));
}

/** Counts failures of one thing. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: Random | undefined;
  #failures = 0;

  constructor(options: BackoffOptions, random?: Random) {
    this.#options = options;
    this.#random = random;
  }

  get failures(): number {
    return this.#failures;
  }

  /** One more failure: how long to wait now. */
  next(): number {
    this.#failures++;
    return backoffDelay(this.#options, this.#failures, this.#random);
  }

  reset(): void {
    this.#failures = 0;
  }
}
