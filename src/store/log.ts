// The versions in the order of their making, since the last compaction: what watches read.
import type { Version } from './versions.ts';

export class VersionLog {
  #items: (Version | undefined)[] = [];
  #start = 0;
  /** Number of versions ever dropped: makes positions stable. */
  #dropped = 0;

  get length(): number {
    return this.#items.length - this.#start;
  }

  /** The position behind the newest version. */
  get end(): number {
    return this.#dropped + this.length;
  }

  push(version: Version): void {
    this.#items.push(version);
  }

  at(position: number): Version | undefined {
    return position < this.#dropped ? undefined : this.#items[this.#start + position - this.#dropped];
  }

  /** The position of the first version at or after a revision. */
  find(revision: number): number {
    let low = this.#start;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#items[middle] as Version).mod < revision) low = middle + 1;
      else high = middle;
    }
    return this.#dropped + low - this.#start;
  }

  first(): Version | undefined {
    return this.#items[this.#start];
  }

  /** Takes the oldest version out. */
  shift(): Version | undefined {
    const version = this.#items[this.#start];
    if (version === undefined) return undefined;
    this.#items[this.#start] = undefined;
    this.#start++;
    this.#dropped++;
    if (this.#start > 1024 && this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return version;
  }
}
