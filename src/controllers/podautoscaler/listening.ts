// Who is told when usage moves: one listener per autoscaler, for as long as it looks at the usage of pods.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { MetricSource } from './source.ts';

export interface Listening {
  /** Listens for an autoscaler to the pods that these texts select; undefined: no longer. */
  follow(key: string, pods: { readonly namespace: string; readonly selector: string } | undefined): void;
  stop(): void;
}

interface Listener {
  readonly id: string;
  readonly abort: AbortController;
}

/** `moved` is called with the autoscaler's key each time. A source that ends or fails is asked again after `pause` ms. */
export function createListening(
  source: MetricSource,
  world: Pick<World, 'clock' | 'log'>,
  about: { readonly pause: number; moved(key: string): void },
): Listening {
  const listeners = new Map<string, Listener>();

  async function listen(key: string, pods: { namespace: string; selector: string }, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const _ of source.moves?.(pods.namespace, pods.selector, signal) ?? []) about.moved(key);
      } catch (error) {
        if (!signal.aborted) world.log.debug('usage is not told', { autoscaler: key, error: messageOf(error) });
      }
      await world.clock.sleep(about.pause, signal).catch(() => undefined);
    }
  }

  return {
    follow(key, pods) {
      const known = listeners.get(key);
      const id = pods === undefined ? '' : `${pods.namespace}/${pods.selector}`;
      if ((known?.id ?? '') === id || source.moves === undefined) return;
      known?.abort.abort(new Error('the autoscaler looks elsewhere'));
      listeners.delete(key);
      if (pods === undefined) return;
      const abort = new AbortController();
      listeners.set(key, { id, abort });
      void listen(key, pods, abort.signal);
    },
    stop() {
      for (const { abort } of listeners.values()) abort.abort(new Error('the autoscaler stops'));
      listeners.clear();
    },
  };
}
