// Who has applied which version of the endpoints. Data planes (the proxy of each node; a gateway, too) hold a request open
// here; an agent that is about to end a pod asks that all of them have applied the version without it. Nothing is stored
// and nothing is sent unless somebody waits: a data plane hears of a version only when an agent needs it acknowledged.
import type { Clock, Timer } from '#base/clock.ts';

interface Plane {
  applied: bigint;
  /** Answers the request that it holds open. */
  parked: ((wanted: bigint) => void) | undefined;
  /** Since when it holds none (monotonic). */
  away: number;
}

interface Waiter {
  readonly version: bigint;
  readonly done: () => void;
}

/**
 * A data plane that holds no request open for so long is dead to us: it cannot keep a pod from ending. It includes the
 * time that a live one takes to apply what it was asked for.
 */
const longestAway = 5_000;

export class AcknowledgeHub {
  readonly #clock: Clock;
  readonly #planes = new Map<string, Plane>();
  readonly #waiters = new Set<Waiter>();
  readonly #expected: () => Iterable<string>;
  readonly #started: number;
  #timer: Timer | undefined;

  /** `expected` names the data planes that should be alive: a server that has just started waits for them to say so. */
  constructor(clock: Clock, expected: () => Iterable<string>) {
    this.#clock = clock;
    this.#expected = expected;
    this.#started = clock.monotonic();
  }

  /** How many data planes are alive. */
  get size(): number {
    const now = this.#clock.monotonic();
    return [...this.#planes.values()].filter((plane) => this.#alive(plane, now)).length;
  }

  /**
   * A data plane says what it has applied. Resolves with the version that somebody waits for, as soon as somebody does;
   * undefined when the signal aborts first.
   */
  report(name: string, applied: bigint, signal: AbortSignal): Promise<bigint | undefined> {
    const plane = this.#planes.get(name) ?? { applied, parked: undefined, away: 0 };
    this.#planes.set(name, plane);
    plane.parked?.(0n);
    plane.applied = applied;
    plane.away = this.#clock.monotonic();
    this.#settle();
    const wanted = this.#wanted(plane);
    if (wanted !== undefined) return Promise.resolve(wanted);
    return new Promise((resolve) => {
      const leave = (answer: bigint | undefined): void => {
        signal.removeEventListener('abort', abort);
        if (plane.parked === answerIt) plane.parked = undefined;
        plane.away = this.#clock.monotonic();
        resolve(answer);
        this.#arm();
      };
      const abort = (): void => leave(undefined);
      const answerIt = (version: bigint): void => leave(version === 0n ? undefined : version);
      plane.parked = answerIt;
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
    });
  }

  /** Resolves when every live data plane has applied the version; rejects when the signal aborts first. */
  wait(version: bigint, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiters.delete(waiter);
        reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      const waiter: Waiter = {
        version,
        done: () => {
          signal.removeEventListener('abort', abort);
          this.#waiters.delete(waiter);
          resolve();
        },
      };
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      this.#waiters.add(waiter);
      for (const plane of this.#planes.values()) if (plane.applied < version) plane.parked?.(version);
      this.#settle();
    });
  }

  #alive(plane: Plane, now: number): boolean {
    return plane.parked !== undefined || now - plane.away < longestAway;
  }

  /** True while data planes that should be alive may not have found this server yet. */
  #isYoung(now: number): boolean {
    if (this.#waiters.size === 0 || now - this.#started >= longestAway) return false;
    for (const name of this.#expected()) if (!this.#planes.has(name)) return true;
    return false;
  }

  /** The newest version that somebody waits for and this data plane has not applied. */
  #wanted(plane: Plane): bigint | undefined {
    let wanted: bigint | undefined;
    for (const { version } of this.#waiters) if (version > plane.applied && (wanted === undefined || version > wanted)) wanted = version;
    return wanted;
  }

  #settle(): void {
    const now = this.#clock.monotonic();
    for (const [name, plane] of this.#planes) if (!this.#alive(plane, now)) this.#planes.delete(name);
    let least: bigint | undefined;
    for (const { applied } of this.#planes.values()) if (least === undefined || applied < least) least = applied;
    if (!this.#isYoung(now)) for (const waiter of this.#waiters) if (least === undefined || waiter.version <= least) waiter.done();
    this.#arm();
  }

  /** Wakes when the next data plane that is away counts as dead; only while somebody waits. */
  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#waiters.size === 0) return;
    const away = [...this.#planes.values()].filter((plane) => plane.parked === undefined).map((plane) => plane.away);
    const now = this.#clock.monotonic();
    if (this.#isYoung(now)) away.push(this.#started);
    if (away.length === 0) return;
    const left = Math.max(1, Math.min(...away) + longestAway - now);
    this.#timer = this.#clock.after(left, () => this.#settle());
  }
}
