// Leases: keys that disappear when their time is over.
import type { Clock, Timer } from '#base/clock.ts';
import { Heap } from '#base/heap.ts';

export interface Lease {
  readonly id: number;
  readonly ttl: number;
  /** Wall time in milliseconds. */
  readonly expires: number;
  readonly keys: Set<string>;
  /** Over: no key can join any more. */
  ended: boolean;
}

export class Leases {
  readonly #clock: Clock | undefined;
  readonly #expired: (lease: number) => Promise<void>;
  readonly #leases = new Map<number, Lease>();
  readonly #order = new Heap<Lease>((a, b) => a.expires < b.expires);
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #newest = 0;
  #stopped = false;

  /** Without a clock leases never end by themselves. */
  constructor(clock: Clock | undefined, expired: (lease: number) => Promise<void>) {
    this.#clock = clock;
    this.#expired = expired;
  }

  grant(ttl: number): Lease {
    return this.restore(this.#newest + 1, ttl, (this.#clock?.now() ?? 0) + ttl * 1000);
  }

  /** Puts back a lease that was stored. */
  restore(id: number, ttl: number, expires: number): Lease {
    const lease: Lease = { id, ttl, expires, keys: new Set(), ended: false };
    this.#newest = Math.max(this.#newest, id);
    this.#leases.set(id, lease);
    this.#order.push(lease);
    this.#schedule();
    return lease;
  }

  get(id: number): Lease | undefined {
    const lease = this.#leases.get(id);
    return lease?.ended ? undefined : lease;
  }

  /** Ends a lease: new keys are refused, its keys are to be deleted, then it is to be forgotten. */
  end(id: number): Lease | undefined {
    const lease = this.get(id);
    if (lease !== undefined) lease.ended = true;
    return lease;
  }

  forget(id: number): void {
    this.#leases.delete(id); // its place in the order is skipped later
  }

  attach(id: number, key: string): void {
    this.#leases.get(id)?.keys.add(key);
  }

  detach(id: number, key: string): void {
    this.#leases.get(id)?.keys.delete(key);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    const first = this.#order.peek();
    if (this.#clock === undefined || first === undefined || this.#stopped || first.expires >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = first.expires;
    this.#timer = this.#clock.after(Math.max(0, first.expires - this.#clock.now()), () => void this.#run());
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock?.now() ?? 0;
    for (let lease = this.#order.peek(); lease !== undefined && lease.expires <= now; lease = this.#order.peek()) {
      this.#order.pop();
      if (this.#leases.get(lease.id) !== lease || this.#stopped) continue;
      // A failed deletion means a broken or closing store; the lease is there again after the next start.
      await this.#expired(lease.id).catch(() => {});
    }
    this.#schedule();
  }
}
