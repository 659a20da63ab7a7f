// Who is told when metrics move: one listener per autoscaler, for as long as it looks at such metrics.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';

export interface Moving {
  /** Tells one thing that moves from another. */
  readonly id: string;
  /** Something for each move, until the signal aborts. */
  moves(signal: AbortSignal): AsyncIterable<unknown>;
}

export interface Listening {
  /** Listens for an autoscaler to this; undefined: no longer to anything. */
  follow(key: string, moving: Moving | undefined): void;
  stop(): void;
}

interface Listener {
  readonly id: string;
  readonly abort: AbortController;
}

/** `moved` is called with the autoscaler's key each time. What ends or fails is listened to again after `pause` ms. */
export function createListening(
  world: Pick<World, 'clock' | 'log'>,
  about: { readonly pause: number; moved(key: string): void },
): Listening {
  const listeners = new Map<string, Listener>();

  async function listen(key: string, moving: Moving, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const _ of moving.moves(signal)) about.moved(key);
      } catch (error) {
        if (!signal.aborted) world.log.debug('metrics are not told', { autoscaler: key, error: messageOf(error) });
      }
      await world.clock.sleep(about.pause, signal).catch(() => undefined);
    }
  }

  return {
    follow(key, moving) {
      const known = listeners.get(key);
      if (known?.id === moving?.id) return;
      known?.abort.abort(new Error('the autoscaler looks elsewhere'));
      listeners.delete(key);
      if (moving === undefined) return;
      const abort = new AbortController();
      listeners.set(key, { id: moving.id, abort });
      void listen(key, moving, abort.signal);
    },
    stop() {
      for (const { abort } of listeners.values()) abort.abort(new Error('the autoscaler stops'));
      listeners.clear();
    },
  };
}
