// Pools of what Services share: cluster addresses and node ports. Sets in memory, filled from the stored Services at start.

/** Numbers of a range, handed out once each. */
export class NumberPool {
  readonly #first: number;
  readonly #last: number;
  /** Below this, numbers are only given to those who ask for them by name. */
  readonly #dynamicFrom: number;
  readonly #random: () => number;
  readonly #used = new Map<number, number>();

  /** `first` and `last` are inclusive; the lowest `reserved` numbers are handed out last. */
  constructor(range: { readonly first: number; readonly last: number; readonly reserved: number }, random: () => number) {
    this.#first = range.first;
    this.#last = range.last;
    this.#dynamicFrom = Math.min(range.first + range.reserved, range.last);
    this.#random = random;
  }

  contains(value: number): boolean {
    return value >= this.#first && value <= this.#last;
  }

  has(value: number): boolean {
    return this.#used.has(value);
  }

  /** Takes a number; false when somebody has it. */
  take(value: number): boolean {
    if (this.#used.has(value)) return false;
    this.#used.set(value, 1);
    return true;
  }

  /** Takes a number even if somebody has it (repair, shared ports). */
  share(value: number): void {
    this.#used.set(value, (this.#used.get(value) ?? 0) + 1);
  }

  release(value: number): void {
    const count = this.#used.get(value) ?? 0;
    if (count > 1) this.#used.set(value, count - 1);
    else this.#used.delete(value);
  }

  /** Takes any free number; undefined when there is none. */
  takeAny(): number | undefined {
    return this.#search(this.#dynamicFrom, this.#last) ?? this.#search(this.#first, this.#dynamicFrom - 1);
  }

  #search(from: number, to: number): number | undefined {
    const size = to - from + 1;
    if (size <= 0) return undefined;
    const start = Math.floor(this.#random() * size);
    for (let i = 0; i < size; i++) {
      const value = from + ((start + i) % size);
      if (this.take(value)) return value;
    }
    return undefined;
  }
}

/** The size of the low band that is kept for explicit requests: between `min` and `max`, else 1/`step` of the range. */
export function reservedBand(size: number, min: number, max: number, step: number): number {
  if (size <= min) return 0;
  return Math.min(Math.max(min, Math.floor(size / step)), max);
}
