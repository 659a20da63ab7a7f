// The store in memory: for tests, simulation, and clusters that may forget.
import type { Clock } from '#base/clock.ts';
import type { Compare, KeyValue, ListOptions, ListResult, Operation, Store, TxnResult, WatchBatch, WatchOptions } from './kv.ts';
import { Leases } from './leases.ts';
import { Mvcc } from './mvcc.ts';
import { toKeyValue, type Version } from './versions.ts';

export interface MemoryStoreOptions {
  /** Ends leases; without it they last. */
  readonly clock?: Clock;
  /** Most versions that are remembered beyond the newest ones; older history is compacted away. Default 100,000. */
  readonly historyLimit?: number;
}

const none = new Uint8Array(0);
const valueOf = (version: Version): Uint8Array => version.value ?? none;

class MemoryStore implements Store {
  readonly shared = false;
  readonly #leases: Leases;
  readonly #mvcc: Mvcc;
  readonly #historyLimit: number;
  #closed = false;

  constructor(options: MemoryStoreOptions) {
    this.#leases = new Leases(options.clock, (lease) => this.revokeLease(lease));
    this.#mvcc = new Mvcc(valueOf, this.#leases);
    this.#historyLimit = options.historyLimit ?? 100_000;
  }

  revision(): number {
    return this.#mvcc.revision;
  }

  async newest(): Promise<number> {
    return this.revision();
  }

  health(): string | undefined {
    return undefined;
  }

  compactRevision(): number {
    return this.#mvcc.compactRevision;
  }

  async get(key: string, revision?: number): Promise<KeyValue | undefined> {
    this.#check();
    return this.#mvcc.get(key, revision);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    this.#check();
    const { versions, revision, more, count } = this.#mvcc.select(prefix, options);
    const entries = versions.map((version) => toKeyValue(version, valueOf, options.keysOnly) as KeyValue);
    return { entries, revision, more, count };
  }

  async txn(compare: readonly Compare[], operations: readonly Operation[]): Promise<TxnResult> {
    this.#check();
    const prepared = this.#mvcc.prepare(compare, operations);
    if (prepared.type === 'failed') {
      return { ok: false, revision: this.revision(), current: prepared.current.map((version) => toKeyValue(version, valueOf)) };
    }
    if (prepared.type === 'change') {
      this.#mvcc.apply(prepared.change);
      this.#trim();
    }
    return { ok: true, revision: this.revision() };
  }

  watch(options: WatchOptions): AsyncIterable<WatchBatch> {
    this.#check();
    return this.#mvcc.watch(options);
  }

  async compact(revision: number): Promise<void> {
    this.#check();
    this.#mvcc.raiseCompaction(revision);
    while (this.#mvcc.sweep(10_000) !== undefined);
  }

  async grantLease(ttl: number): Promise<number> {
    this.#check();
    return this.#leases.grant(ttl).id;
  }

  async revokeLease(id: number): Promise<void> {
    const lease = this.#leases.end(id);
    if (lease === undefined) return;
    for (const deletions of this.#mvcc.deletionsOf(lease)) await this.txn([], deletions);
    this.#leases.forget(id);
  }

  async size(): Promise<number> {
    return 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#leases.stop();
    this.#mvcc.stopWatches();
  }

  #check(): void {
    if (this.#closed) throw new Error('the store is closed');
  }

  /** History is bounded: beyond the limit the oldest quarter goes. */
  #trim(): void {
    const { log } = this.#mvcc;
    if (log.length <= this.#historyLimit) return;
    const keep = log.at(log.end - Math.ceil(this.#historyLimit * 0.75));
    if (keep !== undefined && keep.mod > this.#mvcc.compactRevision) this.#mvcc.raiseCompaction(keep.mod);
    while (this.#mvcc.sweep(10_000) !== undefined);
  }
}

/** Opens an empty store. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options);
}
