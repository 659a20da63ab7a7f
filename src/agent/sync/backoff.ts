// Exponential back-off per key, as client-go's flowcontrol.Backoff behaves: 10 s doubling to 300 s, forgotten after
// twice the maximum without a failure.

interface Entry {
  delay: number;
  updated: number;
}

export class Backoff {
  readonly #entries = new Map<string, Entry>();
  readonly #initial: number;
  readonly #max: number;

  constructor(initial: number, max: number) {
    this.#initial = initial;
    this.#max = max;
  }

  #live(key: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry && now - entry.updated <= 2 * this.#max ? entry : undefined;
  }

  /** The delay in force for `key`. */
  delay(key: string): number {
    return this.#entries.get(key)?.delay ?? 0;
  }

  /** Milliseconds still to wait since `eventTime`; 0 when nothing holds it back. */
  remaining(key: string, eventTime: number, now: number): number {
    const entry = this.#live(key, eventTime);
    return entry ? Math.max(0, eventTime + entry.delay - now) : 0;
  }

  /** Milliseconds still to wait since the last failure was noted. */
  remainingSinceUpdate(key: string, now: number): number {
    const entry = this.#live(key, now);
    return entry ? Math.max(0, entry.updated + entry.delay - now) : 0;
  }

  /** Notes one more failure (that happened at `eventTime`). */
  next(key: string, eventTime: number, now: number): void {
    const entry = this.#live(key, eventTime);
    const delay = entry ? Math.min(entry.delay * 2, this.#max) : this.#initial;
    this.#entries.set(key, { delay, updated: now });
  }

  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }
}
