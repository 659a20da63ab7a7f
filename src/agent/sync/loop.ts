// When a pod takes its next step: as soon as something has happened, when a time has come, and again after a failure.
import type { Clock, Timer } from '#base/clock.ts';

const firstRetry = 1000;
const lastRetry = 20_000;
/** How long an end waits for a step that is under way. */
const endTime = 1000;

/** What a failed step means: it was `calledOff` and the next one is due at once; try `again`; or be `patient`: not before. */
export type Failure = 'calledOff' | 'again' | 'patient';

export interface LoopDeps {
  /** One step; never called while another one is under way. */
  readonly step: () => Promise<void>;
  readonly failed: (error: unknown) => Failure;
}

export class StepLoop {
  readonly #clock: Clock;
  readonly #deps: LoopDeps;
  #woken = false;
  #busy = false;
  #disposed = false;
  #resolveIdle: (() => void) | undefined;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #retry = 0;
  /** Until then (monotonic milliseconds) what failed is not tried again, whatever happens. */
  #patience = 0;

  constructor(clock: Clock, deps: LoopDeps) {
    this.#clock = clock;
    this.#deps = deps;
  }

  /** True while a step is under way. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Milliseconds for which a step that failed is to wait still; 0: none. */
  get patience(): number {
    return Math.max(0, this.#patience - this.#clock.monotonic());
  }

  /** Something has happened. */
  wake(): void {
    if (this.#disposed) return;
    this.#woken = true;
    if (!this.#busy) void this.#run();
  }

  /** Takes a step in so long, unless one is due earlier. */
  wakeIn(ms: number): void {
    const at = this.#clock.monotonic() + ms;
    if (at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.after(ms, () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.wake();
    });
  }

  /** Nothing is due at a later time any more. */
  cancel(): void {
    this.#timer?.cancel();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#woken && !this.#disposed) {
      this.#woken = false;
      try {
        await this.#deps.step();
        if (this.patience === 0) this.#retry = 0;
      } catch (error) {
        if (this.#disposed) break;
        const failure = this.#deps.failed(error);
        if (failure === 'calledOff') {
          this.#woken = true;
          continue;
        }
        this.#retry = Math.min(this.#retry === 0 ? firstRetry : this.#retry * 2, lastRetry);
        if (failure === 'patient') this.#patience = this.#clock.monotonic() + this.#retry;
        this.wakeIn(this.#retry);
      }
    }
    this.#busy = false;
    this.#resolveIdle?.();
  }

  /** Takes no more steps. Resolves when the one under way has ended, or has taken too long. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#timer?.cancel();
    if (!this.#busy) return;
    await Promise.race([new Promise<void>((resolve) => (this.#resolveIdle = resolve)), this.#clock.sleep(endTime)]);
  }
}
