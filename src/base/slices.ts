// Long work in slices of time: between two of them everybody else has a turn of the loop.
import type { Clock } from './clock.ts';

/** Milliseconds of one slice. */
const length = 8;

export class Slices {
  readonly #clock: Pick<Clock, 'monotonic' | 'sleep'>;
  #end: number;

  constructor(clock: Pick<Clock, 'monotonic' | 'sleep'>) {
    this.#clock = clock;
    this.#end = clock.monotonic() + length;
  }

  /** What to wait for before going on; undefined while the slice lasts. Asked for every some hundred steps, it costs nothing. */
  pause(): Promise<void> | undefined {
    return this.#clock.monotonic() < this.#end ? undefined : this.#next();
  }

  async #next(): Promise<void> {
    await this.#clock.sleep(0);
    this.#end = this.#clock.monotonic() + length;
  }
}
