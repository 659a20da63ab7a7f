// One version of one object in the watch cache, with its encodings made at most once and shared by all readers.
import type { KubeObject } from '#api/object.ts';
import { asWritten } from '#api/walk/emptylists.ts';
import type { Encodable } from '../chain.ts';
import { cutVersion, decodeStored, deepFreeze, encodeStored, spliceVersion, withVersion } from './codec.ts';

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

// The writer of an object and the watch of the store both see the same bytes: they share one entry.
const entryOf = Symbol('entry');
type Stored = Uint8Array & { [entryOf]?: Entry };

export class Entry implements Encodable {
  readonly key: string;
  readonly revision: number;
  readonly object: KubeObject;
  message: Uint8Array | undefined = undefined;
  // One of the two is there: after the first reader, the bytes with the version replace those without, unless they say more.
  #stored: Uint8Array | undefined;
  #json: Uint8Array | undefined;

  /** `known`: the object in the bytes, where it need not be decoded. */
  constructor(key: string, revision: number, stored: Uint8Array, freeze: boolean, known?: KubeObject) {
    this.key = key;
    this.revision = revision;
    this.#stored = stored;
    const object = withVersion(known ?? decodeStored(stored), revision);
    this.object = freeze ? deepFreeze(object) : object;
  }

  /** The entry of a stored value; the same one for everybody who has the same bytes at the same revision. */
  static of(key: string, revision: number, stored: Stored, freeze: boolean): Entry {
    const known = stored[entryOf];
    if (known && known.revision === revision && known.key === key) return known;
    const entry = new Entry(key, revision, stored, freeze);
    stored[entryOf] = entry;
    return entry;
  }

  /** The bytes as they are in the store. */
  get stored(): Uint8Array {
    return this.#stored ?? cutVersion(this.#json as Uint8Array, this.revision);
  }

  /** The same state, labelled with a later revision. */
  at(revision: number): Entry {
    return new Entry(this.key, revision, this.stored, Object.isFrozen(this.object), this.object);
  }

  json(): Uint8Array {
    if (!this.#json) {
      const stored = this.#stored as Uint8Array;
      const written = mayHaveEmptyLists(stored) ? asWritten(this.object) : this.object;
      this.#json = spliceVersion(written === this.object ? stored : encodeStored(written), this.revision);
      if (written === this.object) this.#stored = undefined;
    }
    return this.#json;
  }
}

const emptyList = Buffer.from('[]');

const mayHaveEmptyLists = (bytes: Uint8Array): boolean => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(emptyList);

/** An object outside the cache as something that can be encoded. */
export function encodable(object: KubeObject): Encodable {
  let json: Uint8Array | undefined;
  return { object, json: () => (json ??= Buffer.from(JSON.stringify(asWritten(object)))) };
}
