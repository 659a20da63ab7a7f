// Waiting for a condition by looking at it again and again, in tests of real components.
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Resolves with the first defined, non-false value of `probe`; fails after `limit` ms. It looks often at first and then ever
 * more seldom, every twentieth of the time that it has waited and at most 100 ms: waiting must not be what keeps the machine busy.
 */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  limit = 180_000,
): Promise<T> {
  const start = performance.now();
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value as T;
    const waited = performance.now() - start;
    if (waited > limit) throw new Error(`did not happen within ${limit} ms: ${what}`);
    await sleep(Math.min(100, Math.max(5, waited / 20)));
  }
}
