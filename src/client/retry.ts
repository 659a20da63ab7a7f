// Retrying what another writer got in the way of.
import type { World } from '#base/world.ts';
import { isConflict } from '#api/status.ts';

/** Runs `attempt` until it meets no Conflict, at most five times, 10 ms apart. `attempt` must read afresh. */
export async function retryOnConflict<T>(world: Pick<World, 'clock' | 'random'>, attempt: () => Promise<T>): Promise<T> {
  for (let left = 4; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (!isConflict(error) || left === 0) throw error;
      await world.clock.sleep(10 * (1 + world.random.next() * 0.1));
    }
  }
}
