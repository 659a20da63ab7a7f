// A watch is a cursor into the log: it buffers nothing, so a slow reader costs no memory. One that falls behind the
// compaction gets CompactedError and lists again.
import { CompactedError, type StoreEvent, type WatchBatch } from './kv.ts';
import type { VersionLog } from './log.ts';
import { toKeyValue, type ValueOf, type Version } from './versions.ts';

/** What a watch sees of the store. */
export interface WatchSource {
  readonly log: VersionLog;
  readonly valueOf: ValueOf;
  /** All watches, and those whose reader waits for news. */
  readonly open: Set<Watch>;
  readonly waiting: Set<Watch>;
  revision(): number;
  compactRevision(): number;
}

/** A version as watches tell it. What was before it is read when somebody looks: replaced values are on disk, and few care. */
function toEvent(version: Version, valueOf: ValueOf): StoreEvent {
  const before = version.previous;
  const entry = toKeyValue(version, valueOf);
  if (entry === undefined) {
    return {
      type: 'delete',
      key: version.record.key,
      revision: version.mod,
      get previous() {
        return toKeyValue(before, valueOf);
      },
    };
  }
  return {
    type: 'put',
    entry,
    get previous() {
      return toKeyValue(before, valueOf);
    },
  };
}

type Result = IteratorResult<WatchBatch, undefined>;
const over: Result = { done: true, value: undefined };

export class Watch implements AsyncIterableIterator<WatchBatch, undefined> {
  readonly #source: WatchSource;
  readonly #prefix: string;
  readonly #signal: AbortSignal;
  readonly #aborted = (): void => this.stop();
  /** Everything before this revision was delivered. */
  #next: number;
  #position: number;
  #stopped = false;
  #waiter: { resolve(result: Result): void; reject(error: unknown): void } | undefined;

  constructor(source: WatchSource, options: { prefix: string; fromRevision: number; signal: AbortSignal }) {
    this.#source = source;
    this.#prefix = options.prefix;
    this.#signal = options.signal;
    this.#next = options.fromRevision > 0 ? options.fromRevision : source.revision() + 1;
    this.#position = source.log.find(this.#next);
    this.#stopped = options.signal.aborted;
    if (this.#stopped) return;
    source.open.add(this);
    options.signal.addEventListener('abort', this.#aborted, { once: true });
  }

  next(): Promise<Result> {
    if (this.#stopped) return Promise.resolve(over);
    try {
      const batch = this.#scan();
      if (batch !== undefined) return Promise.resolve({ done: false, value: batch });
    } catch (error) {
      this.stop();
      return Promise.reject(error);
    }
    this.#source.waiting.add(this);
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  return(): Promise<Result> {
    this.stop();
    return Promise.resolve(over);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Called after new revisions became visible. */
  wake(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    try {
      const batch = this.#scan();
      if (batch === undefined) return;
      this.#waiter = undefined;
      this.#source.waiting.delete(this);
      waiter.resolve({ done: false, value: batch });
    } catch (error) {
      this.#waiter = undefined;
      this.stop();
      waiter.reject(error);
    }
  }

  /** Ends the iteration. */
  stop(): void {
    this.#stopped = true;
    this.#signal.removeEventListener('abort', this.#aborted);
    this.#source.open.delete(this);
    this.#source.waiting.delete(this);
    this.#waiter?.resolve(over);
    this.#waiter = undefined;
  }

  /** The events of the next revision with any, else how far we are; undefined when there is nothing new. */
  #scan(): WatchBatch | undefined {
    const { log } = this.#source;
    const revision = this.#source.revision();
    const compacted = this.#source.compactRevision();
    if (this.#next < compacted) throw new CompactedError(compacted);
    if (this.#next > revision) return undefined;
    let events: StoreEvent[] | undefined;
    let found = 0;
    for (; this.#position < log.end; this.#position++) {
      const version = log.at(this.#position);
      // The log begins at the compaction; what was dropped before `next` is none of our business.
      if (version === undefined || version.mod < this.#next) continue;
      if (events !== undefined && version.mod !== found) break;
      if (!version.record.key.startsWith(this.#prefix)) continue;
      found = version.mod;
      (events ??= []).push(toEvent(version, this.#source.valueOf));
    }
    this.#next = events === undefined ? revision + 1 : found + 1;
    return { revision: events === undefined ? revision : found, events: events ?? [] };
  }
}
