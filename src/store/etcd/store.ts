// The store in etcd (3.4 or newer), for more than one server. Revisions are etcd's own.
import { GrpcError } from '#base/grpc.ts';
import type { World } from '#base/world.ts';
import {
  CompactedError,
  type Compare,
  FutureRevisionError,
  type KeyValue,
  type ListOptions,
  type ListResult,
  type Operation,
  type Store,
  type TxnResult,
  type WatchBatch,
  type WatchOptions,
} from '../kv.ts';
import { EtcdClient, type EtcdServers } from './client.ts';
import { Compaction, compactionKey } from './compaction.ts';
import { allKeys, Keys } from './keys.ts';
import { type Header, methods, type Range, type StoredKey } from './messages.ts';
import { NewestRevision } from './newest.ts';
import { PageSize } from './pages.ts';
import { follow, toKeyValue } from './watch.ts';

export interface EtcdStoreOptions extends EtcdServers {
  /** What all keys of the store begin with, such as `/registry`. Default: nothing. */
  readonly root?: string;
  /** What stands in its place in etcd. Default: `root`. */
  readonly prefix?: string;
  /** Milliseconds between compactions, of which one of several servers does each; 0 or absent: none. */
  readonly compactionInterval?: number;
}

interface RangeRequest {
  readonly key: Uint8Array;
  readonly rangeEnd?: Uint8Array;
  readonly revision: number;
  readonly limit?: number;
  readonly keysOnly?: boolean;
}

/** Numbers of leases are ours to choose: etcd's own may exceed 2^53. */
const leaseNumbers = 2 ** 52;

const refusedWith = (error: unknown, text: string): error is GrpcError =>
  error instanceof GrpcError && error.message.startsWith('etcdserver: ') && error.message.includes(text);

const compactedText = 'required revision has been compacted';
const futureText = 'required revision is a future revision';

class EtcdStore implements Store {
  readonly shared = true;
  readonly #world: Pick<World, 'clock' | 'random'>;
  readonly #client: EtcdClient;
  readonly #keys: Keys;
  readonly #newest: NewestRevision;
  #revision = 1;
  #compacted = 0;

