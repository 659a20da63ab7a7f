// How good a node is by what of it would be in use: the scoring strategies of NodeResourcesFit, and balance.
import type { Plugin } from '../framework.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import type { PodInfo } from '../podinfo.ts';

export interface ResourceWeight {
  readonly name: string;
  /** 1…100. */
  readonly weight: number;
}

/** 0…100 from what would be in use of what there is; undefined leaves the resource out of the mean. */
export type Strategy = (used: number, capacity: number) => number | undefined;

/** The emptier, the better: spreads load. */
export const leastAllocated: Strategy = (used, capacity) => (used > capacity ? 0 : Math.floor(((capacity - used) * 100) / capacity));

/** The fuller, the better: packs nodes, so that others can be given back. */
export const mostAllocated: Strategy = (used, capacity) => Math.floor((Math.min(used, capacity) * 100) / capacity);

export interface ShapePoint {
  /** 0…100 per cent in use. */
  readonly utilization: number;
  /** 0…10. */
  readonly score: number;
}

/** A score for each share in use, by straight lines between points. */
export function requestedToCapacityRatio(shape: readonly ShapePoint[]): Strategy {
  const points = shape.map(({ utilization, score }) => ({ x: utilization, y: score * 10 }));
  const at = (x: number): number => {
    const next = points.findIndex((point) => x <= point.x);
    if (next < 0) return points.at(-1)?.y ?? 0;
    const right = points[next] as { x: number; y: number };
    const left = points[next - 1];
    if (left === undefined) return right.y;
    return left.y + Math.trunc(((right.y - left.y) * (x - left.x)) / (right.x - left.x));
  };
  return (used, capacity) => {
    const score = at(used > capacity ? 100 : Math.trunc((used * 100) / capacity));
    return score > 0 ? score : undefined;
  };
}

const defaults: readonly ResourceWeight[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

function capacityOf(node: NodeInfo, name: string): number {
  if (name === 'cpu') return node.allocatable.cpu;
  if (name === 'memory') return node.allocatable.memory;
  if (name === 'ephemeral-storage') return node.allocatable.ephemeral;
  return node.allocatable.scalar.get(name) ?? 0;
}

function requestOf(pod: PodInfo, name: string): number {
  if (name === 'cpu') return pod.requests.cpu;
  if (name === 'memory') return pod.requests.memory;
  if (name === 'ephemeral-storage') return pod.requests.ephemeral;
  return pod.requests.scalar.get(name) ?? 0;
}

function bookedOf(node: NodeInfo, name: string): number {
  if (name === 'cpu') return node.requested.cpu;
  if (name === 'memory') return node.requested.memory;
  if (name === 'ephemeral-storage') return node.requested.ephemeral;
  return node.requested.scalar.get(name) ?? 0;
}

const isCommon = (name: string): boolean => name === 'cpu' || name === 'memory' || name === 'ephemeral-storage';

// Pods that ask for nothing count as a little CPU and memory, so that they spread too.
function usedOf(pod: PodInfo, node: NodeInfo, name: string): number {
  if (name === 'cpu') return node.nonZero.cpu + pod.nonZero.cpu;
  if (name === 'memory') return node.nonZero.memory + pod.nonZero.memory;
  return bookedOf(node, name) + requestOf(pod, name);
}

/** The weighted mean over resources that the node has; extended resources count for pods that ask for them. */
export function scorer(strategy: Strategy, given?: readonly ResourceWeight[]): (pod: PodInfo, node: NodeInfo) => number {
  const resources = given === undefined || given.length === 0 ? defaults : given;
  const rounded = strategy !== leastAllocated && strategy !== mostAllocated;
  return (pod, node) => {
    let sum = 0;
    let weights = 0;
    for (const { name, weight } of resources) {
      const capacity = capacityOf(node, name);
      if (capacity === 0 || (!isCommon(name) && requestOf(pod, name) === 0)) continue;
      const score = strategy(usedOf(pod, node, name), capacity);
      if (score === undefined) continue;
      sum += score * weight;
      weights += weight;
    }
    if (weights === 0) return 0;
    return rounded ? Math.round(sum / weights) : Math.floor(sum / weights);
  };
}

/** The standard deviation; of two values it is half their distance. */
function deviation(shares: readonly number[]): number {
  if (shares.length < 2) return 0;
  if (shares.length === 2) return Math.abs((shares[0] as number) - (shares[1] as number)) / 2;
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length);
}

/** Prefers nodes on which the shares of resources in use would be alike. */
export function nodeResourcesBalancedAllocation(given?: readonly ResourceWeight[]): Plugin {
  const names = (given === undefined || given.length === 0 ? defaults : given).map((item) => item.name);
  return {
    name: 'NodeResourcesBalancedAllocation',
    localScore: true,
    // A pod that asks for none of them would be drawn to nodes for no reason of its own.
    preScore: (pod) => names.some((name) => requestOf(pod, name) > 0),
    score(pod, node) {
      const shares: number[] = [];
      for (const name of names) {
        const capacity = capacityOf(node, name);
        const wanted = requestOf(pod, name);
        if (capacity === 0 || (!isCommon(name) && wanted === 0)) continue;
        shares.push(Math.min(1, (bookedOf(node, name) + wanted) / capacity));
      }
      return Math.floor((1 - deviation(shares)) * 100);
    },
  };
}
