// A world whose time is moved by the test: what takes minutes in life takes none.
import { createTestClock, type TestClock } from '#base/testclock.ts';
import type { World } from '#base/world.ts';
import { createWorld } from '#host/world.ts';

/** Several turns of the loop: a request in this process takes some, and time must not run on meanwhile. */
async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => void setImmediate(resolve));
}

/** This machine's world with a clock of the test's own, which lets everything have its turn whenever time moves. */
export function virtualWorld(): World & { readonly clock: TestClock } {
  return { ...createWorld({ logLevel: 'error' }), clock: createTestClock({ settle: turns }) };
}

/**
 * Moves time on, a step after the other, until `probe` gives a defined, non-false value; fails after `limit` ms of virtual time.
 * How busy the machine is does not matter.
 */
export async function untilLater<T>(
  clock: TestClock,
  what: string,
  probe: () => Promise<T | undefined | false>,
  { step = 500, limit = 600_000 }: { readonly step?: number; readonly limit?: number } = {},
): Promise<T> {
  const end = clock.monotonic() + limit;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value as T;
    if (clock.monotonic() > end) throw new Error(`did not happen within ${limit} ms of virtual time: ${what}`);
    await clock.advance(step);
  }
}
