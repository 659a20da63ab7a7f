// What ends a process in the foreground: a signal. Pods go on running, unless the machine itself goes down.
import { machineGoesDown } from '#agent/shutdown/machine.ts';
import type { World } from '#base/world.ts';

/**
 * Resolves when SIGINT or SIGTERM came; when the machine goes down (systemd or the runlevel say so, or the signal was SIGPWR,
 * which means nothing else) after its pods have ended.
 */
export async function untilStopped(world: Pick<World, 'exec'>, machineStops: () => Promise<void>): Promise<void> {
  const signalled = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGPWR'] as const) process.once(signal, () => signalled.resolve(signal));
  const signal = await signalled.promise;
  if (signal === 'SIGPWR' || (signal === 'SIGTERM' && (await machineGoesDown(world)))) await machineStops();
}
