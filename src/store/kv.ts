// The store's contract: etcd v3's semantics, reduced to what an API server needs. Every engine passes the same
// contract suite (test/store/contract.ts). Keys are strings such as `/registry/pods/default/web-0`; values are bytes.

/** One version of one key. */
export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision at which the key was created (after its last deletion). */
  readonly createRevision: number;
  /** Revision of this version. */
  readonly modRevision: number;
  /** 1 for the first version since creation. */
  readonly version: number;
}

export interface ListOptions {
  /** Read at this revision; 0 or absent: the newest. Throws `CompactedError` / `FutureRevisionError`. */
  readonly revision?: number;
  /** At most this many entries; absent: all. */
  readonly limit?: number;
  /** First key to return (inclusive); absent: the start of the prefix. */
  readonly from?: string;
  readonly keysOnly?: boolean;
}

export interface ListResult {
  readonly entries: readonly KeyValue[];
  /** The revision that the answer is true for. */
  readonly revision: number;
  /** True when `limit` cut the answer. */
  readonly more: boolean;
  /** Number of keys under the prefix at or after `from`, `entries` included. */
  readonly count: number;
}

/** A guard: the key's modRevision must equal `modRevision` (0: the key must not exist). */
export interface Compare {
  readonly key: string;
  readonly modRevision: number;
}

export type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array; readonly lease?: number }
  | { readonly type: 'delete'; readonly key: string };

export type TxnResult =
  | { readonly ok: true; readonly revision: number }
  /** A guard failed: the current state of every compared key (undefined: absent). */
  | { readonly ok: false; readonly revision: number; readonly current: readonly (KeyValue | undefined)[] };

/** `previous` is read when it is looked at, which throws `CompactedError` where compaction was faster. */
export type StoreEvent =
  | { readonly type: 'put'; readonly entry: KeyValue; readonly previous: KeyValue | undefined }
  | { readonly type: 'delete'; readonly key: string; readonly revision: number; readonly previous: KeyValue | undefined };

/** Events of one revision, in order; an empty list is a progress notice: everything up to `revision` was delivered. */
export interface WatchBatch {
  readonly revision: number;
  readonly events: readonly StoreEvent[];
}

export interface WatchOptions {
  readonly prefix: string;
  /** First revision to deliver; 0: only what comes after now. */
  readonly fromRevision: number;
  readonly signal: AbortSignal;
  /** False: nobody will look at `previous` of events, which some engines would have to fetch. */
  readonly previous?: boolean;
}

/** Thrown by reads and watches below the compaction revision. */
export class CompactedError extends Error {
  readonly compactRevision: number;
  constructor(compactRevision: number) {
    super('required revision has been compacted');
    this.compactRevision = compactRevision;
  }
}

/** Thrown by a read at a revision that does not exist yet. */
export class FutureRevisionError extends Error {
  readonly currentRevision: number;
  constructor(currentRevision: number) {
    super('required revision is a future revision');
    this.currentRevision = currentRevision;
  }
}

/** Thrown when the store cannot be reached. `fate` "unknown": a write may have been done, or be done later. */
export class StoreUnavailableError extends Error {
  readonly fate: 'none' | 'unknown';
  constructor(message: string, fate: 'none' | 'unknown', cause?: unknown) {
    super(message, { cause });
    this.fate = fate;
  }
}

/** Guarantees: one global, strictly growing revision; a resolved `txn` is durable; watches are ordered and gap-free. */
export interface Store extends AsyncDisposable {
  /** The newest revision that is known here; starts at 1 for an empty store, like etcd. */
  revision(): number;
  /** Others write too: `revision()` may be behind, and only `newest()` tells. */
  readonly shared: boolean;
  /** The newest revision of all writers: at least that of every write which was acknowledged before the call. */
  newest(): Promise<number>;
  /** Undefined when it works, else what is wrong. */
  health(): string | undefined;
  get(key: string, revision?: number): Promise<KeyValue | undefined>;
  list(prefix: string, options?: ListOptions): Promise<ListResult>;
  /** All guards hold → all operations apply at one new revision. Resolves after they are durable. */
  txn(compare: readonly Compare[], operations: readonly Operation[]): Promise<TxnResult>;
  /** Ordered, gap-free batches; throws `CompactedError` when `fromRevision` is gone. Ends when the signal aborts. */
  watch(options: WatchOptions): AsyncIterable<WatchBatch>;
  /** Forgets history below `revision`: later reads there fail with `CompactedError`. */
  compact(revision: number): Promise<void>;
  compactRevision(): number;
  /** Grants a lease of `ttl` seconds; keys put with it disappear (as deletes) when it ends. */
  grantLease(ttl: number): Promise<number>;
  revokeLease(lease: number): Promise<void>;
  /** Bytes on disk (0 for memory). */
  size(): Promise<number>;
}
