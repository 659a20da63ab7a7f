// Multi-version state in memory, shared by the engines: guards, revisions, reads at any revision, history, watches.
// The values may live elsewhere (`valueOf`). A change is first prepared (numbered), then, when it is durable, applied.
import {
  CompactedError,
  type Compare,
  FutureRevisionError,
  type KeyValue,
  type ListOptions,
  type Operation,
  type WatchBatch,
  type WatchOptions,
} from './kv.ts';
import { VersionLog } from './log.ts';
import type { Lease, Leases } from './leases.ts';
import { isLive, OrderedIndex } from './ordered.ts';
import { type KeyRecord, toKeyValue, type ValueOf, type Version, versionAt } from './versions.ts';
import { Watch, type WatchSource } from './watch.ts';

/** A numbered change: all its versions have the same revision. */
export interface Change {
  readonly revision: number;
  readonly versions: readonly Version[];
}

export type Prepared =
  | { readonly type: 'change'; readonly change: Change }
  /** Nothing to do (no operation, or only deletions of absent keys). */
  | { readonly type: 'nothing'; readonly after: number }
  /** A guard failed; the answer is true once revision `after` is durable. */
  | { readonly type: 'failed'; readonly current: readonly (Version | undefined)[]; readonly after: number };

/** What a list will answer, before its values are read. */
export interface Selection {
  readonly versions: readonly Version[];
  readonly revision: number;
  readonly more: boolean;
  readonly count: number;
}

// Keys that one revision deletes at most when a lease ends.
const leaseSlice = 1_000;

export class Mvcc {
  readonly index = new OrderedIndex();
  readonly log = new VersionLog();
  readonly valueOf: ValueOf;
  readonly #leases: Leases;
  readonly #waiting = new Set<Watch>();
  readonly #source: WatchSource;
  /** Newest revision that readers may see, and newest that was given out. */
  #visible = 1;
  #assigned = 1;
  #compacted = 0;
  #waking = false;

