// A world whose time is moved by the test: what takes minutes in life takes none.
import { createTestClock, type TestClock } from '#base/testclock.ts';
import type { World } from '#base/world.ts';
import { createWorld } from '#host/world.ts';

/** This machine's world with a clock of the test's own, which lets everything have its turn whenever time moves. */
export function virtualWorld(): World & { readonly clock: TestClock } {
  const clock = createTestClock({ settle: () => new Promise((resolve) => void setImmediate(resolve)) });
  return { ...createWorld({ logLevel: 'error' }), clock };
}
