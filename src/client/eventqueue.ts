// Events on their way to the server: one after the other, tried again where that helps, bounded. Nobody waits for them.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { isTooManyRequests, StatusError } from '#api/status.ts';

interface Pending {
  readonly reason: string;
  write(signal: AbortSignal): Promise<void>;
}

/** More than this waiting: new events are dropped. Where thousands of pods are bound at once each of them is still told of. */
const capacity = 10_000;
const maxTries = 12;
const retryDelay = 10_000;

export class EventQueue implements AsyncDisposable {
  readonly #world: Pick<World, 'clock' | 'random' | 'log'>;
  readonly #abort = new AbortController();
  #pending: Pending[] = [];
  #running: Promise<void> | undefined;
  /** Events that found no room since the last time there was some. */
  #dropped = 0;

  constructor(world: Pick<World, 'clock' | 'random' | 'log'>) {
    this.#world = world;
  }

  /** Queues one; `write` is called until it succeeds, is refused, or has failed too often. */
  push(reason: string, write: Pending['write']): void {
    if (this.#abort.signal.aborted) return;
    if (this.#pending.length >= capacity) {
      this.#dropped++;
      return;
    }
    this.#pending.push({ reason, write });
    this.#running ??= this.#drain();
  }

  /** Resolves when everything queued so far is written or given up. */
  async flush(): Promise<void> {
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('recorder stops'));
    await this.#running;
  }

  async #drain(): Promise<void> {
    // Leave the caller's turn first: telling must not delay what is told.
    await Promise.resolve();
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) await this.#deliver(next);
    this.#running = undefined;
    if (this.#dropped > 0) this.#world.log.warn('events dropped: too many were waiting', { count: this.#dropped });
    this.#dropped = 0;
  }

  async #deliver(pending: Pending): Promise<void> {
    const { signal } = this.#abort;
    for (let tries = 1; ; tries++) {
      try {
        return await pending.write(signal);
      } catch (error) {
        // A server that refuses will refuse again (the namespace goes away, say); one that cannot be reached may come back.
        const refused = error instanceof StatusError && error.code < 500 && !isTooManyRequests(error);
        if (refused || tries >= maxTries || signal.aborted) {
          if (!signal.aborted) this.#world.log.debug('event not written', { reason: pending.reason, error: messageOf(error) });
          return;
        }
        const delay = retryDelay * (tries === 1 ? this.#world.random.next() : 1);
        await this.#world.clock.sleep(delay, signal).catch(() => undefined);
      }
    }
  }
}
