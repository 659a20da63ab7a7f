// Pods that wait for a node: active (by priority, then age), backing off, and unschedulable until something that could
// help them changes. Every wait is bounded: an unschedulable pod is tried again after five minutes in any case.
import type { Clock, Timer } from '#base/clock.ts';
import { Heap } from '#base/heap.ts';
import { type ClusterEvent, extenderName, type Plugin } from './framework.ts';
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
  /** It waits because something failed, not because nothing fitted: its back-off is waited for in any case. */
  failed: boolean;
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

/** Milliseconds: entries that come due close together are moved together. */
const coalesce = 100;

/** Is the plugin told of this kind of event? An unknown plugin is. */
function hears(plugin: Plugin | undefined, event: ClusterEvent): boolean {
  return plugin?.hears === undefined || plugin.hears.includes(`${event.resource}/${event.action}`);
}

const before = (a: Entry, b: Entry): boolean =>
  a.info.priority === b.info.priority ? a.since < b.since : a.info.priority > b.info.priority;

export class SchedulingQueue {
  readonly #entries = new Map<string, Entry>();
  /** Entries that have moved on are skipped when they come up. */
  readonly #active = new Heap<Entry>(before);
  /** Backing off; tried early when nothing else is active. */
  readonly #waiting = new Heap<Entry>(before);
  /** Unschedulable pods by the plugins that rejected them; under the empty name those that nobody rejected by name. */
  readonly #parked = new Map<string, Set<Entry>>();
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
        failed: false,
        where: 'unschedulable',
        parkedAt: now,
      };
      this.#entries.set(info.uid, entry);
      this.#enqueue(entry);
      return;
    }
    const before = known.info.pod;
    const changed =
      before.spec !== info.pod.spec ||
      before.metadata.labels !== info.pod.metadata.labels ||
      before.status.resourceClaimStatuses !== info.pod.status.resourceClaimStatuses;
    known.info = info;
    // An update of the pod itself (gates removed, requests or labels changed) may make it fit.
    if (known.where === 'unschedulable' && changed) this.#enqueue(known);
  }

  remove(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    this.#unpark(entry);
    this.#entries.delete(uid);
  }

  /** The queued state of a pod. */
  infoOf(uid: string): PodInfo | undefined {
    return this.#entries.get(uid)?.info;
  }

  has(uid: string): boolean {
    return this.#entries.has(uid);
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
    const entry = this.#first(this.#active, 'active') ?? this.#first(this.#waiting, 'backoff');
    if (entry === undefined) return undefined;
    entry.where = 'in-flight';
    entry.attempts++;
    entry.parkedAt = this.#eventCount;
    return { info: entry.info, attempts: entry.attempts, since: entry.since };
  }

  /** Puts back a pod for which no node was found. */
  unschedulable(uid: string, rejectedBy: ReadonlySet<string>): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined || entry.where !== 'in-flight') return;
    const startedAt = entry.parkedAt;
    entry.rejectedBy = rejectedBy;
    entry.failed = false;
    entry.where = 'unschedulable';
    entry.parkedAt = this.#clock.monotonic();
    entry.readyAt = this.#clock.monotonic() + this.#backoff(entry.attempts);
    this.#park(entry);
    if (this.#recent.some(({ at, event }) => at > startedAt && this.#helps(entry, event))) this.#enqueue(entry);
    else this.#arm(entry.parkedAt + this.#maxUnschedulable);
  }

  /** Puts back a pod whose binding failed: it is tried again after its back-off. */
  retry(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined || entry.where !== 'in-flight') return;
    entry.failed = true;
    entry.readyAt = this.#clock.monotonic() + this.#backoff(entry.attempts);
    this.#enqueue(entry);
  }

  /** Tries an unschedulable pod again, whatever happened. */
  activate(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry?.where === 'unschedulable') this.#enqueue(entry);
  }

  /** Tells of a change; pods that it may help are tried again. */
  notify(event: ClusterEvent): void {
    this.#eventCount++;
    this.#recent.push({ at: this.#eventCount, event });
    if (this.#recent.length > 256) this.#recent.splice(0, 128);
    for (const [name, entries] of this.#parked) {
      if (entries.size === 0 || !hears(this.#plugins.get(name), event)) continue;
      // A copy: an entry that is still kept out comes back into the set.
      const parked = [...entries];
      for (const entry of parked) if (this.#helps(entry, event)) this.#enqueue(entry);
    }
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
    for (const name of entry.rejectedBy) {
      // Nobody here knows what an extender waits for.
      if (name === extenderName || this.#plugins.get(name)?.helps?.(entry.info, event) === true) return true;
    }
    return false;
  }

  #first(heap: Heap<Entry>, where: Entry['where']): Entry | undefined {
    for (;;) {
      const entry = heap.pop();
      if (entry === undefined) return undefined;
      if (entry.where === where && this.#entries.get(entry.info.uid) === entry) return entry;
    }
  }

  #park(entry: Entry): void {
    for (const name of entry.rejectedBy.size === 0 ? [''] : entry.rejectedBy) {
      const parked = this.#parked.get(name);
      if (parked === undefined) this.#parked.set(name, new Set([entry]));
      else parked.add(entry);
    }
  }

  #unpark(entry: Entry): void {
    if (entry.where !== 'unschedulable') return;
    for (const name of entry.rejectedBy.size === 0 ? [''] : entry.rejectedBy) this.#parked.get(name)?.delete(entry);
  }

  #backoff(attempts: number): number {
    return Math.min(this.#initial * 2 ** Math.max(0, attempts - 1), this.#longest);
  }

  #enqueue(entry: Entry): void {
    this.#unpark(entry);
    const gate = this.#gates.find((plugin) => plugin.preEnqueue?.(entry.info.pod) !== undefined);
    entry.gated = gate !== undefined;
    if (gate !== undefined) {
      entry.where = 'unschedulable';
      entry.rejectedBy = new Set([gate.name]);
      this.#park(entry);
      return;
    }
    if (entry.readyAt > this.#clock.monotonic()) {
      entry.where = 'backoff';
      this.#arm(entry.readyAt);
      if (entry.failed) return;
      this.#waiting.push(entry);
      this.#rouse();
      return;
    }
    entry.where = 'active';
    this.#active.push(entry);
    this.#rouse();
  }

  #rouse(): void {
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
    if (Number.isFinite(next)) this.#arm(Math.max(next, now + coalesce));
  }
}
