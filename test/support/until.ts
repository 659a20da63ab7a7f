// Waiting for a condition by events and a short poll, in tests of real components.
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves with the first defined, non-false value of `probe`; fails after `limit` ms. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  limit = 5000,
): Promise<T> {
  const end = performance.now() + limit;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value as T;
    if (performance.now() > end) throw new Error(`did not happen within ${limit} ms: ${what}`);
    await sleep(5);
  }
}
