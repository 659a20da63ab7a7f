// Memory of this process that nobody uses any more, given back to the machine in quiet moments. The engine collects
// lazily and keeps what it has collected: after a burst of load much of the resident memory would be garbage for hours.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '#base/clock.ts';

type Collect = (options?: { type: 'major'; flavor: 'last-resort' }) => void;

const interval = 10_000;
/** Share of one core above which the process is not quiet. */
const quietShare = 0.05;
/** Growth in bytes since the last collection that is worth another one. */
const worthwhile = 24 * 1024 * 1024;
/** A larger heap would stop the process for too long. */
const largest = 512 * 1024 * 1024;

/** What decides whether to collect now. */
export interface Quietness {
  /** CPU time used per time passed since the last look. */
  readonly share: number;
  readonly resident: number;
  readonly heap: number;
  /** Resident bytes after the last collection. */
  readonly settled: number;
}

/** True when a collection would free something and disturb nobody. */
export function worthCollecting({ share, resident, heap, settled }: Quietness): boolean {
  return share < quietShare && heap < largest && resident > settled + worthwhile;
}

/** Looks every few seconds, and collects when the process is quiet and has grown. Ends with `cancel`. */
export function keepMemorySmall(clock: Pick<Clock, 'every' | 'monotonic'>): { cancel(): void } {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  // Byte code is kept for the next start by the flags under which it was made.
  setFlagsFromString('--no-expose-gc');
  let settled = 0;
  let cpu = process.cpuUsage();
  let looked = clock.monotonic();
  return clock.every(interval, () => {
    const now = clock.monotonic();
    const used = process.cpuUsage(cpu);
    const share = (used.user + used.system) / 1000 / (now - looked);
    cpu = process.cpuUsage();
    looked = now;
    const { rss, heapUsed } = process.memoryUsage();
    // What the operating system takes back by itself lowers the mark.
    settled = Math.min(settled, rss);
    if (!worthCollecting({ share, resident: rss, heap: heapUsed, settled })) return;
    collect({ type: 'major', flavor: 'last-resort' });
    settled = process.memoryUsage().rss;
    cpu = process.cpuUsage();
  });
}
