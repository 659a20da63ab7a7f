// From which NUMA nodes a container gets its memory. Pure.
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { isHugePages } from '#api/core/v1/resources.rules.ts';
import { quantityValue } from '#format/quantity.ts';
import { type Hint, type Hints, hintsOf, noHints } from '../numa/hints.ts';
import type { NumaLayout } from '../numa/layout.ts';
import { byWidth, everyMask, type Mask, maskOf, placesOf, sizeOf } from '../numa/mask.ts';
import { qosClass } from '../status/qos.ts';
import { initContainers, isSidecar, podPeak, uidOf } from '../sync/spec.ts';
import type { Machine, NodeMemory } from './machine.ts';
import type { Block, Promises } from './state.ts';

/** Bytes by type of memory. */
type Wanted = ReadonlyMap<string, number>;

/** What is there to choose from. */
export interface Situation {
  readonly layout: NumaLayout;
  readonly machine: Machine;
  readonly promises: Promises;
}

/** Only pods that are promised all they use have memory of their own, and only where each container says how much. */
const isPinned = (pod: Pod): boolean => qosClass(pod) === 'Guaranteed' && !pod.spec.resources;

const amount = (container: Container, type: string): number =>
  quantityValue(container.resources?.requests?.[type] ?? container.resources?.limits?.[type] ?? '0');

const typesOf = (container: Container): string[] =>
  Object.keys({ ...container.resources?.limits, ...container.resources?.requests }).filter(
    (type) => type === 'memory' || isHugePages(type),
  );

/** What a container gets of its own; empty: nothing. */
export function wantedOf(pod: Pod, container: Container): Wanted {
  if (!isPinned(pod)) return new Map();
  return new Map(typesOf(container).flatMap((type) => (amount(container, type) > 0 ? [[type, amount(container, type)] as const] : [])));
}

/** What all containers of a pod get together. */
function wantedByPod(pod: Pod): Wanted {
  if (!isPinned(pod)) return new Map();
  const types = new Set(pod.spec.containers.flatMap((container) => [...wantedOf(pod, container).keys()]));
  return new Map([...types].map((type) => [type, podPeak(pod, (container) => amount(container, type))]));
}

const idsOf = (layout: NumaLayout, mask: Mask): number[] => placesOf(mask).flatMap((place) => layout[place]?.id ?? []);
const sameIds = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((id) => b.includes(id));

/** Memory of one type that init containers of the pod leave to those after them, on exactly these nodes. */
function leftByInit(pod: Pod, promises: Promises, about: { readonly ids: readonly number[]; readonly type: string }): number {
  const mine = promises.get(uidOf(pod));
  return initContainers(pod)
    .filter((container) => !isSidecar(container))
    .flatMap((container) => mine?.get(container.name) ?? [])
    .filter((block) => block.type === about.type && sameIds(block.numaAffinity, about.ids))
    .reduce((sum, block) => sum + block.size, 0);
}

const total = (nodes: readonly NodeMemory[], type: string, field: 'free' | 'allocatable'): number =>
  nodes.reduce((sum, node) => sum + (node.memoryMap[type]?.[field] ?? 0), 0);

/**
 * A node gives its memory either alone or with always the same others: what is promised of several together could not be told
 * apart from what is promised of one.
 */
function keepsGroups(nodes: readonly NodeMemory[], ids: readonly number[]): boolean {
  if (nodes.length === 1) return nodes[0]?.cells.length === 1;
  return nodes.every(({ numberOfAssignments, cells }) => numberOfAssignments === 0 || sameIds(cells, ids));
}

/** The hints for so much memory, the same for each type; empty: no nodes have it. */
function place(pod: Pod, wanted: Wanted, { layout, machine, promises }: Situation): readonly Hint[] {
  let smallest = layout.length;
  const masks: Mask[] = [];
  for (const mask of everyMask(layout.length)) {
    const ids = idsOf(layout, mask);
    const nodes = ids.flatMap((id) => machine.get(id) ?? []);
    const all = (enough: (type: string, bytes: number) => boolean): boolean => [...wanted].every(([type, bytes]) => enough(type, bytes));
    if (!all((type, bytes) => total(nodes, type, 'allocatable') >= bytes)) continue;
    smallest = Math.min(smallest, sizeOf(mask));
    if (!keepsGroups(nodes, ids)) continue;
    if (all((type, bytes) => total(nodes, type, 'free') + leftByInit(pod, promises, { ids, type }) >= bytes)) masks.push(mask);
  }
  return hintsOf(masks, smallest);
}

/** Nowhere is no hint at all: the allocation says what is wrong. */
function hintsFor(pod: Pod, wanted: Wanted, situation: Situation): Hints {
  const hints = place(pod, wanted, situation);
  return hints.length === 0 ? noHints : new Map([...wanted.keys()].map((type) => [type, hints]));
}

