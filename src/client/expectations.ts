// What a controller has asked for and not yet seen in its caches: until then the caches must not be counted.
import type { Clock } from '#base/clock.ts';

interface Expected {
  creations: number;
  readonly deletions: Set<string>;
  readonly since: number;
}

/** Expectations older than this are given up: an event was missed, and the caches count again. */
const patience = 5 * 60_000;

/** Pending creations (by number) and deletions (by uid) per controller key. */
export class Expectations {
  readonly #clock: Clock;
  readonly #expected = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `count` objects will appear. Replaces what was expected for the key. */
  expectCreations(key: string, count: number): void {
    this.#expected.set(key, { creations: count, deletions: new Set(), since: this.#clock.monotonic() });
  }

  /** The objects with these uids will disappear. Replaces what was expected for the key. */
  expectDeletions(key: string, uids: Iterable<string>): void {
    this.#expected.set(key, { creations: 0, deletions: new Set(uids), since: this.#clock.monotonic() });
  }

  /** `creations` objects will appear and those with these uids will disappear. */
  expect(key: string, creations: number, uids: Iterable<string>): void {
    this.#expected.set(key, { creations, deletions: new Set(uids), since: this.#clock.monotonic() });
  }

  /** One object appeared, or its creation failed. */
  creationObserved(key: string): void {
    const expected = this.#expected.get(key);
    if (expected !== undefined && expected.creations > 0) expected.creations--;
  }

  /** An object disappeared (or is marked for deletion), or its deletion failed. */
  deletionObserved(key: string, uid: string): void {
    this.#expected.get(key)?.deletions.delete(uid);
  }

  /** True when all was seen, when nothing was expected, or when it has taken too long. */
  satisfied(key: string): boolean {
    const expected = this.#expected.get(key);
    if (expected === undefined) return true;
    return (expected.creations <= 0 && expected.deletions.size === 0) || this.#clock.monotonic() - expected.since > patience;
  }

  /** Forgets a key whose controller is gone. */
  delete(key: string): void {
    this.#expected.delete(key);
  }
}
