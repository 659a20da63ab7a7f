// Which processors a container gets for itself: whole sockets and NUMA nodes, then whole cores, then single threads, so that
// containers share as little as can be. Pure.
import type { Processor } from './topology.ts';

type Key = 'socket' | 'node' | 'core';

const byId = (a: Processor, b: Processor): number => a.id - b.id;

/** The larger of sockets and NUMA nodes first: a node may span sockets, or a socket have several nodes. */
function largest(topology: readonly Processor[]): readonly ['node' | 'socket', 'node' | 'socket'] {
  const count = (key: Key): number => new Set(topology.map((processor) => processor[key])).size;
  return count('socket') >= count('node') ? ['node', 'socket'] : ['socket', 'node'];
}

/** Groups of which every member is free, those first of whose surroundings least is free. */
function wholes(topology: readonly Processor[], free: ReadonlySet<number>, key: Key): (readonly Processor[])[] {
  const groups = [...Map.groupBy(topology.toSorted(byId), (processor) => processor[key]).values()].filter((group) =>
    group.every(({ id }) => free.has(id)),
  );
  if (key !== 'core') return groups;
  const order = fullestFirst(topology, free);
  return groups.toSorted(([a], [b]) => (a && b ? order(a, b) : 0));
}

/** Orders processors: those whose node, socket and core have fewest free ones come first, so that whole ones are kept for others. */
function fullestFirst(topology: readonly Processor[], free: ReadonlySet<number>): (a: Processor, b: Processor) => number {
  const keys = [...largest(topology), 'core'] as const;
  const counts = keys.map((key) =>
    Map.groupBy(
      topology.filter(({ id }) => free.has(id)),
      (processor) => processor[key],
    ),
  );
  return (a, b) => {
    for (const [index, key] of keys.entries()) {
      const groups: ReadonlyMap<unknown, readonly Processor[]> | undefined = counts[index];
      const difference = (groups?.get(a[key])?.length ?? 0) - (groups?.get(b[key])?.length ?? 0);
      if (difference !== 0) return difference;
    }
    return byId(a, b);
  };
}

/** Takes `wanted` of the free processors. Throws in kubelet's words when there are too few. */
export function takeProcessors(topology: readonly Processor[], free: ReadonlySet<number>, wanted: number): ReadonlySet<number> {
  if (free.size < wanted) {
    throw new Error(`not enough cpus available to satisfy request: requested=${wanted}, available=${free.size}`);
  }
  const taken = new Set<number>();
  const left = (): ReadonlySet<number> => free.difference(taken);
  for (const key of [...largest(topology), 'core'] as const) {
    for (const group of wholes(topology, left(), key)) {
      if (group.length <= wanted - taken.size) for (const { id } of group) taken.add(id);
    }
  }
  while (taken.size < wanted) {
    const [next] = topology.filter(({ id }) => left().has(id)).toSorted(fullestFirst(topology, left()));
    if (!next) break;
    taken.add(next.id);
  }
  return taken;
}
