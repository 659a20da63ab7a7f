// The embedded engine: state on disk in one folder, no server to run. A revision is one record, written in group commits
// with a sync; a change becomes visible (to reads and watches) only after it is durable. The index of keys is in memory,
// values are read from the memory-mapped file.
import { type Database, open, type RootDatabase } from 'lmdb';
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { decodeRevision, encodeRevision, revisionKey, revisionOfKey } from './codec.ts';
import type { Compare, KeyValue, ListOptions, ListResult, Operation, Store, TxnResult, WatchBatch, WatchOptions } from './kv.ts';
import { Leases } from './leases.ts';
import { type Change, Mvcc } from './mvcc.ts';
import { toKeyValue, type Version } from './versions.ts';

export interface LmdbStoreOptions {
  /** Bytes that the file may grow to. Default 64 GiB of address space; only what is used takes disk. */
  readonly mapSize?: number;
}

const none = new Uint8Array(0);
const leaseSlice = 1_000;
const sweepSlice = 1_000;
const compactedKey = 'compacted';
const leasePrefix = 'lease/';

interface Pending {
  readonly change: Change;
  durable: boolean;
  readonly visible: PromiseWithResolvers<void>;
}

/** Takes the folder for this process. The lock of a process that is gone does not count. */
async function lock(path: string, { fs, exec }: Pick<World, 'fs' | 'exec'>): Promise<() => Promise<void>> {
  await fs.mkdir(path, 0o700);
  const file = `${path}/lock`;
  const held = Number((await fs.readText(file).catch(() => '')).trim());
  const own = Number((await fs.readlink('/proc/self').catch(() => '0')) || 0);
  if (held > 0 && held !== own && exec.alive(held)) throw new Error(`${path} is in use by process ${held}`);
  await fs.write(file, `${own}\n`, { mode: 0o600, atomic: true });
  return () => fs.remove(file);
}

class LmdbStore implements Store {
  readonly #root: RootDatabase<Buffer, string>;
  readonly #revisions: Database<Buffer, Buffer>;
  readonly #meta: Database<Buffer, string>;
  readonly #leases: Leases;
  readonly #mvcc: Mvcc;
  readonly #unlock: () => Promise<void>;
  readonly #path: string;
  readonly #fs: World['fs'];
  readonly #log: World['log'];
  /** Changes that are numbered and not yet visible, in order. */
  readonly #pending: Pending[] = [];
  #failure: Error | undefined;
  #closed = false;

