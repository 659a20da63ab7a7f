// Which processors a container gets for itself: whole sockets, then whole cores, then single threads, so that containers
// share as little as can be. Pure.
import type { Processor } from './topology.ts';

/** The pods' part cannot be given. */
export class CpuError extends Error {}

const byId = (a: Processor, b: Processor): number => a.id - b.id;

/** Groups of which every member is free, in the order of their first processor. */
function wholes(topology: readonly Processor[], free: ReadonlySet<number>, key: 'socket' | 'core'): (readonly Processor[])[] {
  return [...Map.groupBy(topology.toSorted(byId), (processor) => processor[key]).values()].filter((group) =>
    group.every(({ id }) => free.has(id)),
  );
}

/** Single threads, those first whose core and socket have fewest free ones left: whole cores are kept for others. */
function threads(topology: readonly Processor[], free: ReadonlySet<number>): Processor[] {
  const freeOnes = topology.filter(({ id }) => free.has(id));
  const count = (key: 'socket' | 'core', of: Processor): number => freeOnes.filter((other) => other[key] === of[key]).length;
  return freeOnes.toSorted((a, b) => count('socket', a) - count('socket', b) || count('core', a) - count('core', b) || byId(a, b));
}

/** Takes `wanted` of the free processors. Throws CpuError in kubelet's words when there are too few. */
export function takeProcessors(topology: readonly Processor[], free: ReadonlySet<number>, wanted: number): ReadonlySet<number> {
  if (free.size < wanted) {
    throw new CpuError(`not enough cpus available to satisfy request: requested=${wanted}, available=${free.size}`);
  }
  const taken = new Set<number>();
  const left = (): ReadonlySet<number> => free.difference(taken);
  for (const key of ['socket', 'core'] as const) {
    for (const group of wholes(topology, left(), key)) {
      if (group.length <= wanted - taken.size) for (const { id } of group) taken.add(id);
    }
  }
  while (taken.size < wanted) {
    const [next] = threads(topology, left());
    if (!next) break;
    taken.add(next.id);
  }
  return taken;
}
