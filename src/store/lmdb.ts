// The embedded durable store: values and history in LMDB, the index of keys in memory.
import { type Database, open, type RootDatabase } from 'lmdb';
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { Commits, type Flush } from './commits.ts';
import { checkFile, lockDirectory } from './datadir.ts';
import {
  CompactedError,
  type Compare,
  type KeyValue,
  type ListOptions,
  type ListResult,
  type Operation,
  type Store,
  type TxnResult,
  type WatchBatch,
  type WatchOptions,
} from './kv.ts';
import { Leases } from './leases.ts';
import { load, type LmdbTables, stateKey } from './lmdbload.ts';
import { type Change, Mvcc } from './mvcc.ts';
import { encodeCurrent, encodeHistory, historyKey, historyValue, type StoredState } from './records.ts';
import { RecentValues } from './recent.ts';
import { toKeyValue, type Version } from './versions.ts';

export interface LmdbStoreOptions {
  /**
   * Keys that need not survive a crash of the machine or process: heartbeats, events. Their writes cost no sync. After a
   * crash some of the last seconds may be missing; revisions are never given out twice all the same.
   */
  readonly volatile?: (key: string) => boolean;
  /** Most versions remembered beyond the newest ones; older history is compacted away. Default 100,000. */
  readonly historyLimit?: number;
  /** Milliseconds until volatile writes are on disk at the latest. Default 30,000. */
  readonly lazyInterval?: number;
}

type StoreWorld = Pick<World, 'clock' | 'fs' | 'exec' | 'random' | 'log'>;

const none = new Uint8Array(0);
const keyLimit = 1_900;
// Values read from disk between two breaths of the event loop.
const readSlice = 2_000;
const sweepSlice = 500;
// Volatile revisions given out beyond the last flush at most: after a crash the revision jumps by so much.
const reserveSpan = 10_000;

// Every write of a batch fails with the batch, whose promise is looked at.
function quiet(write: Promise<unknown>): void {
  write.catch(() => {});
}

/** lmdb gives the reason of a failed commit as a second promise inside the error. */
async function withReason(commit: Promise<unknown>): Promise<void> {
  try {
    await commit;
  } catch (error) {
    const { commitError } = error as { commitError?: Promise<unknown> };
    await commitError;
    throw error;
  }
}

class LmdbStore implements Store {
  readonly shared = false;
  readonly #path: string;
  readonly #world: StoreWorld;
  readonly #options: LmdbStoreOptions;
  readonly #root: RootDatabase;
  readonly #history: Database;
  readonly #current: Database;
  readonly #leaseTable: Database;
  readonly #unlock: () => Promise<void>;
  readonly #leases: Leases;
  readonly #mvcc: Mvcc;
  readonly #commits: Commits;
  readonly #recent = new RecentValues();
  readonly #historyLimit: number;
  #durable = 1;
  #reserved = 1;
  #sweeping: Promise<void> | undefined;
  #closed = false;

