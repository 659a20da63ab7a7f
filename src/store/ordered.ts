// Keys in order: a hash for lookups and sorted chunks for ranges. An insertion moves at most one chunk's worth of pointers.
import type { KeyRecord } from './versions.ts';

const chunkSize = 256;

export interface Chunk {
  records: KeyRecord[];
  /** How many of them exist now (head is no tombstone). */
  live: number;
}

/** True when the record's visible version is no tombstone. */
export function isLive(record: KeyRecord): boolean {
  return record.head !== undefined && !record.head.deleted;
}

export class OrderedIndex {
  readonly #byKey = new Map<string, KeyRecord>();
  readonly #chunks: Chunk[] = [{ records: [], live: 0 }];

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): KeyRecord | undefined {
    return this.#byKey.get(key);
  }

  /** The record of the key, made when there is none. */
  obtain(key: string): KeyRecord {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const record: KeyRecord = { key, head: undefined, newest: undefined, chunk: undefined };
    this.#byKey.set(key, record);
    const index = this.#chunkFor(key);
    const chunk = this.#chunks[index] as Chunk;
    chunk.records.splice(lowerBound(chunk.records, key), 0, record);
    record.chunk = chunk;
    if (chunk.records.length > chunkSize) this.#split(index, chunk);
    return record;
  }

  remove(record: KeyRecord): void {
    const chunk = record.chunk;
    if (chunk === undefined) return;
    this.#byKey.delete(record.key);
    record.chunk = undefined;
    const at = lowerBound(chunk.records, record.key);
    if (chunk.records[at] === record) chunk.records.splice(at, 1);
    if (isLive(record)) chunk.live--;
    if (chunk.records.length === 0 && this.#chunks.length > 1) {
      const index = this.#chunks.indexOf(chunk);
      if (index >= 0) this.#chunks.splice(index, 1);
    }
  }

  /** Visits the records of a prefix from key `from` on, in order, until `visit` returns false. */
  visit(prefix: string, from: string, visit: (record: KeyRecord) => boolean): void {
    const start = from > prefix ? from : prefix;
    const first = this.#chunkFor(start);
    for (let index = first; index < this.#chunks.length; index++) {
      const { records } = this.#chunks[index] as Chunk;
      for (let i = index === first ? lowerBound(records, start) : 0; i < records.length; i++) {
        const record = records[i] as KeyRecord;
        if (!record.key.startsWith(prefix) || !visit(record)) return;
      }
    }
  }

  /** Number of existing keys of a prefix from key `from` on: whole chunks at a time. */
  countLive(prefix: string, from: string): number {
    const start = from > prefix ? from : prefix;
    // Keys never hold U+FFFF, so this lies behind every key of the prefix.
    const end = `${prefix}\uffff`;
    const first = this.#chunkFor(start);
    let count = 0;
    for (let index = first; index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as Chunk;
      const last = chunk.records.at(-1);
      if (last === undefined) continue;
      if (index > first && last.key < end) {
        count += chunk.live;
        continue;
      }
      for (let i = index === first ? lowerBound(chunk.records, start) : 0; i < chunk.records.length; i++) {
        const record = chunk.records[i] as KeyRecord;
        if (record.key >= end) return count;
        if (isLive(record)) count++;
      }
    }
    return count;
  }

  /** The chunk that holds the key, or would. */
  #chunkFor(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const firstKey = (this.#chunks[middle] as Chunk).records[0]?.key;
      if (firstKey !== undefined && firstKey <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #split(index: number, chunk: Chunk): void {
    // Keys that arrive in order (a load at start) leave full chunks behind.
    const ascending = index === this.#chunks.length - 1;
    const records = chunk.records.splice(ascending ? chunkSize : chunkSize >> 1);
    const fresh: Chunk = { records, live: 0 };
    for (const record of records) {
      record.chunk = fresh;
      if (isLive(record)) fresh.live++;
    }
    chunk.live -= fresh.live;
    this.#chunks.splice(index + 1, 0, fresh);
  }
}

function lowerBound(records: readonly KeyRecord[], key: string): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle] as KeyRecord).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
