// How long failed daemon pods are left alone, by node: longer each time, forgotten when nothing failed for a while.

const initial = 1_000;
const longest = 15 * 60_000;
/** Beyond this many, those that have been quiet are forgotten. */
const crowded = 1_000;

interface Entry {
  delay: number;
  until: number;
}

export class FailureBackoff {
  readonly #entries = new Map<string, Entry>();

  /** Milliseconds until the key may be tried again. */
  left(key: string, now: number): number {
    return Math.max(0, (this.#entries.get(key)?.until ?? 0) - now);
  }

  /** The key was tried: the next time it must wait longer. */
  tried(key: string, now: number): void {
    const entry = this.#entries.get(key);
    const quiet = entry === undefined || now - entry.until > longest * 2;
    const delay = quiet ? initial : Math.min(longest, entry.delay * 2);
    this.#entries.set(key, { delay, until: now + delay });
    if (this.#entries.size > crowded)
      for (const [known, { until }] of this.#entries) if (now - until > longest) this.#entries.delete(known);
  }
}
