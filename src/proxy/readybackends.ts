// Which addresses get new connections, counted over all fronts; and which have stopped to, a moment ago.
import type { Clock } from '#base/clock.ts';
import type { Front } from './front.ts';

/** What became of an address that is to get no new connections. */
export interface Drained {
  /** True when it was among the backends of a Service a moment ago. */
  readonly used: boolean;
  /** The version of the endpoints without it. */
  readonly version: bigint;
}

/** A pod is stopped soon after it has left its Services; later nobody asks any more. */
const remembered = 60_000;
const mostRemembered = 10_000;

export class ReadyBackends {
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  /** In the order of their going. */
  readonly #gone = new Map<string, { readonly version: bigint; readonly round: number; readonly at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Fronts of one source take the place of others, at a version of the endpoints and in a round of the proxy's. */
  replace(before: readonly Front[], after: readonly Front[], when: { readonly version: bigint; readonly round: number }): void {
    for (const front of after) for (const address of front.ready) this.#count(address, 1);
    const lost = new Set<string>();
    for (const front of before) for (const address of front.ready) if (this.#count(address, -1) === 0) lost.add(address);
    const now = this.#clock.monotonic();
    for (const address of lost) {
      this.#gone.delete(address);
      this.#gone.set(address, { ...when, at: now });
    }
    for (const [address, { at }] of this.#gone) {
      if (now - at < remembered && this.#gone.size <= mostRemembered) break;
      this.#gone.delete(address);
    }
  }

  /** True when the rules of this round, and of those before it, send nothing new to the address. */
  isFree(address: string, round: number): boolean {
    return !this.#counts.has(address) && (this.#gone.get(address)?.round ?? 0) <= round;
  }

  /** When the address stopped getting connections, if that was a moment ago. */
  lastOf(address: string): Drained | undefined {
    const gone = this.#gone.get(address);
    return gone && { used: true, version: gone.version };
  }

  #count(address: string, by: number): number {
    const count = (this.#counts.get(address) ?? 0) + by;
    if (count > 0) this.#counts.set(address, count);
    else this.#counts.delete(address);
    return count;
  }
}
