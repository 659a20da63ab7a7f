// Where keys of the store lie in etcd: what they begin with may be called otherwise there (`--etcd-prefix`).

/** Every key of etcd: from the empty one on without an end. */
export const allKeys = { key: Buffer.from('\0'), rangeEnd: Buffer.from('\0') } as const;

/** The first key that does not begin with these bytes; `\0` stands for no end. */
function behind(prefix: Buffer): Buffer {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix[i] as number;
    if (byte === 0xff) continue;
    const end = Buffer.from(prefix.subarray(0, i + 1));
    end[i] = byte + 1;
    return end;
  }
  return allKeys.rangeEnd;
}

export class Keys {
  readonly #root: string;
  readonly #place: string;

  /** `root`: what all keys of the store begin with; `place`: what stands there in etcd. */
  constructor(root: string, place: string) {
    this.#root = root;
    this.#place = place;
  }

  toEtcd(key: string): Buffer {
    return Buffer.from(this.#moved(key));
  }

  /** Undefined for a key that is none of the store's. */
  fromEtcd(key: Uint8Array): string | undefined {
    const text = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString();
    if (this.#place === this.#root) return text.startsWith(this.#root) ? text : undefined;
    return text.startsWith(this.#place) ? this.#root + text.slice(this.#place.length) : undefined;
  }

  /** The keys with a prefix, from `from` on. */
  range(prefix: string, from: string): { readonly key: Buffer; readonly rangeEnd: Buffer } {
    const start = from > prefix ? from : prefix;
    const begin = this.#moved(start);
    return { key: begin === '' ? allKeys.key : Buffer.from(begin), rangeEnd: behind(Buffer.from(this.#moved(prefix))) };
  }

  #moved(key: string): string {
    if (!key.startsWith(this.#root)) throw new Error(`the key ${key} does not begin with ${this.#root}`);
    return this.#place === this.#root ? key : this.#place + key.slice(this.#root.length);
  }
}
