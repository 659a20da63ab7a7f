// A bounded first-in first-out buffer: at the bound the oldest item is dropped.

export class Ring<T> {
  readonly #items: (T | undefined)[];
  #start = 0;
  #size = 0;

  constructor(capacity: number) {
    this.#items = Array.from({ length: capacity }, () => undefined);
  }

  get size(): number {
    return this.#size;
  }

  get capacity(): number {
    return this.#items.length;
  }

  /** Appends; returns the item that had to go, if any. */
  push(item: T): T | undefined {
    const at = (this.#start + this.#size) % this.#items.length;
    if (this.#size < this.#items.length) {
      this.#items[at] = item;
      this.#size++;
      return undefined;
    }
    const dropped = this.#items[at];
    this.#items[at] = item;
    this.#start = (this.#start + 1) % this.#items.length;
    return dropped;
  }

  /** Takes the oldest item. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#start];
    this.#items[this.#start] = undefined;
    this.#start = (this.#start + 1) % this.#items.length;
    this.#size--;
    return item;
  }

  /** The item at `index` from the oldest; negative counts from the newest. */
  at(index: number): T | undefined {
    const from = index < 0 ? this.#size + index : index;
    return from < 0 || from >= this.#size ? undefined : this.#items[(this.#start + from) % this.#items.length];
  }

  clear(): void {
    this.#items.fill(undefined);
    this.#start = 0;
    this.#size = 0;
  }

  /** From the oldest to the newest. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.#size; i++) yield this.#items[(this.#start + i) % this.#items.length] as T;
  }
}
