// NodeResourcesFit and NodeResourcesBalancedAllocation: what is free on a node, and how evenly it would be used.
import { type ClusterEvent, type Plugin, type Rejection } from '../framework.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import { type PodInfo, podInfo } from '../podinfo.ts';

/** Every resource of which the node has too little left, in the words of events. */
export function insufficient(pod: PodInfo, node: NodeInfo): { reasons: string[]; beyondNode: boolean } {
  const reasons: string[] = [];
  let beyondNode = false;
  if (node.pods.size + 1 > node.allowedPods) reasons.push('Too many pods');
  const check = (name: string, wanted: number, used: number, capacity: number): void => {
    if (wanted === 0 || wanted <= capacity - used) return;
    reasons.push(`Insufficient ${name}`);
    // More than the whole node has: no pod that goes away can make room.
    if (wanted > capacity) beyondNode = true;
  };
  const { requests } = pod;
  const { requested, allocatable } = node;
  check('cpu', requests.cpu, requested.cpu, allocatable.cpu);
  check('memory', requests.memory, requested.memory, allocatable.memory);
  check('ephemeral-storage', requests.ephemeral, requested.ephemeral, allocatable.ephemeral);
  for (const [name, wanted] of requests.scalar) check(name, wanted, requested.scalar.get(name) ?? 0, allocatable.scalar.get(name) ?? 0);
  return { reasons, beyondNode };
}

function mayMakeRoom(pod: PodInfo, event: ClusterEvent): boolean {
  if (event.resource === 'Node') return event.node !== undefined && insufficient(pod, event.node).reasons.length === 0;
  if (event.resource !== 'AssignedPod' || event.action === 'add' || event.pod === undefined) return false;
  if (event.action === 'delete') return true;
  const freed = podInfo(event.pod).requests;
  const { requests } = pod;
  return requests.cpu > 0 || requests.memory > 0 || freed.cpu === 0;
}

/** `strategy`: spread load (`least`) or pack it (`most`). */
export function nodeResourcesFit(strategy: 'least' | 'most' = 'least'): Plugin {
  const name = 'NodeResourcesFit';
  return {
    name,
    filter(pod, node): Rejection | undefined {
      const { reasons, beyondNode } = insufficient(pod, node);
      return reasons.length === 0 ? undefined : { code: beyondNode ? 'unresolvable' : 'unschedulable', plugin: name, reasons };
    },
    score(pod, node) {
      const share = (capacity: number, used: number): number | undefined => {
        if (capacity === 0) return undefined;
        if (used > capacity) return 0;
        return Math.floor(((strategy === 'least' ? capacity - used : used) * 100) / capacity);
      };
      const cpu = share(node.allocatable.cpu, node.nonZero.cpu + pod.nonZero.cpu);
      const memory = share(node.allocatable.memory, node.nonZero.memory + pod.nonZero.memory);
      const shares = [cpu, memory].filter((value) => value !== undefined);
      return shares.length === 0 ? 0 : Math.floor(shares.reduce((sum, value) => sum + value, 0) / shares.length);
    },
    helps: mayMakeRoom,
  };
}

/** Prefers nodes on which the shares of CPU and memory in use would be alike. */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  // A pod that asks for nothing would be drawn to nodes for no reason of its own.
  preScore: (pod) => pod.requests.cpu > 0 || pod.requests.memory > 0 || pod.requests.scalar.size > 0,
  score(pod, node) {
    const { allocatable, requested } = node;
    if (allocatable.cpu === 0 || allocatable.memory === 0) return 0;
    const cpu = Math.min(1, (requested.cpu + pod.requests.cpu) / allocatable.cpu);
    const memory = Math.min(1, (requested.memory + pod.requests.memory) / allocatable.memory);
    // The standard deviation of two values is half their distance.
    return Math.floor((1 - Math.abs(cpu - memory) / 2) * 100);
  },
};
