// Pods that wait for a node: active (by priority, then age), backing off, and unschedulable until something that could
// help them changes. Every wait is bounded: an unschedulable pod is tried again after five minutes in any case.
import type { Clock, Timer } from '#base/clock.ts';
import type { ClusterEvent, Plugin } from './framework.ts';
import type { PodInfo } from './podinfo.ts';

interface Entry {
  info: PodInfo;
  /** When the pod was first queued, in monotonic milliseconds. */
  readonly since: number;
  attempts: number;
  /** Not before this time. */
  readyAt: number;
  rejectedBy: ReadonlySet<string>;
  gated: boolean;
  where: 'active' | 'backoff' | 'unschedulable' | 'in-flight';
  parkedAt: number;
}

export interface QueueOptions {
  readonly clock: Clock;
  readonly plugins: readonly Plugin[];
  /** Milliseconds; doubles per attempt up to `maxBackoff`. */
  readonly initialBackoff?: number;
  readonly maxBackoff?: number;
  readonly maxUnschedulable?: number;
}

export interface Popped {
  readonly info: PodInfo;
  readonly attempts: number;
  readonly since: number;
}

const before = (a: Entry, b: Entry): boolean =>
  a.info.priority === b.info.priority ? a.since < b.since : a.info.priority > b.info.priority;

/** A binary heap of entries in scheduling order; entries that have moved on are skipped when they come up. */
class ActiveHeap {
  readonly #items: Entry[] = [];

  push(entry: Entry): void {
    const items = this.#items;
    let at = items.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, items[parent] as Entry)) break;
      items[at] = items[parent] as Entry;
      at = parent;
    }
    items[at] = entry;
  }

  pop(): Entry | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && before(items[child + 1] as Entry, items[child] as Entry)) child++;
      if (!before(items[child] as Entry, last)) break;
      items[at] = items[child] as Entry;
      at = child;
    }
    items[at] = last;
    return top;
  }
}

export class SchedulingQueue {
  readonly #entries = new Map<string, Entry>();
  readonly #active = new ActiveHeap();
  readonly #clock: Clock;
  readonly #plugins: ReadonlyMap<string, Plugin>;
  readonly #gates: readonly Plugin[];
  readonly #initial: number;
  readonly #longest: number;
  readonly #maxUnschedulable: number;
  /** Events since an attempt began: a pod rejected meanwhile may already have been helped. */
  readonly #recent: { at: number; event: ClusterEvent }[] = [];
  #eventCount = 0;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(options: QueueOptions) {
    this.#clock = options.clock;
    this.#plugins = new Map(options.plugins.map((plugin) => [plugin.name, plugin]));
    this.#gates = options.plugins.filter((plugin) => plugin.preEnqueue !== undefined);
    this.#initial = options.initialBackoff ?? 1_000;
    this.#longest = options.maxBackoff ?? 10_000;
    this.#maxUnschedulable = options.maxUnschedulable ?? 300_000;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Adds a pod or takes note of its new state. */
  add(info: PodInfo): void {
    const known = this.#entries.get(info.uid);
    if (known === undefined) {
      const now = this.#clock.monotonic();
      const entry: Entry = {
        info,
        since: now,
        attempts: 0,
        readyAt: 0,
        rejectedBy: new Set(),
        gated: false,
        where: 'unschedulable',
        parkedAt: now,
      };
      this.#entries.set(info.uid, entry);
      this.#enqueue(entry);
      return;
    }
    const changed = known.info.pod.spec !== info.pod.spec || known.info.pod.metadata.labels !== info.pod.metadata.labels;
    known.info = info;
    // An update of the pod itself (gates removed, requests or labels changed) may make it fit.
    if (known.where === 'unschedulable' && changed) this.#enqueue(known);
  }

  remove(uid: string): void {
    this.#entries.delete(uid);
  }

  /** The next pod; undefined when the queue is closed. */
  async pop(): Promise<Popped | undefined> {
    for (;;) {
      const next = this.tryPop();
      if (next !== undefined || this.#closed) return next;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next pod, if one is active now. */
  tryPop(): Popped | undefined {
    for (;;) {
      const entry = this.#active.pop();
      if (entry === undefined) return undefined;
      if (entry.where !== 'active' || this.#entries.get(entry.info.uid) !== entry) continue;
      entry.where = 'in-flight';
      entry.attempts++;
      entry.parkedAt = this.#eventCount;
      return { info: entry.info, attempts: entry.attempts, since: entry.since };
    }
  }

  /** Puts back a pod for which no node was found. */
  unschedulable(uid: string, rejectedBy: ReadonlySet<string>): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined || entry.where !== 'in-flight') return;
    const startedAt = entry.parkedAt;
    entry.rejectedBy = rejectedBy;
    entry.where = 'unschedulable';
    entry.parkedAt = this.#clock.monotonic();
    entry.readyAt = this.#clock.monotonic() + this.#backoff(entry.attempts);
    if (this.#recent.some(({ at, event }) => at > startedAt && this.#helps(entry, event))) this.#enqueue(entry);
    else this.#arm(entry.parkedAt + this.#maxUnschedulable);
  }

  /** Puts back a pod whose binding failed: it is tried again after its back-off. */
  retry(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined || entry.where !== 'in-flight') return;
    entry.readyAt = this.#clock.monotonic() + this.#backoff(entry.attempts);
    this.#enqueue(entry);
  }

  /** Tells of a change; pods that it may help are tried again. */
  notify(event: ClusterEvent): void {
    this.#eventCount++;
    this.#recent.push({ at: this.#eventCount, event });
    if (this.#recent.length > 256) this.#recent.splice(0, 128);
    for (const entry of this.#entries.values())
      if (entry.where === 'unschedulable' && !entry.gated && this.#helps(entry, event)) this.#enqueue(entry);
  }

  /** Why the queue keeps the pod out, if it does. */
  gateOf(uid: string): string | undefined {
    const entry = this.#entries.get(uid);
    if (entry === undefined || !entry.gated) return undefined;
    return this.#gates.map((plugin) => plugin.preEnqueue?.(entry.info.pod)?.reasons.join(', ')).find((reason) => reason !== undefined);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#wake?.();
  }

  #helps(entry: Entry, event: ClusterEvent): boolean {
    if (entry.rejectedBy.size === 0) return true;
    for (const name of entry.rejectedBy) if (this.#plugins.get(name)?.helps?.(entry.info, event) === true) return true;
    return false;
  }

  #backoff(attempts: number): number {
    return Math.min(this.#initial * 2 ** Math.max(0, attempts - 1), this.#longest);
  }

  #enqueue(entry: Entry): void {
    entry.gated = this.#gates.some((plugin) => plugin.preEnqueue?.(entry.info.pod) !== undefined);
    if (entry.gated) {
      entry.where = 'unschedulable';
      return;
    }
    if (entry.readyAt > this.#clock.monotonic()) {
      entry.where = 'backoff';
      this.#arm(entry.readyAt);
      return;
    }
    entry.where = 'active';
    this.#active.push(entry);
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #arm(at: number): void {
    if (this.#closed || at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.after(Math.max(0, at - this.#clock.monotonic()), () => this.#due());
  }

  #due(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries.values()) {
      const due =
        entry.where === 'backoff'
          ? entry.readyAt
          : entry.where === 'unschedulable' && !entry.gated
            ? entry.parkedAt + this.#maxUnschedulable
            : undefined;
      if (due === undefined) continue;
      if (due <= now) this.#enqueue(entry);
      else next = Math.min(next, due);
    }
    if (Number.isFinite(next)) this.#arm(next);
  }
}
