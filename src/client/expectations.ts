// What a controller has asked for and not yet seen in its caches: until then the caches must not be counted.
import type { Clock, Timer } from '#base/clock.ts';

interface Expected {
  creations: number;
  readonly deletions: Set<string>;
  readonly lapse: Timer;
}

/** Expectations older than this (ms) are given up: an event was missed, and the caches count again. */
const patience = 5 * 60_000;

/** Pending creations (by number) and deletions (by uid) per controller key. */
export class Expectations {
  readonly #clock: Clock;
  readonly #lapsed: (key: string) => void;
  readonly #expected = new Map<string, Expected>();

  /** `lapsed` is told of keys whose expectations are given up: no event may ever come that has somebody look at them. */
  constructor(clock: Clock, lapsed: (key: string) => void) {
    this.#clock = clock;
    this.#lapsed = lapsed;
  }

  /** `count` objects will appear. Replaces what was expected for the key. */
  expectCreations(key: string, count: number): void {
    this.expect(key, count, []);
  }

  /** The objects with these uids will disappear. Replaces what was expected for the key. */
  expectDeletions(key: string, uids: Iterable<string>): void {
    this.expect(key, 0, uids);
  }

  /** `creations` objects will appear and those with these uids will disappear. Replaces what was expected for the key. */
  expect(key: string, creations: number, uids: Iterable<string>): void {
    this.delete(key);
    const lapse = this.#clock.after(patience, () => {
      this.#expected.delete(key);
      this.#lapsed(key);
    });
    this.#expected.set(key, { creations, deletions: new Set(uids), lapse });
    this.#tidy(key);
  }

  /** One object appeared, or its creation failed. */
  creationObserved(key: string): void {
    const expected = this.#expected.get(key);
    if (expected === undefined) return;
    expected.creations--;
    this.#tidy(key);
  }

  /** An object disappeared (or is marked for deletion), or its deletion failed. */
  deletionObserved(key: string, uid: string): void {
    if (this.#expected.get(key)?.deletions.delete(uid) === true) this.#tidy(key);
  }

  /** True when all was seen, when nothing was expected, or when it has taken too long. */
  satisfied(key: string): boolean {
    return !this.#expected.has(key);
  }

  /** Forgets a key whose controller is gone. */
  delete(key: string): void {
    this.#expected.get(key)?.lapse.cancel();
    this.#expected.delete(key);
  }

  /** Forgets what has come true. */
  #tidy(key: string): void {
    const expected = this.#expected.get(key);
    if (expected !== undefined && expected.creations <= 0 && expected.deletions.size === 0) this.delete(key);
  }
}