  constructor(path: string, world: Pick<World, 'fs' | 'clock' | 'log'>, given: { unlock: () => Promise<void>; options: LmdbStoreOptions }) {
    this.#path = path;
    this.#fs = world.fs;
    this.#log = world.log;
    this.#unlock = given.unlock;
    this.#leases = new Leases(world.clock, (lease) => this.revokeLease(lease));
    this.#root = open<Buffer, string>({
      path: `${path}/data`,
      encoding: 'binary',
      // With overlapping syncs a write resolves before it is on disk.
      overlappingSync: false,
      mapSize: given.options.mapSize ?? 64 * 1024 ** 3,
      maxDbs: 4,
      eventTurnBatching: true,
    });
    this.#revisions = this.#root.openDB<Buffer, Buffer>({ name: 'revisions', encoding: 'binary', keyEncoding: 'binary' });
    this.#meta = this.#root.openDB<Buffer, string>({ name: 'meta', encoding: 'binary' });
    this.#mvcc = new Mvcc((version) => this.#valueOf(version), this.#leases);
    this.#load();
  }

  /** Rebuilds the index from the revisions on disk. */
  #load(): void {
    let newest = 1;
    for (const { key, value } of this.#meta.getRange({ start: leasePrefix, end: `${leasePrefix}~` })) {
      const { ttl, expires } = JSON.parse(value.toString()) as { ttl: number; expires: number };
      this.#leases.restore(Number(key.slice(leasePrefix.length)), ttl, expires);
    }
    for (const { key, value } of this.#revisions.getRange({})) {
      const revision = revisionOfKey(key);
      const versions = decodeRevision(value).map((stored, sub): Version => {
        const record = this.#mvcc.index.obtain(stored.key);
        const previous = record.newest;
        const lease = this.#leases.get(stored.lease) === undefined ? 0 : stored.lease;
        const version: Version = {
          record,
          mod: revision,
          sub,
          create: stored.create,
          version: stored.version,
          lease,
          deleted: stored.deleted,
          value: undefined,
          previous,
        };
        record.newest = version;
        return version;
      });
      this.#mvcc.apply({ revision, versions });
      newest = revision;
    }
    const compacted = Number(this.#meta.get(compactedKey)?.toString() ?? 0);
    this.#mvcc.restore(Math.max(newest, compacted), compacted);
  }

  #valueOf(version: Version): Uint8Array {
    if (version.value !== undefined) return version.value;
    if (version.deleted) return none;
    const stored = this.#revisions.get(revisionKey(version.mod));
    return (stored && decodeRevision(stored)[version.sub]?.value) ?? none;
  }

  revision(): number {
    return this.#mvcc.revision;
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
    const entries = versions.map((version) => toKeyValue(version, (one) => this.#valueOf(one), options.keysOnly) as KeyValue);
    return { entries, revision, more, count };
  }

  async txn(compare: readonly Compare[], operations: readonly Operation[]): Promise<TxnResult> {
    this.#check();
    const prepared = this.#mvcc.prepare(compare, operations);
    if (prepared.type === 'change') {
      const { change } = prepared;
      await this.#commit(change);
      return { ok: true, revision: change.revision };
    }
    await this.#untilVisible(prepared.after);
    if (prepared.type === 'failed') {
      return {
        ok: false,
        revision: this.revision(),
        current: prepared.current.map((version) => toKeyValue(version, (one) => this.#valueOf(one))),
      };
    }
    return { ok: true, revision: this.revision() };
  }

  /** Writes a change; resolves when it is durable and visible. */
  #commit(change: Change): Promise<void> {
    const pending: Pending = { change, durable: false, visible: Promise.withResolvers<void>() };
    this.#pending.push(pending);
    this.#revisions.put(revisionKey(change.revision), encodeRevision(change.versions)).then(
      () => {
        pending.durable = true;
        this.#publish();
      },
      (error: unknown) => this.#fail(error),
    );
    return pending.visible.promise;
  }

  /** Shows durable changes, in the order of their revisions. */
  #publish(): void {
    while (this.#pending[0]?.durable) {
      const { change, visible } = this.#pending.shift() as Pending;
      this.#mvcc.apply(change);
      // The bytes are in the file from now on.
      for (const version of change.versions) version.value = undefined;
      visible.resolve();
    }
  }

  /** A failed write leaves a hole in the numbers: nothing more can be promised. */
  #fail(error: unknown): void {
    this.#failure ??= new Error(`the store cannot write: ${messageOf(error)}`, { cause: error });
    this.#log.error(this.#failure.message);
    for (const pending of this.#pending.splice(0)) pending.visible.reject(this.#failure);
  }

  async #untilVisible(revision: number): Promise<void> {
    while (this.#mvcc.revision < revision) {
      const pending = this.#pending.find(({ change }) => change.revision >= revision) ?? this.#pending.at(-1);
      if (pending === undefined) return;
      await pending.visible.promise;
    }
  }

  watch(options: WatchOptions): AsyncIterable<WatchBatch> {
    this.#check();
    return this.#mvcc.watch(options);
  }

  async compact(revision: number): Promise<void> {
    this.#check();
    this.#mvcc.raiseCompaction(revision);
    await this.#meta.put(compactedKey, Buffer.from(String(revision)));
    for (let gone = this.#mvcc.sweep(sweepSlice); gone !== undefined; gone = this.#mvcc.sweep(sweepSlice)) await this.#drop(gone);
  }

  /** Removes the records of revisions of which nothing is needed any more. */
  async #drop(gone: readonly Version[]): Promise<void> {
    const revisions = new Set(gone.map((version) => version.mod));
    let last: Promise<boolean> | undefined;
    for (const revision of revisions) {
      const key = revisionKey(revision);
      const stored = this.#revisions.get(key);
      if (stored === undefined) continue;
      const needed = decodeRevision(stored).some((version, sub) => {
        const current = this.#mvcc.index.get(version.key);
        for (let at = current?.newest; at !== undefined; at = at.previous) if (at.mod === revision && at.sub === sub) return true;
        return false;
      });
      if (!needed) last = this.#revisions.remove(key);
    }
    await last;
  }

  async grantLease(ttl: number): Promise<number> {
    this.#check();
    const { id, expires } = this.#leases.grant(ttl);
    await this.#meta.put(`${leasePrefix}${id}`, Buffer.from(JSON.stringify({ ttl, expires })));
    return id;
  }

  async revokeLease(lease: number): Promise<void> {
    if (this.#closed) return;
    const keys = [...(this.#leases.get(lease)?.keys ?? [])];
    for (let i = 0; i < keys.length; i += leaseSlice) {
      await this.txn(
        [],
        keys.slice(i, i + leaseSlice).map((key) => ({ type: 'delete', key })),
      );
    }
    this.#leases.forget(lease);
    await this.#meta.remove(`${leasePrefix}${lease}`);
  }

  async size(): Promise<number> {
    return (await this.#fs.stat(`${this.#path}/data`))?.size ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    await Promise.allSettled(this.#pending.map((pending) => pending.visible.promise));
    this.#closed = true;
    this.#leases.stop();
    this.#mvcc.stopWatches();
    await this.#root.close();
    await this.#unlock();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed) throw new Error('the store is closed');
  }
}

/** Opens (or makes) the store in a folder. Rejects when another process has it. */
export async function openLmdbStore(
  path: string,
  world: Pick<World, 'fs' | 'clock' | 'log' | 'exec'>,
  options: LmdbStoreOptions = {},
): Promise<Store> {
  const unlock = await lock(path, world);
  try {
    return new LmdbStore(path, world, { unlock, options });
  } catch (error) {
    await unlock();
    throw new Error(`the store in ${path} cannot be opened: ${messageOf(error)}`, { cause: error });
  }
}
