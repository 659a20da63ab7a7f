// At most so many at once: what is bound by the processor gains nothing from more. What takes very long is not bound by the
// processor, but waits for something (a network plugin that hangs): it must not keep others from starting.
import type { Clock } from '#base/clock.ts';

/** After so many milliseconds a start gives its slot to others. */
const patience = 5_000;

export class Slots {
  readonly #clock: Pick<Clock, 'after'>;
  #free: number;
  readonly #first: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(count: number, clock: Pick<Clock, 'after'>) {
    this.#free = count;
    this.#clock = clock;
  }

  /**
   * Runs `work` when a slot is free, in the order of asking; `first` goes before all that is not. Whoever finishes what has
   * begun before beginning something new is done earlier on average, and no later at the end.
   */
  async run<T>(work: () => Promise<T>, options: { readonly first?: boolean } = {}): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => (options.first ? this.#first : this.#waiting).push(resolve));
    let held = true;
    const giveBack = (): void => {
      if (!held) return;
      held = false;
      const next = this.#first.shift() ?? this.#waiting.shift();
      if (next) next();
      else this.#free++;
    };
    const timer = this.#clock.after(patience, giveBack);
    try {
      return await work();
    } finally {
      timer.cancel();
      giveBack();
    }
  }
}
