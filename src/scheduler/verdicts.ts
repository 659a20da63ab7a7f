// The last verdict about each pod that found no node, for those who ask why. Bounded by what the verdicts hold.
import type { Verdict } from './verdict.ts';

/** Node verdicts over all pods, about 8 bytes each; beyond it the oldest pods' verdicts go. */
const mostCells = 1_000_000;

export interface LastAttempt {
  readonly uid: string;
  /** RFC 3339. */
  readonly time: string;
  /** How many attempts there have been. */
  readonly attempts: number;
  /** The text of the condition. */
  readonly message: string;
  readonly verdict: Verdict;
}

export class Verdicts {
  readonly #byPod = new Map<string, LastAttempt>();
  #cells = 0;

  /** By `namespace/name`. */
  get(podKey: string): LastAttempt | undefined {
    return this.#byPod.get(podKey);
  }

  set(podKey: string, attempt: LastAttempt): void {
    this.delete(podKey);
    this.#byPod.set(podKey, attempt);
    this.#cells += attempt.verdict.nodes.length;
    for (const oldest of this.#byPod.keys()) {
      if (this.#cells <= mostCells || oldest === podKey) return;
      this.delete(oldest);
    }
  }

  delete(podKey: string): void {
    const known = this.#byPod.get(podKey);
    if (known === undefined) return;
    this.#cells -= known.verdict.nodes.length;
    this.#byPod.delete(podKey);
  }

  entries(): Iterable<[string, LastAttempt]> {
    return this.#byPod.entries();
  }
}
