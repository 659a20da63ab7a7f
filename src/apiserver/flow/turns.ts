// Lists of many objects hold the only thread of the process for long. They run one after the other, and between two of
// them everybody else's short requests get their turn.
import type { Clock } from '#base/clock.ts';

export class Turns {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #busy = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it is the caller's turn, in the order of calling; `done` must follow. */
  next(): Promise<void> {
    if (!this.#busy) {
      this.#busy = true;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * Ends a turn. The next one begins when what has arrived in the meantime has been looked at; also that of a list which comes
   * only now: a hundred of them that arrive in one moment would else run in one go.
   */
  done(): void {
    this.#clock.after(0, () => {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#busy = false;
    });
  }
}
