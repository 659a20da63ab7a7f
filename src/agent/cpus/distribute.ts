// Processors from several NUMA nodes in equal parts, so that what works in lockstep on all of them does not wait for one (option
// `distribute-cpus-across-numa`). Pure.
import { allOf, everyMask, type Mask, placesOf, sizeOf } from '../numa/mask.ts';
import { takeProcessors } from './take.ts';
import type { Processor } from './topology.ts';

export interface Distribution {
  /** NUMA nodes of the machine. */
  readonly nodes: number;
  /** Only so many processors together come from a node: threads of a core, where cores are not to be split. */
  readonly group: number;
}

/** How unequally so much is left on each node. */
function spread(left: readonly number[]): number {
  const mean = left.reduce((sum, value) => sum + value, 0) / left.length;
  return left.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}

/** The part of each node of a mask, by place; undefined when they cannot give equal parts. */
function parts(mask: Mask, wanted: number, about: { readonly free: readonly number[]; readonly group: number }): number[] | undefined {
  const { free, group } = about;
  const places = placesOf(mask);
  const even = Math.floor(wanted / places.length / group) * group;
  const left = (place: number): number => (free[place] ?? 0) - even;
  if (places.some((place) => left(place) < 0)) return undefined;
  // What does not divide goes to those that have most left, one group to each.
  const rest = (wanted - even * places.length) / group;
  const richest = places.filter((place) => left(place) >= group).toSorted((a, b) => left(b) - left(a) || a - b);
  if (richest.length < rest) return undefined;
  const more = new Set(richest.slice(0, rest));
  return free.map((_, place) => {
    if (!places.includes(place)) return 0;
    return even + (more.has(place) ? group : 0);
  });
}

/**
 * Takes `wanted` of the free processors in equal parts from as few nodes as can give them so, those after which the nodes are
 * used most equally. Where no nodes can, or the number is no multiple of the group, they are taken as `takeProcessors` does.
 */
export function distributeProcessors(
  topology: readonly Processor[],
  free: ReadonlySet<number>,
  wanted: number,
  { nodes, group }: Distribution,
): ReadonlySet<number> {
  const packed = (): ReadonlySet<number> => takeProcessors(topology, free, wanted);
  if (wanted === 0 || wanted > free.size || wanted % group !== 0) return packed();
  const on = Array.from({ length: nodes }, (_, place) => topology.filter(({ id, node }) => node === place && free.has(id)));
  const counts = on.map((processors) => processors.length);
  const perNode = Math.ceil(Math.ceil(topology.length / group) / nodes);
  const least = Math.ceil(wanted / group / perNode);
  const most = Math.min(wanted / group, counts.filter((count) => count > 0).length);
  const masks = nodes === 1 ? [allOf(1)] : everyMask(nodes);
  for (let size = least; size <= most; size++) {
    const ways = masks.filter((mask) => sizeOf(mask) === size).flatMap((mask) => [parts(mask, wanted, { free: counts, group }) ?? []]);
    const score = (way: readonly number[]): number => spread(counts.map((count, place) => count - (way[place] ?? 0)));
    const [best] = ways.filter((way) => way.length > 0).toSorted((a, b) => score(a) - score(b));
    if (!best) continue;
    return new Set(best.flatMap((part, place) => [...takeProcessors(topology, new Set((on[place] ?? []).map(({ id }) => id)), part)]));
  }
  return packed();
}
