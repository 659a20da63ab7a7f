// At most so many at once: what is bound by the processor gains nothing from more.

export class Slots {
  #free: number;
  readonly #first: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Runs `work` when a slot is free, in the order of asking; `first` goes before all that is not. Whoever finishes what has
   * begun before beginning something new is done earlier on average, and no later at the end.
   */
  async run<T>(work: () => Promise<T>, options: { readonly first?: boolean } = {}): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => (options.first ? this.#first : this.#waiting).push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#first.shift() ?? this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
