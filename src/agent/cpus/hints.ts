// On which NUMA nodes processors could be had. Pure.
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { type Hints, hintsOf, noHints } from '../numa/hints.ts';
import { everyMask, has, type Mask, sizeOf } from '../numa/mask.ts';
import { initContainers, isSidecar, podPeak, uidOf } from '../sync/spec.ts';
import { type Assignments, exclusiveCpus } from './state.ts';
import type { Processor } from './topology.ts';

type Cpus = ReadonlySet<number>;

/** What is there to choose from. */
interface Choice {
  readonly topology: readonly Processor[];
  readonly nodes: number;
  /** Nobody has them. */
  readonly free: Cpus;
  readonly assigned: Assignments;
}

/** Processors that init containers of a pod leave to the container of this name: they have ended when it starts. */
export function leftByInit(pod: Pod, name: string, assigned: Assignments): Cpus {
  let left: Cpus = new Set();
  for (const container of [...initContainers(pod), ...pod.spec.containers]) {
    if (container.name === name) break;
    const own = assigned.get(uidOf(pod))?.get(container.name) ?? new Set();
    const ends = pod.spec.initContainers?.includes(container) === true && !isSidecar(container);
    left = ends ? left.union(own) : left.difference(own);
  }
  return left;
}

/** The processors of a mask's nodes. */
export const within = (topology: readonly Processor[], mask: Mask): Cpus =>
  new Set(topology.filter(({ node }) => has(mask, node)).map(({ id }) => id));

/** Hints for so many processors, of which all of `kept` must be used. */
function hintsFor(wanted: number, { topology, nodes }: Choice, from: { readonly kept: Cpus; readonly free: Cpus }): Hints {
  let smallest = nodes;
  const masks: Mask[] = [];
  for (const mask of everyMask(nodes)) {
    const inside = within(topology, mask);
    if (inside.size >= wanted) smallest = Math.min(smallest, sizeOf(mask));
    if (!from.kept.isSubsetOf(inside)) continue;
    if (from.kept.size + from.free.intersection(inside).size >= wanted) masks.push(mask);
  }
  return new Map([['cpu', hintsOf(masks, smallest)]]);
}

const nowhere: Hints = new Map([['cpu', []]]);

/** Where one container could have its processors. */
export function containerHints(pod: Pod, container: Container, choice: Choice): Hints {
  const wanted = exclusiveCpus(pod, container);
  if (wanted === 0) return noHints;
  const own = choice.assigned.get(uidOf(pod))?.get(container.name);
  if (own) return own.size === wanted ? hintsFor(wanted, choice, { kept: new Set(), free: own }) : nowhere;
  return hintsFor(wanted, choice, { kept: leftByInit(pod, container.name, choice.assigned), free: choice.free });
}

/** Where all containers of a pod could have theirs together. */
export function podHints(pod: Pod, choice: Choice): Hints {
  const wanted = podPeak(pod, (container) => exclusiveCpus(pod, container));
  if (wanted === 0) return noHints;
  let own: Cpus = new Set();
  for (const container of [...initContainers(pod), ...pod.spec.containers]) {
    const cpus = choice.assigned.get(uidOf(pod))?.get(container.name);
    if (cpus && cpus.size !== exclusiveCpus(pod, container)) return nowhere;
    if (cpus) own = own.union(cpus);
  }
  if (own.size === wanted) return hintsFor(wanted, choice, { kept: new Set(), free: own });
  return hintsFor(wanted, choice, { kept: own, free: choice.free });
}
