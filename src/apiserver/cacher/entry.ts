// One version of one object in the watch cache, with its encodings made at most once and shared by all readers.
import type { KubeObject } from '#api/object.ts';
import type { Encodable } from '../chain.ts';
import { decodeStored, deepFreeze, spliceVersion, withVersion } from './codec.ts';

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

export class Entry implements Encodable {
  readonly key: string;
  readonly revision: number;
  readonly object: KubeObject;
  readonly stored: Uint8Array;
  #json: Uint8Array | undefined;

  constructor(key: string, revision: number, stored: Uint8Array, freeze: boolean) {
    this.key = key;
    this.revision = revision;
    this.stored = stored;
    const object = withVersion(decodeStored(stored), revision);
    this.object = freeze ? deepFreeze(object) : object;
  }

  /** The same state, labelled with a later revision. */
  at(revision: number): Entry {
    return new Entry(this.key, revision, this.stored, Object.isFrozen(this.object));
  }

  json(): Uint8Array {
    this.#json ??= spliceVersion(this.stored, this.revision);
    return this.#json;
  }

  /** Frees the encoded bytes; they are made again on demand. */
  dropEncoding(): void {
    this.#json = undefined;
  }
}

/** An object outside the cache as something that can be encoded. */
export function encodable(object: KubeObject): Encodable {
  let json: Uint8Array | undefined;
  return { object, json: () => (json ??= Buffer.from(JSON.stringify(object))) };
}
