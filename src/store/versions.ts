// What every engine keeps in memory about keys: which versions there are, without the values.
import type { KeyValue } from './kv.ts';
import type { Chunk } from './ordered.ts';

/** A key, as long as any of its versions is remembered. */
export interface KeyRecord {
  readonly key: string;
  /** The newest version that readers may see; undefined until the first one is durable. */
  head: Version | undefined;
  /** The newest version of all, maybe not yet durable: what guards are checked against. */
  newest: Version | undefined;
  /** Where the ordered index has it. */
  chunk: Chunk | undefined;
}

/** One version of a key; deletions are versions too (tombstones). */
export interface Version {
  readonly record: KeyRecord;
  readonly mod: number;
  /** Position among the changes of its revision. */
  readonly sub: number;
  readonly create: number;
  readonly version: number;
  /** 0: none. */
  readonly lease: number;
  readonly deleted: boolean;
  /** Where the engine keeps values in memory, or has this one at hand. */
  value: Uint8Array | undefined;
  /** The version before; undefined when there is none or it was compacted. */
  previous: Version | undefined;
}

/** Gives the value of a version that is not a tombstone. */
export type ValueOf = (version: Version) => Uint8Array;

const none = new Uint8Array(0);

/** The version as readers get it; undefined for a tombstone. */
export function toKeyValue(version: Version | undefined, valueOf: ValueOf, keysOnly = false): KeyValue | undefined {
  if (version === undefined || version.deleted) return undefined;
  return {
    key: version.record.key,
    value: keysOnly ? none : valueOf(version),
    createRevision: version.create,
    modRevision: version.mod,
    version: version.version,
  };
}

/** The version that was the newest at a revision. */
export function versionAt(record: KeyRecord, revision: number): Version | undefined {
  let version = record.head;
  while (version !== undefined && version.mod > revision) version = version.previous;
  return version;
}
