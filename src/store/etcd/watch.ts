// A watch on etcd that outlives connections. It follows all keys of etcd, not only its prefix: every revision then has events,
// which tell how far the watch is. (Progress notices would tell too, but members before 3.4.25 and 3.5.8 may send them too early.)
import { Backoff } from '#base/backoff.ts';
import type { World } from '#base/world.ts';
import { CompactedError, type KeyValue, type StoreEvent, type WatchBatch } from '../kv.ts';
import type { EtcdClient } from './client.ts';
import { allKeys, type Keys } from './keys.ts';
import type { StoredKey, WatchAnswer, WatchEvent } from './messages.ts';

export interface Following {
  readonly client: EtcdClient;
  readonly clock: World['clock'];
  readonly keys: Keys;
  readonly prefix: string;
  /** First revision to deliver. */
  readonly from: number;
  readonly signal: AbortSignal;
  readonly previous: boolean;
  /** Everything below is forgotten, as far as is known here. */
  compactRevision(): number;
  /** etcd has compacted at a revision. */
  compacted(at: number): void;
  /** Called with every revision that is seen. */
  seen(revision: number): void;
}

/** Milliseconds before the watch is begun anew. */
const pauses = { initial: 20, max: 1_000 };

export function toKeyValue(key: string, { value, createRevision, modRevision, version }: StoredKey): KeyValue {
  return { key, value, createRevision, modRevision, version };
}

/** The batches from a revision on. Throws `CompactedError`; a lost connection only delays what comes next. */
export async function* follow(options: Following): AsyncGenerator<WatchBatch, undefined> {
  const { client, clock, signal } = options;
  const reader = new Reader(options);
  const backoff = new Backoff(pauses);
  const over = (): boolean => signal.aborted || client.closing.aborted;
  while (!over()) {
    try {
      reader.check();
      for await (const answer of client.watch(reader.request(), signal)) {
        if (answer.canceled) {
          if (answer.compactRevision > 0) options.compacted(answer.compactRevision);
          reader.check();
          break;
        }
        if (answer.created || answer.events.length > 0) backoff.reset();
        for (const batch of reader.take(answer)) {
          reader.check();
          reader.delivered(batch.revision);
          yield batch;
          if (over()) return;
        }
      }
    } catch (error) {
      if (error instanceof CompactedError) throw error;
      // Everything else is a loss of the connection, which the client has noted.
    }
    if (!over()) await clock.sleep(backoff.next(), signal).catch(() => {});
  }
}

/** Makes batches of one revision each from what etcd tells, and knows where to go on. */
class Reader {
  readonly #options: Following;
  /** Everything before is delivered. */
  #next: number;
  /** Events of answers that are not complete. */
  #parts: WatchEvent[] = [];

  constructor(options: Following) {
    this.#options = options;
    this.#next = options.from;
  }

  /**
   * What to ask for now. It begins one revision earlier: of the very revision of a compaction etcd may have forgotten
   * deletions, and what was there before, and does not say so.
   */
  request(): object {
    this.#parts = [];
    return { ...allKeys, startRevision: Math.max(1, this.#next - 1), prevKv: this.#options.previous, fragment: true };
  }

  check(): void {
    const compacted = this.#options.compactRevision();
    if (this.#next < compacted) throw new CompactedError(compacted);
  }

  delivered(revision: number): void {
    this.#next = revision + 1;
  }

  /** etcd never divides a revision among answers, except into fragments of one. */
  *take(answer: WatchAnswer): Generator<WatchBatch> {
    this.#parts.push(...answer.events);
    if (answer.fragment || this.#parts.length === 0) return;
    const parts = this.#parts;
    this.#parts = [];
    let events: StoreEvent[] = [];
    let revision = 0;
    for (const part of parts) {
      const at = part.kv?.modRevision ?? 0;
      if (at < this.#next) continue;
      if (at !== revision && events.length > 0) {
        yield { revision, events };
        events = [];
      }
      revision = at;
      this.#options.seen(at);
      const event = this.#event(part);
      if (event) events.push(event);
    }
    if (revision > 0) yield { revision, events };
  }

  #event({ type, kv, prevKv }: WatchEvent): StoreEvent | undefined {
    const { keys, prefix, previous: wanted } = this.#options;
    const key = kv && keys.fromEtcd(kv.key);
    if (kv === undefined || key === undefined || !key.startsWith(prefix)) return undefined;
    const hasPrevious = type === 'DELETE' || kv.version > 1;
    const previous = (): KeyValue | undefined => {
      if (!hasPrevious) return undefined;
      if (!wanted) throw new Error('the watch was begun without previous versions');
      // etcd leaves it out when it was compacted before it could be read.
      if (prevKv === undefined) throw new CompactedError(kv.modRevision);
      return toKeyValue(key, prevKv);
    };
    if (type === 'DELETE') {
      return {
        type: 'delete',
        key,
        revision: kv.modRevision,
        get previous() {
          return previous();
        },
      };
    }
    return {
      type: 'put',
      entry: toKeyValue(key, kv),
      get previous() {
        return previous();
      },
    };
  }
}