  constructor(world: Pick<World, 'clock' | 'random'>, client: EtcdClient, keys: Keys) {
    this.#world = world;
    this.#client = client;
    this.#keys = keys;
    this.#newest = new NewestRevision(async () => {
      // A read of the newest state: etcd has heard of every acknowledged write before it answers.
      const { header } = await client.read(methods.range, { key: Buffer.from(compactionKey), countOnly: true });
      return this.#see(header);
    });
  }

  revision(): number {
    return this.#revision;
  }

  async newest(): Promise<number> {
    this.#check();
    return await this.#newest.read();
  }

  health(): string | undefined {
    return this.#client.problem;
  }

  compactRevision(): number {
    return this.#compacted;
  }

  async get(key: string, revision = 0): Promise<KeyValue | undefined> {
    const { kvs } = await this.#range({ key: this.#keys.toEtcd(key), revision });
    return kvs[0] && toKeyValue(key, kvs[0]);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    const { limit = 0, keysOnly = false } = options;
    const entries: KeyValue[] = [];
    const pages = new PageSize();
    let revision = options.revision ?? 0;
    let count: number | undefined;
    let range = this.#keys.range(prefix, options.from ?? '');
    for (;;) {
      const page = limit > 0 ? Math.min(pages.size, limit - entries.length) : pages.size;
      let answer: Range;
      try {
        // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ends
        answer = await this.#range({ ...range, revision, limit: page, keysOnly });
      } catch (error) {
        if (pages.tooLarge(error)) continue;
        throw error;
      }
      pages.took(answer.kvs);
      revision ||= answer.header?.revision ?? 0;
      count ??= answer.count;
      for (const kv of answer.kvs) entries.push(toKeyValue(this.#keys.fromEtcd(kv.key) ?? '', kv));
      const last = answer.kvs.at(-1);
      if (!answer.more || last === undefined || entries.length === limit) return { entries, revision, more: answer.more, count };
      range = { ...range, key: Buffer.concat([last.key, Buffer.of(0)]) };
    }
  }

  async txn(compare: readonly Compare[], operations: readonly Operation[]): Promise<TxnResult> {
    this.#check();
    const keys = compare.map(({ key }) => this.#keys.toEtcd(key));
    const answer = await this.#client.write(methods.txn, {
      compare: compare.map(({ modRevision }, i) => ({ result: 'EQUAL', target: 'MOD', key: keys[i], modRevision })),
      success: operations.map((operation) => {
        const key = this.#keys.toEtcd(operation.key);
        if (operation.type === 'delete') return { deleteRange: { key } };
        return { put: { key, value: operation.value, lease: operation.lease ?? 0 } };
      }),
      failure: keys.map((key) => ({ range: { key } })),
    });
    const revision = this.#see(answer.header);
    if (answer.succeeded) return { ok: true, revision };
    const found = (i: number): StoredKey | undefined => answer.responses[i]?.range?.kvs[0];
    return {
      ok: false,
      revision,
      current: compare.map(({ key }, i) => {
        const kv = found(i);
        return kv && toKeyValue(key, kv);
      }),
    };
  }

  watch({ prefix, fromRevision, signal, previous = true }: WatchOptions): AsyncIterable<WatchBatch> {
    this.#check();
    return follow({
      client: this.#client,
      clock: this.#world.clock,
      keys: this.#keys,
      prefix,
      from: fromRevision > 0 ? fromRevision : this.#revision + 1,
      signal,
      previous,
      compactRevision: () => this.#compacted,
      compacted: (at) => this.#forgotten(at),
      seen: (revision) => this.#see({ revision }),
    });
  }

  async compact(revision: number): Promise<void> {
    this.#check();
    const newest = await this.newest();
    if (revision > newest) throw new FutureRevisionError(newest);
    // etcd keeps the state at the revision of a compaction, but neither what was deleted there nor what was there before.
    if (revision > 2) {
      try {
        await this.#client.read(methods.compact, { revision: revision - 1 });
      } catch (error) {
        if (!refusedWith(error, compactedText)) throw error;
      }
    }
    this.#compacted = Math.max(this.#compacted, revision);
  }

  async grantLease(ttl: number): Promise<number> {
    this.#check();
    for (;;) {
      const id = 1 + Math.floor(this.#world.random.next() * leaseNumbers);
      try {
        // oxlint-disable-next-line no-await-in-loop -- hardly ever a second time
        await this.#client.write(methods.leaseGrant, { ttl, id });
        return id;
      } catch (error) {
        if (!refusedWith(error, 'lease already exists')) throw error;
      }
    }
  }

  async revokeLease(id: number): Promise<void> {
    this.#check();
    try {
      await this.#client.write(methods.leaseRevoke, { id });
    } catch (error) {
      if (!refusedWith(error, 'lease not found')) throw error;
    }
  }

  async size(): Promise<number> {
    this.#check();
    return (await this.#client.read(methods.status, {})).dbSize;
  }

  /** Asks etcd where its history begins: a watch from the very beginning is told, or gets the first events. */
  async learnCompaction(): Promise<void> {
    if ((await this.#newest.read()) <= 1) return;
    const stop = new AbortController();
    for await (const answer of this.#client.watch({ ...allKeys, startRevision: 1, fragment: true }, stop.signal)) {
      if (answer.compactRevision > 0) this.#forgotten(answer.compactRevision);
      if (answer.canceled || answer.events.length > 0) break;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }

  async #range(request: RangeRequest): Promise<Range> {
    this.#check();
    const { revision } = request;
    if (revision !== 0 && revision < this.#compacted) throw new CompactedError(this.#compacted);
    try {
      const answer = await this.#client.read(methods.range, request);
      this.#see(answer.header);
      return answer;
    } catch (error) {
      if (refusedWith(error, futureText)) throw new FutureRevisionError(this.#revision);
      if (!refusedWith(error, compactedText)) throw error;
      await this.learnCompaction();
      throw new CompactedError(Math.max(this.#compacted, revision + 1));
    }
  }

  #see(header: Header | undefined): number {
    const revision = header?.revision ?? 0;
    this.#revision = Math.max(this.#revision, revision);
    return revision;
  }

  #forgotten(at: number): void {
    this.#compacted = Math.max(this.#compacted, at + 1);
  }

  #check(): void {
    if (this.#client.closing.aborted) throw new Error('the store is closed');
  }
}

/** Opens the store. Throws `StoreUnavailableError` when none of the servers answers for ten seconds. */
export async function openEtcdStore(world: Pick<World, 'clock' | 'random' | 'grpc' | 'log'>, options: EtcdStoreOptions): Promise<Store> {
  const root = options.root ?? '';
  const client = new EtcdClient(world, options);
  const store = new EtcdStore(world, client, new Keys(root, options.prefix ?? root));
  try {
    await store.newest();
    await store.learnCompaction();
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
  if (options.compactionInterval) new Compaction(world, client, store).start(options.compactionInterval);
  return store;
}
