// The watch cache of one storage prefix: every object by key in key order, the recent changes, and who wants to know.
import type { StoreEvent, KeyValue } from '#store/kv.ts';
import { SortedKeys } from '#base/sortedkeys.ts';
import type { KubeObject } from '#api/object.ts';
import type { EncodableEvent } from '../chain.ts';
import { Entry } from './entry.ts';

export class Change {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** The new state; for DELETED the last state with the revision of the deletion. */
  readonly entry: Entry;
  readonly previous: Entry | undefined;
  #event: EncodableEvent | undefined;

  constructor(type: Change['type'], entry: Entry, previous: Entry | undefined) {
    this.revision = entry.revision;
    this.type = type;
    this.entry = entry;
    this.previous = previous;
  }

  /** What those see who watch everything as it is stored: the same event for all of them. */
  get event(): EncodableEvent {
    return (this.#event ??= { type: this.type, item: this.entry });
  }
}

export interface Listener {
  /** Exact key that it wants; undefined: everything. */
  readonly key: string | undefined;
  /** Value of the table's trigger field that it wants; undefined: any. */
  readonly trigger: string | undefined;
  notify(change: Change): void;
  /** The cache has lost continuity: the watch must end. */
  interrupted(): void;
}

export interface TableOptions {
  readonly prefix: string;
  readonly freeze: boolean;
  /** Changes kept for watches that resume. */
  readonly history: number;
  /** A field by which watchers are found without asking each (spec.nodeName of pods). */
  readonly trigger?: (object: KubeObject) => string;
}

export class Table {
  readonly prefix: string;
  readonly #options: TableOptions;
  readonly #entries = new Map<string, Entry>();
  #keys = new SortedKeys();
  /** All entries, until the next change: those who start to watch in one moment share the list. */
  #present: readonly Entry[] | undefined;
  #ring: Change[] = [];
  #lastChange = 0;
  #complete = 0;
  readonly #all = new Set<Listener>();
  readonly #byKey = new Map<string, Set<Listener>>();
  readonly #byTrigger = new Map<string, Set<Listener>>();

  constructor(options: TableOptions) {
    this.prefix = options.prefix;
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }
  /** Revision of the newest change. */
  get lastChange(): number {
    return this.#lastChange;
  }
  /** Every change after this revision is in the ring. */
  get completeSince(): number {
    return this.#complete;
  }

  /** Number of listeners. */
  get watchers(): number {
    let count = this.#all.size;
    for (const bucket of this.#byKey.values()) count += bucket.size;
    for (const bucket of this.#byTrigger.values()) count += bucket.size;
    return count;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Fills the table from a list of the store; what was there before is forgotten. */
  load(entries: readonly KeyValue[], revision: number): void {
    this.#entries.clear();
    this.#present = undefined;
    this.#ring = [];
    this.#complete = revision;
    this.#lastChange = 0;
    for (const kv of entries) {
      this.#entries.set(kv.key, Entry.of(kv.key, kv.modRevision, kv.value, this.#options.freeze));
      if (kv.modRevision > this.#lastChange) this.#lastChange = kv.modRevision;
    }
    this.#keys = SortedKeys.from(entries.map((kv) => kv.key));
    // A deletion may have happened after the newest surviving change: until proven otherwise, it did.
    this.#lastChange = Math.max(this.#lastChange, revision);
    for (const listener of this.#listeners()) listener.interrupted();
  }

  /** Applies one event of the store. */
  apply(event: StoreEvent): void {
    const change = event.type === 'put' ? this.#put(event.entry) : this.#delete(event.key, event.revision);
    if (!change) return;
    this.#present = undefined;
    this.#lastChange = change.revision;
    const ring = this.#ring;
    ring.push(change);
    if (ring.length > this.#options.history * 2) {
      const dropped = ring.length - this.#options.history;
      this.#complete = (ring[dropped - 1] as Change).revision;
      this.#ring = ring.slice(dropped);
    }
    this.#dispatch(change);
  }

  #put(kv: KeyValue): Change | undefined {
    const previous = this.#entries.get(kv.key);
    if (previous && previous.revision >= kv.modRevision) return undefined;
    const entry = Entry.of(kv.key, kv.modRevision, kv.value, this.#options.freeze);
    this.#entries.set(kv.key, entry);
    if (!previous) this.#keys.add(kv.key);
    return new Change(previous ? 'MODIFIED' : 'ADDED', entry, previous);
  }

  #delete(key: string, revision: number): Change | undefined {
    const previous = this.#entries.get(key);
    if (!previous || previous.revision >= revision) return undefined;
    this.#entries.delete(key);
    this.#keys.delete(key);
    return new Change('DELETED', previous.at(revision), previous);
  }

  /** Entries whose key starts with `prefix`, in key order, from key `from` on. */
  *range(prefix: string, from = prefix): Generator<Entry> {
    for (const key of this.#keys.from(from)) {
      if (!key.startsWith(prefix)) return;
      yield this.#entries.get(key) as Entry;
    }
  }

  /** The same as a list: what changes later changes nothing in it. */
  slice(prefix: string, from = prefix): readonly Entry[] {
    if (from !== this.prefix) return Array.from(this.range(prefix, from));
    return (this.#present ??= Array.from(this.range(prefix)));
  }

  /** Number of keys that start with `prefix`, from `from` on. */
  count(prefix: string, from = prefix): number {
    // Keys are ASCII names and '/': '\uffff' sorts after all of them.
    return this.#keys.before(`${prefix}\uffff`) - this.#keys.before(from);
  }

  /** Changes after `revision`, oldest first; undefined when some of them are no longer kept. */
  since(revision: number): readonly Change[] | undefined {
    if (revision < this.#complete) return undefined;
    const ring = this.#ring;
    let low = 0;
    let high = ring.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ring[middle] as Change).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return ring.slice(low);
  }

  subscribe(listener: Listener): () => void {
    const buckets = listener.key !== undefined ? this.#byKey : listener.trigger !== undefined ? this.#byTrigger : undefined;
    if (!buckets) {
      this.#all.add(listener);
      return () => this.#all.delete(listener);
    }
    const name = (listener.key ?? listener.trigger) as string;
    const bucket = buckets.get(name) ?? new Set();
    buckets.set(name, bucket.add(listener));
    return () => {
      bucket.delete(listener);
      if (bucket.size === 0 && buckets.get(name) === bucket) buckets.delete(name);
    };
  }

  #dispatch(change: Change): void {
    for (const listener of this.#all) listener.notify(change);
    const exact = this.#byKey.get(change.entry.key);
    if (exact) for (const listener of exact) listener.notify(change);
    const trigger = this.#options.trigger;
    if (!trigger || this.#byTrigger.size === 0) return;
    const now = trigger(change.entry.object);
    const before = change.previous && trigger(change.previous.object);
    for (const listener of this.#byTrigger.get(now) ?? []) listener.notify(change);
    if (before !== undefined && before !== now) for (const listener of this.#byTrigger.get(before) ?? []) listener.notify(change);
  }

  *#listeners(): Generator<Listener> {
    yield* this.#all;
    for (const bucket of this.#byKey.values()) yield* bucket;
    for (const bucket of this.#byTrigger.values()) yield* bucket;
  }

  /** Ends every watch. */
  interrupt(): void {
    const listeners = Array.from(this.#listeners());
    for (const listener of listeners) listener.interrupted();
  }
}
