// Handing changes out to many watchers. All that a change (or several of the same moment) wakes is served in one go, as long as
// that takes no more than a slice of time; the others follow in the next turns of the loop, between other people's requests.
import type { Clock } from '#base/clock.ts';

/** Milliseconds of one turn: enough for a thousand watchers, who then hear of a change before the answer to its write is sent. */
const slice = 40;
/** Looking at the clock costs: once for so many. */
const stride = 16;

export class Fanout {
  readonly #clock: Pick<Clock, 'after' | 'monotonic'>;
  /** What is to be done, in the order in which it was asked for. */
  readonly #waiting = new Set<() => void>();
  #scheduled = false;

  constructor(clock: Pick<Clock, 'after' | 'monotonic'>) {
    this.#clock = clock;
  }

  /** Runs `turn` once, soon; it must not throw. Asked for again while it waits, it still runs once. */
  add(turn: () => void): void {
    this.#waiting.add(turn);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Not at once: further changes of this moment go along.
    queueMicrotask(this.#run);
  }

  readonly #run = (): void => {
    const end = this.#clock.monotonic() + slice;
    let count = 0;
    for (const turn of this.#waiting) {
      this.#waiting.delete(turn);
      turn();
      if (++count % stride === 0 && this.#clock.monotonic() >= end) break;
    }
    if (this.#waiting.size > 0) this.#clock.after(0, this.#run);
    else this.#scheduled = false;
  };
}