/** The hints of blocks that were given before; none where they are not what is wanted. */
function given(layout: NumaLayout, blocks: readonly Block[], wanted: Wanted): Hints {
  const fits = blocks.length === wanted.size && blocks.every(({ type, size }) => wanted.get(type) === size);
  if (!fits) return noHints;
  const mask = (ids: readonly number[]): Mask => maskOf(ids.map((id) => layout.findIndex((node) => node.id === id)));
  return new Map(blocks.map(({ type, numaAffinity }) => [type, [{ nodes: mask(numaAffinity), preferred: true }]]));
}

/** Where one container could have its memory. */
export function containerHints(pod: Pod, container: Container, situation: Situation): Hints {
  const wanted = wantedOf(pod, container);
  if (wanted.size === 0) return noHints;
  const blocks = situation.promises.get(uidOf(pod))?.get(container.name);
  return blocks ? given(situation.layout, blocks, wanted) : hintsFor(pod, wanted, situation);
}

/** Where all containers of a pod could have theirs together. */
export function podHints(pod: Pod, situation: Situation): Hints {
  const wanted = wantedByPod(pod);
  if (wanted.size === 0) return noHints;
  const [blocks] = situation.promises.get(uidOf(pod))?.values() ?? [];
  return blocks ? given(situation.layout, blocks, wanted) : hintsFor(pod, wanted, situation);
}

const bestOf = (hints: readonly (Hint & { readonly nodes: Mask })[]) =>
  hints.toSorted((a, b) => Number(b.preferred) - Number(a.preferred) || byWidth(a.nodes, b.nodes))[0];

/** The nodes that a container gets its memory of, given the hint that all agreed on. Throws when there are none. */
function choose(pod: Pod, wanted: Wanted, about: { readonly situation: Situation; readonly hint: Hint }): number[] {
  const { situation, hint } = about;
  const { layout, machine } = situation;
  const hints = place(pod, wanted, situation).flatMap(({ nodes, preferred }) => (nodes === undefined ? [] : [{ nodes, preferred }]));
  const nodesOf = (ids: readonly number[]): NodeMemory[] => ids.flatMap((id) => machine.get(id) ?? []);
  const holds = (ids: readonly number[]): boolean => [...wanted].every(([type, bytes]) => total(nodesOf(ids), type, 'free') >= bytes);
  let best: Hint & { readonly nodes: Mask };
  if (hint.nodes === undefined) {
    const found = bestOf(hints);
    if (!found) throw new Error('[memorymanager] failed to get the default NUMA affinity, no NUMA nodes with enough memory is available');
    if (!found.preferred && hint.preferred) throw new Error('[memorymanager] failed to find the default preferred hint');
    best = found;
  } else best = { nodes: hint.nodes, preferred: hint.preferred };
  // Others may have narrowed the nodes so far that they have too little: then all those around them.
  const inside = best.nodes;
  if (!holds(idsOf(layout, inside))) {
    const found = bestOf(hints.filter(({ nodes }) => (nodes & inside) === inside));
    if (!found) throw new Error('[memorymanager] failed to find NUMA nodes to extend the current topology hint');
    if (!found.preferred && best.preferred) throw new Error('[memorymanager] failed to find the extended preferred hint');
    best = found;
  }
  const ids = idsOf(layout, best.nodes);
  if (ids.length > 1 && !keepsGroups(nodesOf(ids), ids)) throw new Error('[memorymanager] preferred hint violates NUMA node allocation');
  return ids;
}

/** Blocks of init containers, less what a later container of the pod takes over of them. */
function takenOver(before: ReadonlyMap<string, readonly Block[]>, pod: Pod, by: { name: string; blocks: readonly Block[] }) {
  const after = new Map(before);
  for (const { type, size, numaAffinity } of by.blocks) {
    let rest = size;
    for (const container of initContainers(pod)) {
      if (container.name === by.name) break;
      if (isSidecar(container)) continue;
      const blocks = (after.get(container.name) ?? []).map((block) => {
        if (block.type !== type || !sameIds(block.numaAffinity, numaAffinity)) return block;
        const part = Math.min(rest, block.size);
        rest -= part;
        return { ...block, size: block.size - part };
      });
      if (after.has(container.name)) after.set(container.name, blocks);
    }
  }
  return after;
}

/** The promises with those to one more container. Throws in kubelet's words when there is no memory for it. */
export function promise(pod: Pod, container: Container, about: { readonly situation: Situation; readonly hint: Hint }): Promises {
  const wanted = wantedOf(pod, container);
  const ids = choose(pod, wanted, about);
  const blocks = [...wanted].map(([type, size]): Block => ({ numaAffinity: ids, type, size }));
  const { promises } = about.situation;
  const mine = takenOver(promises.get(uidOf(pod)) ?? new Map(), pod, { name: container.name, blocks });
  return new Map([...promises, [uidOf(pod), mine.set(container.name, blocks)]]);
}
