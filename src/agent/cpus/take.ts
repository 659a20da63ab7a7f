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

/**
 * What is taken of caches: each that is free as a whole while it is not too much, then the rest of one that has enough whole cores
 * for it, so that few caches are shared.
 */
function byCaches(topology: readonly Processor[], free: ReadonlySet<number>, wanted: number): ReadonlySet<number> {
  const taken = new Set<number>();
  const order = fullestFirst(topology, free);
  // How full single cores are does not matter here.
  const first = ([processor]: readonly Processor[]): Processor => ({ id: 0, socket: '', node: 0, ...processor, core: '' });
  const caches = [...Map.groupBy(topology.toSorted(byId), ({ cache, node }) => `${node}/${cache ?? ''}`).values()].toSorted((a, b) =>
    order(first(a), first(b)),
  );
  for (const group of caches) {
    const missing = wanted - taken.size;
    if (missing > 0 && group.length <= missing && group.every(({ id }) => free.has(id))) for (const { id } of group) taken.add(id);
  }
  for (const group of caches) {
    const missing = wanted - taken.size;
    const cores = wholes(group, free.difference(taken), 'core').flat();
    if (missing === 0 || cores.length < missing) continue;
    for (const id of takeProcessors(group, new Set(cores.map((processor) => processor.id)), missing)) taken.add(id);
  }
  return taken;
}

/**
 * Takes `wanted` of the free processors; with `caches` few last-level caches are shared. Throws in kubelet's words when there are
 * too few.
 */
export function takeProcessors(
  topology: readonly Processor[],
  free: ReadonlySet<number>,
  wanted: number,
  { caches = false }: { readonly caches?: boolean } = {},
): ReadonlySet<number> {
  if (free.size < wanted) {
    throw new Error(`not enough cpus available to satisfy request: requested=${wanted}, available=${free.size}`);
  }
  const taken = new Set<number>();
  const left = (): ReadonlySet<number> => free.difference(taken);
  for (const key of [...largest(topology), 'cache', 'core'] as const) {
    if (key === 'cache') {
      if (caches) for (const id of byCaches(topology, left(), wanted - taken.size)) taken.add(id);
      continue;
    }
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
