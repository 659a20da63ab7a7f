// Keys with due times: a binary heap in which every key is once, with its earliest time.

interface Entry {
  readonly key: string;
  readonly due: number;
}

/** The earliest due key first; a later time for a key that is there is ignored. */
export class DelayHeap {
  readonly #entries: Entry[] = [];
  /** The time that counts per key; heap entries that differ from it are stale and skipped. */
  readonly #due = new Map<string, number>();

  /** Sets the due time of a key unless it is due earlier. */
  set(key: string, due: number): void {
    const known = this.#due.get(key);
    if (known !== undefined && known <= due) return;
    this.#due.set(key, due);
    this.#entries.push({ key, due });
    this.#up(this.#entries.length - 1);
  }

  /** Removes a key. */
  delete(key: string): void {
    this.#due.delete(key);
  }

  has(key: string): boolean {
    return this.#due.has(key);
  }

  /** The earliest due time, if any. */
  get earliest(): number | undefined {
    this.#skipStale();
    return this.#entries[0]?.due;
  }

  get size(): number {
    return this.#due.size;
  }

  /** Removes and returns the earliest key that is due at `now`. */
  takeDue(now: number): string | undefined {
    this.#skipStale();
    const first = this.#entries[0];
    if (first === undefined || first.due > now) return undefined;
    this.#pop();
    this.#due.delete(first.key);
    return first.key;
  }

  clear(): void {
    this.#entries.length = 0;
    this.#due.clear();
  }

  #skipStale(): void {
    for (let first = this.#entries[0]; first !== undefined && this.#due.get(first.key) !== first.due; first = this.#entries[0]) this.#pop();
  }

  #pop(): void {
    const last = this.#entries.pop();
    if (last === undefined || this.#entries.length === 0) return;
    this.#entries[0] = last;
    this.#down(0);
  }

  #up(index: number): void {
    const entries = this.#entries;
    const entry = entries[index] as Entry;
    let at = index;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((entries[parent] as Entry).due <= entry.due) break;
      entries[at] = entries[parent] as Entry;
      at = parent;
    }
    entries[at] = entry;
  }

  #down(index: number): void {
    const entries = this.#entries;
    const entry = entries[index] as Entry;
    let at = index;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && (entries[child + 1] as Entry).due < (entries[child] as Entry).due) child++;
      if ((entries[child] as Entry).due >= entry.due) break;
      entries[at] = entries[child] as Entry;
      at = child;
    }
    entries[at] = entry;
  }
}
