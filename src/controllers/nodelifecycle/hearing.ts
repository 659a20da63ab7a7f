// Pure: how long nodes have been silent. Silence counts only while we could have heard them: a process that was stopped, or
// whose watch was dead, must not take the whole cluster for dead when it wakes up. All times are monotonic, in milliseconds.

/** Milliseconds between two calls of `attend`. */
export const attention = 5_000;
/** A call that comes later than this was held up: the process stood still. */
const absence = 4 * attention;
/** Shares of the grace period: from when on nobody has been heard at all, and how much longer nodes are waited for then. */
const deafness = 0.6;
const reprieve = 0.2;

export class Hearing {
  readonly #grace: number;
  readonly #heard = new Map<string, number>();
  /** What was before is not held against anybody. */
  #since = Number.NEGATIVE_INFINITY;
  /** When anybody was heard. */
  #lately: number;
  #attended: number;

  /** `grace`: the silence after which a node counts as silent. */
  constructor(grace: number, now: number) {
    this.#grace = grace;
    this.#lately = now;
    this.#attended = now;
  }

  /** Must be called every few seconds, so that we notice when we were stopped. */
  attend(now: number): void {
    if (now - this.#attended > absence) this.#since = now;
    this.#attended = now;
  }

  /** A node has given a sign of life. */
  heard(name: string, now: number): void {
    this.attend(now);
    // The first after a long time of silence of all: it was us who could not hear, and the others follow.
    if (this.isDeaf(now)) this.#since = now;
    this.#lately = now;
    this.#heard.set(name, now);
  }

  knows(name: string): boolean {
    return this.#heard.has(name);
  }

  forget(name: string): void {
    this.#heard.delete(name);
  }

  /** Every node is given the whole grace period again. */
  startAnew(now: number): void {
    this.#since = now;
  }

  /** True when nobody at all has been heard for suspiciously long. */
  isDeaf(now: number): boolean {
    return now - this.#lately > deafness * this.#grace;
  }

  /** Milliseconds until a node counts as silent; 0 or less: it does. */
  patience(name: string, now: number, grace = this.#grace): number {
    this.attend(now);
    const heard = Math.max(this.#heard.get(name) ?? now, this.#since);
    return heard + grace + (this.isDeaf(now) ? reprieve * this.#grace : 0) - now;
  }
}
