// What keeps something outside as it is wanted: rounds of work, one at a time, as long as there is something to do, and later
// and later after failures.
import { Backoff } from './backoff.ts';
import type { Clock } from './clock.ts';

export interface ConvergeOptions {
  readonly clock: Clock;
  /** Nothing is to be done. */
  isDone(): boolean;
  /** Does what is to be done now. */
  round(): Promise<void>;
  /** A round has failed; there must be something to do from now on. */
  failed(error: unknown): void;
  /** Rounds wait for this. */
  before?(): Promise<unknown>;
  /** Milliseconds after a failure: the first time, and at most. Default 0.1 s and 30 s. */
  readonly retry?: { readonly first: number; readonly longest: number };
}

export interface Convergence extends AsyncDisposable {
  /** There may be something to do: begins in another turn of the event loop, so that what comes together is done together. */
  look(): void;
  /** The rounds that are under way. */
  readonly running: Promise<void> | undefined;
  /** Resolves when the condition holds; it is asked now, and whenever a round has ended well or `settle` is called. */
  until(holds: () => boolean, signal?: AbortSignal): Promise<void>;
  settle(): void;
}

/** Begins with the first `look`. Disposing of it waits for the round that is under way, and for nothing else. */
export function converge(options: ConvergeOptions): Convergence {
  const { clock, retry = { first: 100, longest: 30_000 } } = options;
  const stop = new AbortController();
  const waiting = new Set<{ readonly holds: () => boolean; readonly done: () => void }>();
  let running: Promise<void> | undefined;

  const settle = (): void => {
    for (const waiter of waiting) if (waiter.holds()) waiter.done();
  };

  async function rounds(): Promise<void> {
    await options.before?.();
    const backoff = new Backoff({ initial: retry.first, max: retry.longest });
    while (!stop.signal.aborted && !options.isDone()) {
      try {
        await options.round();
        backoff.reset();
        settle();
      } catch (error) {
        options.failed(error);
        await clock.sleep(backoff.next(), stop.signal).catch(() => undefined);
      }
    }
  }

  function look(): void {
    if (stop.signal.aborted || running !== undefined) return;
    running = Promise.resolve()
      .then(rounds)
      .finally(() => {
        running = undefined;
        if (!options.isDone()) look();
      });
  }

  return {
    look,
    get running() {
      return running;
    },
    settle,
    until(holds, signal) {
      if (holds()) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const waiter = { holds, done: (): void => finish(resolve) };
        const abort = (): void => finish(() => reject(signal?.reason ?? new Error('aborted')));
        const finish = (end: () => void): void => {
          waiting.delete(waiter);
          signal?.removeEventListener('abort', abort);
          end();
        };
        waiting.add(waiter);
        signal?.addEventListener('abort', abort, { once: true });
        if (signal?.aborted) abort();
      });
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('stopping'));
      await running;
    },
  };
}