  constructor(valueOf: ValueOf, leases: Leases) {
    this.valueOf = valueOf;
    this.#leases = leases;
    this.#source = {
      log: this.log,
      valueOf,
      waiting: this.#waiting,
      open: new Set(),
      revision: () => this.#visible,
      compactRevision: () => this.#compacted,
    };
  }

  get revision(): number {
    return this.#visible;
  }

  get assigned(): number {
    return this.#assigned;
  }

  get compactRevision(): number {
    return this.#compacted;
  }

  /** Sets the numbers when a stored state is loaded. */
  restore(revision: number, compacted: number): void {
    this.#visible = revision;
    this.#assigned = revision;
    this.#compacted = compacted;
  }

  /** Checks the guards against the newest state and numbers the change. */
  prepare(compare: readonly Compare[], operations: readonly Operation[]): Prepared {
    let failed = false;
    for (const guard of compare) {
      const newest = this.index.get(guard.key)?.newest;
      if ((newest === undefined || newest.deleted ? 0 : newest.mod) !== guard.modRevision) failed = true;
    }
    if (failed) {
      const current = compare.map((guard) => this.index.get(guard.key)?.newest);
      return { type: 'failed', current, after: Math.max(0, ...current.map((version) => version?.mod ?? 0)) };
    }
    this.#checkOperations(operations);
    const revision = this.#assigned + 1;
    const versions: Version[] = [];
    for (const operation of operations) {
      const version = this.#next(operation, revision, versions.length);
      if (version !== undefined) versions.push(version);
    }
    if (versions.length === 0) return { type: 'nothing', after: this.#assigned };
    this.#assigned = revision;
    return { type: 'change', change: { revision, versions } };
  }

  /** Makes a prepared change visible. Changes come in the order of their revisions. */
  apply(change: Change): void {
    for (const version of change.versions) {
      const { record } = version;
      const { chunk } = record;
      if (isLive(record) && chunk !== undefined) chunk.live--;
      const before = record.head;
      if (before !== undefined && before.lease !== 0 && before.lease !== version.lease) this.#leases.detach(before.lease, record.key);
      if (version.lease !== 0) this.#leases.attach(version.lease, record.key);
      record.head = version;
      if (isLive(record) && chunk !== undefined) chunk.live++;
      this.log.push(version);
    }
    this.#visible = change.revision;
    this.wake();
  }

  get(key: string, revision = 0): KeyValue | undefined {
    this.checkRevision(revision);
    const record = this.index.get(key);
    if (record === undefined) return undefined;
    return toKeyValue(revision === 0 ? record.head : versionAt(record, revision), this.valueOf);
  }

  /** Which versions a list consists of. */
  select(prefix: string, options: ListOptions): Selection {
    this.checkRevision(options.revision ?? 0);
    const revision = options.revision || this.#visible;
    const newest = revision === this.#visible;
    const limit = options.limit || Number.POSITIVE_INFINITY;
    const from = options.from ?? '';
    const versions: Version[] = [];
    let count = 0;
    let more = false;
    this.index.visit(prefix, from, (record) => {
      const version = newest ? record.head : versionAt(record, revision);
      if (version === undefined || version.deleted) return true;
      count++;
      if (versions.length < limit) {
        versions.push(version);
        return true;
      }
      more = true;
      return !newest; // old revisions have to be counted one by one
    });
    return { versions, revision, more, count: more && newest ? this.index.countLive(prefix, from) : count };
  }

  watch(options: WatchOptions): AsyncIterable<WatchBatch> {
    return new Watch(this.#source, options);
  }

  stopWatches(): void {
    for (const watch of this.#source.open) watch.stop();
  }

  /** What deletes the keys of a lease, a bounded number per transaction. */
  *deletionsOf(lease: Lease): Generator<readonly Operation[]> {
    const keys = [...lease.keys].filter((key) => this.index.get(key)?.newest?.lease === lease.id);
    for (let i = 0; i < keys.length; i += leaseSlice) yield keys.slice(i, i + leaseSlice).map((key) => ({ type: 'delete', key }));
  }

  /** Lets waiting watches look, once for all changes of the same turn. */
  wake(): void {
    if (this.#waking || this.#waiting.size === 0) return;
    this.#waking = true;
    queueMicrotask(() => {
      this.#waking = false;
      for (const watch of this.#waiting) watch.wake(); // readers run later, so nobody joins meanwhile
    });
  }

  checkRevision(revision: number): void {
    if (revision === 0) return;
    if (revision > this.#visible) throw new FutureRevisionError(this.#visible);
    if (revision < this.#compacted) throw new CompactedError(this.#compacted);
  }

  /** Raises the compaction revision: reads below it fail from now on. `sweep` frees the memory. */
  raiseCompaction(revision: number): void {
    if (revision > this.#visible) throw new FutureRevisionError(this.#visible);
    if (revision <= this.#compacted) return;
    this.#compacted = revision;
    this.wake();
  }

  /**
   * Forgets up to `budget` log entries below the compaction revision and the versions that they replaced. Returns the
   * versions whose values are no longer needed, or undefined when all is done.
   */
  sweep(budget: number): Version[] | undefined {
    const gone: Version[] = [];
    for (let i = 0; i < budget; i++) {
      const first = this.log.first();
      if (first === undefined || first.mod >= this.#compacted) return i === 0 ? undefined : gone;
      this.log.shift();
      // Reads at the compaction revision still see `first` (unless it deletes), never what was before it.
      if (first.previous !== undefined) {
        if (!first.previous.deleted) gone.push(first.previous);
        first.previous = undefined;
      }
      if (first.deleted) {
        gone.push(first);
        const { record } = first;
        if (record.newest === first) this.index.remove(record);
      }
    }
    return gone;
  }

  #checkOperations(operations: readonly Operation[]): void {
    if (operations.length > 1) {
      const keys = new Set(operations.map((operation) => operation.key));
      if (keys.size !== operations.length) throw new Error('duplicate key given in txn request');
    }
    for (const operation of operations) {
      if (operation.type === 'put' && operation.lease && this.#leases.get(operation.lease) === undefined) {
        throw new Error('requested lease not found');
      }
    }
  }

  #next(operation: Operation, revision: number, sub: number): Version | undefined {
    const previous = this.index.get(operation.key)?.newest;
    const exists = previous !== undefined && !previous.deleted;
    if (operation.type === 'delete' && !exists) return undefined;
    const record: KeyRecord = previous?.record ?? this.index.obtain(operation.key);
    const put = operation.type === 'put';
    const version: Version = {
      record,
      mod: revision,
      sub,
      create: exists ? previous.create : revision,
      version: exists ? previous.version + 1 : 1,
      lease: put ? (operation.lease ?? 0) : 0,
      deleted: !put,
      value: put ? operation.value : undefined,
      previous,
    };
    record.newest = version;
    return version;
  }
}
