// Keys in order, in chunks: adding or taking away one moves a chunk's worth of others at most, however many there are.

const chunkSize = 512;

/** Index of the first key that is not smaller. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  if (high > 0 && (keys[high - 1] as string) < key) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A set of texts, ordered by their UTF-16 units. */
export class SortedKeys {
  /** None is empty but the first when it is alone. */
  #chunks: string[][] = [[]];
  #version = 0;

  /** Keys that are in order already. */
  static from(ordered: readonly string[]): SortedKeys {
    const made = new SortedKeys();
    if (ordered.length === 0) return made;
    made.#chunks = [];
    for (let i = 0; i < ordered.length; i += chunkSize) made.#chunks.push(ordered.slice(i, i + chunkSize));
    return made;
  }

  /** Adds a key that is not there. */
  add(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at] as string[];
    const place = lowerBound(chunk, key);
    chunk.splice(place, 0, key);
    this.#version++;
    if (chunk.length <= 2 * chunkSize) return;
    // Keys that arrive in order leave full chunks behind.
    const rest = chunk.splice(place === chunk.length - 1 ? chunk.length - 1 : chunkSize);
    this.#chunks.splice(at + 1, 0, rest);
  }

  /** Takes a key away, if it is there. */
  delete(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at] as string[];
    const place = lowerBound(chunk, key);
    if (chunk[place] !== key) return;
    chunk.splice(place, 1);
    this.#version++;
    if (chunk.length === 0 && this.#chunks.length > 1) this.#chunks.splice(at, 1);
  }

  /** The keys from one on, in order; those that come or go meanwhile are heeded from where it is. */
  *from(start: string): Generator<string> {
    let version = -1;
    let at = 0;
    let place = 0;
    let last: string | undefined;
    for (;;) {
      if (version !== this.#version) {
        version = this.#version;
        at = this.#chunkOf(last ?? start);
        const chunk = this.#chunks[at] as string[];
        place = lowerBound(chunk, last ?? start);
        if (last !== undefined && chunk[place] === last) place++;
      }
      const chunk = this.#chunks[at];
      if (chunk === undefined) return;
      if (place < chunk.length) yield (last = chunk[place++] as string);
      else {
        at++;
        place = 0;
      }
    }
  }

  /** How many keys are smaller. */
  before(key: string): number {
    const at = this.#chunkOf(key);
    let count = lowerBound(this.#chunks[at] as string[], key);
    for (let i = 0; i < at; i++) count += (this.#chunks[i] as string[]).length;
    return count;
  }

  /** The last chunk whose first key is not greater: the one that holds the key, or would. */
  #chunkOf(key: string): number {
    const chunks = this.#chunks;
    let low = 0;
    let high = chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (((chunks[middle] as string[])[0] as string) <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
