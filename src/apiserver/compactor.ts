// Forgets the store's history in steps: what was current one interval ago becomes the oldest revision kept.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Store } from '#store/kv.ts';

export class Compactor implements AsyncDisposable {
  readonly #timer: { cancel(): void } | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(store: Store, world: Pick<World, 'clock' | 'log'>, interval: number) {
    if (interval <= 0) return;
    let mark = store.revision();
    this.#timer = world.clock.every(interval, () => {
      const target = mark;
      mark = store.revision();
      if (target <= store.compactRevision()) return;
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
