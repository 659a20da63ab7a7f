// Runs a reconcile function over a work queue.
import { messageOf } from '#base/errors.ts';
import type { Component, World } from '#base/world.ts';
import { isConflict, isGone, isNotFound, StatusError } from '#api/status.ts';
import { WorkQueue, type QueueOptions } from './queue.ts';

export interface ControllerOptions {
  readonly name: string;
  readonly world: Pick<World, 'clock' | 'random' | 'log'>;
  /** Keys in work at the same time; default 5. */
  readonly workers?: number;
  /** Work begins when this resolves: the caches are complete. */
  readonly synced: Promise<unknown>;
  readonly queue?: QueueOptions;
  /** Brings one key to its desired state. Throwing means: again, later. `requeueAfter` is in milliseconds. */
  reconcile(key: string, signal: AbortSignal): Promise<void | { readonly requeueAfter: number }>;
}

export interface ControllerHandle extends Component {
  enqueue(key: string): void;
  enqueueAfter(key: string, ms: number): void;
}

/** Errors that a controller meets in normal operation: they are retried without noise. */
function expected(error: unknown): boolean {
  return isConflict(error) || isNotFound(error) || isGone(error) || (error instanceof StatusError && error.reason === 'AlreadyExists');
}

/** Starts the workers; disposal aborts the signal and waits for the reconciles in flight. */
export function startController(options: ControllerOptions): ControllerHandle {
  const { name, world } = options;
  const log = world.log.child({ controller: name });
  const queue = new WorkQueue(world.clock, world.random, options.queue);
  const abort = new AbortController();
  const { signal } = abort;
  let stalled: string | undefined;

  async function work(): Promise<void> {
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
      try {
        const again = await options.reconcile(key, signal);
        queue.forget(key);
        if (again) queue.addAfter(key, again.requeueAfter);
      } catch (error) {
        if (!signal.aborted) {
          const fields = { key, failures: queue.failures(key) + 1, error: messageOf(error) };
          if (expected(error)) log.debug('reconcile will be retried', fields);
          else log.warn('reconcile failed', error instanceof StatusError ? fields : { ...fields, stack: (error as Error)?.stack });
          queue.addRateLimited(key);
        }
      } finally {
        queue.done(key);
      }
    }
  }

  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const ready = Promise.race([options.synced.then(() => undefined), aborted]);
  const running = ready.then(
    async () => {
      if (!signal.aborted) await Promise.all(Array.from({ length: options.workers ?? 5 }, work));
    },
    (error: unknown) => {
      stalled = `${name}: ${messageOf(error)}`;
      log.error('cannot start', { error: messageOf(error) });
    },
  );

  return {
    ready,
    health: () => stalled,
    enqueue: (key) => queue.add(key),
    enqueueAfter: (key, ms) => queue.addAfter(key, ms),
    async [Symbol.asyncDispose]() {
      abort.abort(new Error(`${name} stops`));
      queue.shutDown();
      await running;
    },
  };
}
