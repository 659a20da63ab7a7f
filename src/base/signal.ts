// Abort signals, linked without leaks.
import type { Clock } from './clock.ts';

export interface LinkedSignal extends Disposable {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

/**
 * A signal that aborts with any of its parents, or on its own. Dispose it when the work is done: a long-lived parent
 * would otherwise keep every child for ever.
 */
export function linkSignals(...parents: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController();
  const listeners: (() => void)[] = [];
  const dispose = (): void => {
    for (const remove of listeners.splice(0)) remove();
  };
  const abort = (reason?: unknown): void => {
    dispose();
    controller.abort(reason);
  };
  for (const parent of parents) {
    if (parent === undefined) continue;
    if (parent.aborted) {
      abort(parent.reason);
      break;
    }
    const follow = (): void => abort(parent.reason);
    parent.addEventListener('abort', follow, { once: true });
    listeners.push(() => parent.removeEventListener('abort', follow));
  }
  return { signal: controller.signal, abort, [Symbol.dispose]: dispose };
}

/** A linked signal that also aborts after `ms`. */
export function withTimeout(clock: Clock, ms: number, ...parents: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const linked = linkSignals(...parents);
  const timer = clock.after(ms, () => linked.abort(new Error(`timed out after ${ms} ms`)));
  return {
    ...linked,
    [Symbol.dispose]() {
      timer.cancel();
      linked[Symbol.dispose]();
    },
  };
}

/** Resolves when the signal aborts; never rejects. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** The promise, or a rejection with the signal's reason, whichever is first. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  signal.throwIfAborted();
  let stop: () => void = () => {};
  const abort = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, abort]);
  } finally {
    signal.removeEventListener('abort', stop);
    abort.catch(() => {});
  }
}