  constructor(opened: OpenedLmdb, world: StoreWorld, options: LmdbStoreOptions, tables: LmdbTables) {
    this.#path = opened.path;
    this.#world = world;
    this.#options = options;
    this.#root = opened.root;
    this.#history = tables.history;
    this.#current = tables.current;
    this.#leaseTable = tables.leases;
    this.#unlock = opened.unlock;
    this.#historyLimit = options.historyLimit ?? 100_000;
    this.#leases = new Leases(world.clock, (lease) => this.revokeLease(lease));
    this.#mvcc = new Mvcc((version) => this.#valueOf(version), this.#leases);
    this.#commits = new Commits({
      clock: world.clock,
      lazyInterval: options.lazyInterval ?? 30_000,
      write: (flush) => this.#write(flush, false),
      apply: (change) => this.#mvcc.apply(change),
      written: (flush) => this.#written(flush),
    });
  }

  /** Reads what is on disk; called once. */
  async start(): Promise<void> {
    const state = await load(
      { history: this.#history, current: this.#current, leases: this.#leaseTable },
      this.#mvcc,
      this.#leases,
      this.#world,
    );
    this.#durable = state.revision;
    this.#reserved = state.reserved;
    if (!state.clean && state.reserved > state.revision) {
      // Readers may have seen revisions that are lost: none of them is given out again, and whoever knew them must list anew.
      this.#mvcc.restore(state.reserved, state.reserved);
    } else {
      this.#mvcc.restore(state.revision, state.compactRevision);
    }
    // From now on the state on disk says that we run.
    await this.#commits.flush();
    this.#sweep();
  }

  revision(): number {
    return this.#mvcc.revision;
  }

  async newest(): Promise<number> {
    return this.revision();
  }

  health(): string | undefined {
    return this.#commits.broken?.message;
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
    const entries: KeyValue[] = [];
    for (const version of versions) {
      entries.push(toKeyValue(version, this.#mvcc.valueOf, options.keysOnly) as KeyValue);
      // A list of everything must not stop the process for the time of its reading.
      if (!options.keysOnly && entries.length % readSlice === 0 && entries.length < versions.length) await this.#world.clock.sleep(0);
    }
    return { entries, revision, more, count };
  }

  async txn(compare: readonly Compare[], operations: readonly Operation[]): Promise<TxnResult> {
    this.#check();
    if (this.#commits.broken !== undefined) throw this.#commits.broken;
    for (const operation of operations) {
      if (operation.key.length > keyLimit / 4 && Buffer.byteLength(operation.key) > keyLimit)
        throw new Error(`key longer than ${keyLimit} bytes`);
    }
    const prepared = this.#mvcc.prepare(compare, operations);
    if (prepared.type === 'failed') {
      const current = prepared.current.map((version) => toKeyValue(version, this.#mvcc.valueOf));
      // The answer may rest on a change that is not durable yet: a crash must not make it untrue.
      if (prepared.after > this.revision()) await this.#commits.settled(prepared.after);
      return { ok: false, revision: this.revision(), current };
    }
    if (prepared.type === 'nothing') {
      if (prepared.after > this.revision()) await this.#commits.settled(prepared.after);
      return { ok: true, revision: this.revision() };
    }
    const { change } = prepared;
    await this.#commits.add(change, this.#isVolatile(change));
    this.#trim();
    return { ok: true, revision: change.revision };
  }

  watch(options: WatchOptions): AsyncIterable<WatchBatch> {
    this.#check();
    return this.#mvcc.watch(options);
  }

  async compact(revision: number): Promise<void> {
    this.#check();
    this.#mvcc.raiseCompaction(revision);
    await this.#commits.flush(); // forgotten for good, also after a crash
    this.#sweep();
    await this.#sweeping;
  }

  async grantLease(ttl: number): Promise<number> {
    this.#check();
    const lease = this.#leases.grant(ttl);
    // Written before (or together with) the first key that uses it.
    this.#commits.putLease(lease.id, { ttl: lease.ttl, expires: lease.expires });
    return lease.id;
  }

  async revokeLease(id: number): Promise<void> {
    const lease = this.#leases.end(id);
    if (lease === undefined) return;
    await this.#commits.settled(this.#mvcc.assigned); // keys on their way count, too
    for (const deletions of this.#mvcc.deletionsOf(lease)) await this.txn([], deletions);
    this.#leases.forget(id);
    this.#commits.putLease(id, undefined);
  }

  async size(): Promise<number> {
    return (await this.#world.fs.stat(`${this.#path}/data.mdb`))?.size ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#leases.stop();
    this.#mvcc.stopWatches();
    await this.#sweeping;
    await this.#commits.stop();
    try {
      if (this.#commits.broken === undefined) {
        await this.#commits.flush();
        await this.#write({ changes: [], gone: [], leases: new Map() }, true);
      }
    } finally {
      await this.#commits.stop();
      await this.#root.close();
      await this.#unlock();
    }
  }

  #check(): void {
    if (this.#closed) throw new Error('the store is closed');
  }

  #isVolatile(change: Change): boolean {
    const { volatile } = this.#options;
    return volatile !== undefined && change.revision <= this.#reserved && change.versions.every((version) => volatile(version.record.key));
  }

  #valueOf(version: Version): Uint8Array {
    if (version.value !== undefined) return version.value;
    const bytes = this.#history.getBinary(historyKey(version.mod, version.sub));
    // Compaction has passed it between the choice of the version and the read.
    if (bytes === undefined) throw new CompactedError(this.#mvcc.compactRevision);
    return historyValue(bytes);
  }

  async #write(flush: Flush, clean: boolean): Promise<void> {
    const durable = Math.max(this.#durable, flush.changes.at(-1)?.revision ?? 0, this.#mvcc.revision);
    // Without volatile keys nothing is ever seen before it is on disk: no reserve, no jump.
    const reserved = this.#options.volatile === undefined || clean ? durable : durable + reserveSpan;
    const state: StoredState = {
      format: 1,
      revision: durable,
      compactRevision: this.#mvcc.compactRevision,
      swept: Math.min(this.#mvcc.log.first()?.mod ?? durable, this.#mvcc.compactRevision),
      reserved,
      clean,
    };
    const commit = this.#root.batch(() => {
      for (const [id, lease] of flush.leases) {
        if (lease === undefined) quiet(this.#leaseTable.remove(historyKey(id, 0)));
        else quiet(this.#leaseTable.put(historyKey(id, 0), Buffer.from(JSON.stringify(lease))));
      }
      for (const change of flush.changes) for (const version of change.versions) this.#put(version);
      for (const version of flush.gone) quiet(this.#history.remove(historyKey(version.mod, version.sub)));
      quiet(this.#current.put(stateKey, Buffer.from(JSON.stringify(state))));
    });
    await withReason(commit).catch((error: unknown) => {
      this.#world.log.error('the store cannot write; nothing is accepted until a restart', { path: this.#path, error: messageOf(error) });
      throw error;
    });
    this.#durable = durable;
    this.#reserved = reserved;
  }

  #put(version: Version): void {
    const { record, previous, mod, sub, create, lease, deleted } = version;
    const header = {
      key: record.key,
      deleted,
      create,
      version: version.version,
      lease,
      previousMod: previous?.mod ?? 0,
      previousSub: previous?.sub ?? 0,
    };
    quiet(this.#history.put(historyKey(mod, sub), encodeHistory(header, version.value ?? none)));
    const key = Buffer.from(record.key);
    if (deleted) quiet(this.#current.remove(key));
    else quiet(this.#current.put(key, encodeCurrent({ mod, sub, create, version: version.version, lease })));
  }

  /** From now on the disk has the values; the last few stay at hand for watches. */
  #written(flush: Flush): void {
    for (const change of flush.changes) for (const version of change.versions) this.#recent.add(version);
  }

  /** Frees what compaction left, a slice at a time, off the write path. */
  #sweep(): void {
    this.#sweeping ??= this.#sweepAll().finally(() => {
      this.#sweeping = undefined;
    });
  }

  async #sweepAll(): Promise<void> {
    try {
      for (let gone = this.#mvcc.sweep(sweepSlice); gone !== undefined; gone = this.#mvcc.sweep(sweepSlice)) {
        this.#commits.forget(gone);
        if (this.#closed) return;
        await this.#commits.flush();
        await this.#world.clock.sleep(0);
      }
    } catch (error) {
      this.#world.log.warn('compaction stopped', { error: messageOf(error) });
    }
  }

  #trim(): void {
    const { log } = this.#mvcc;
    if (log.length <= this.#historyLimit || this.#sweeping !== undefined) return;
    const keep = log.at(log.end - Math.ceil(this.#historyLimit * 0.75));
    if (keep !== undefined && keep.mod > this.#mvcc.compactRevision) this.#mvcc.raiseCompaction(keep.mod);
    this.#sweep();
  }
}

const settings = { encoding: 'binary', keyEncoding: 'binary' } as const;

/** A database that is open, and what to do when the store has closed it. */
export interface OpenedLmdb {
  readonly path: string;
  readonly root: RootDatabase;
  unlock(): Promise<void>;
}

/** Starts the store on a database that is open: the machine's, or one that a simulation made. */
export async function startLmdbStore(opened: OpenedLmdb, world: StoreWorld, options: LmdbStoreOptions = {}): Promise<Store> {
  const { root } = opened;
  const table = (name: string): Database => root.openDB({ name, ...settings });
  const store = new LmdbStore(opened, world, options, { history: table('history'), current: table('current'), leases: table('leases') });
  await store.start();
  return store;
}

/** Opens (or makes) the store in a directory. One process at a time. */
export async function openLmdbStore(path: string, world: StoreWorld, options: LmdbStoreOptions = {}): Promise<Store> {
  await world.fs.mkdir(path, 0o700);
  const unlock = await lockDirectory(world, path);
  let root: RootDatabase | undefined;
  try {
    const file = `${path}/data.mdb`;
    await checkFile(world, file);
    try {
      // overlappingSync would resolve writes before they are on disk. A page of 8 KiB takes two or three usual objects, one of
      // 4 KiB not even one.
      root = open({ path, ...settings, overlappingSync: false, pageSize: 8_192, noSubdir: false, maxDbs: 4, cache: false });
      const store = await startLmdbStore({ path, root, unlock }, world, options);
      // Makes the directory's own entries durable, too.
      if ((await world.fs.stat(`${path}/format`)) === undefined)
        await world.fs.write(`${path}/format`, 'tutti store 1\n', { atomic: true });
      return store;
    } catch (error) {
      throw new Error(`cannot open the store ${file}: ${messageOf(error)}`, { cause: error });
    }
  } catch (error) {
    await root?.close();
    await unlock();
    throw error;
  }
}
