// Forgets the store's history in steps: what was current one interval ago becomes the oldest revision kept.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Store } from '#store/kv.ts';

/** Steps an interval is divided into: history is kept for one interval and at most one step more. */
const steps = 5;

export class Compactor implements AsyncDisposable {
  readonly #timer: { cancel(): void } | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(store: Store, world: Pick<World, 'clock' | 'log'>, interval: number) {
    if (interval <= 0) return;
    const marks = [store.revision()];
    this.#timer = world.clock.every(interval / steps, () => {
      const target = marks.length >= steps ? marks.shift() : undefined;
      marks.push(store.revision());
      if (target === undefined || target <= store.compactRevision()) return;
      this.#running = store.compact(target).catch((error: unknown) => {
        world.log.warn('compaction failed', { error: messageOf(error) });
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel();
    await this.#running;
  }
}
