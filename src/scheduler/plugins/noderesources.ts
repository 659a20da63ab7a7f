// NodeResourcesFit: is enough free on a node, and is it better to fill it or to leave it?
import { type ClusterEvent, type Plugin, type Rejection } from '../framework.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import { type PodInfo } from '../podinfo.ts';
import { leastAllocated, type ResourceWeight, scorer, type Strategy } from './resourcescores.ts';

/** True when the pod fits what is free; the quick form of `insufficient`. */
export function fits(pod: PodInfo, node: NodeInfo): boolean {
  if (node.pods.size + 1 > node.allowedPods) return false;
  const { requests } = pod;
  const { requested, allocatable } = node;
  if (requests.cpu > 0 && requests.cpu > allocatable.cpu - requested.cpu) return false;
  if (requests.memory > 0 && requests.memory > allocatable.memory - requested.memory) return false;
  if (requests.ephemeral > 0 && requests.ephemeral > allocatable.ephemeral - requested.ephemeral) return false;
  if (requests.scalar.size > 0)
    for (const [name, wanted] of requests.scalar)
      if (wanted > 0 && wanted > (allocatable.scalar.get(name) ?? 0) - (requested.scalar.get(name) ?? 0)) return false;
  return true;
}

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

const name = 'NodeResourcesFit';
/** Rejections repeat on thousands of nodes: one object per wording. */
const wordings = new Map<string, Rejection>();
const mostWordings = 256;

function rejectionFor(reasons: readonly string[], beyondNode: boolean): Rejection {
  const key = `${beyondNode}|${reasons.join('|')}`;
  let known = wordings.get(key);
  if (known === undefined) {
    if (wordings.size >= mostWordings) wordings.clear();
    known = { code: beyondNode ? 'unresolvable' : 'unschedulable', plugin: name, reasons };
    wordings.set(key, known);
  }
  return known;
}

function mayMakeRoom(pod: PodInfo, event: ClusterEvent): boolean {
  if (event.resource === 'Node') {
    const capacity = event.action === 'add' || event.changed?.has('allocatable') === true;
    return capacity && event.node !== undefined && fits(pod, event.node);
  }
  if (event.resource !== 'AssignedPod' || event.action === 'add' || event.info === undefined) return false;
  if (event.action === 'update') return event.changed?.has('requests') === true;
  // What has gone frees a place among the node's pods in any case; else it must have had what this pod asks for.
  const freed = event.info.requests;
  const { requests } = pod;
  if (requests.cpu === 0 && requests.memory === 0 && requests.ephemeral === 0 && requests.scalar.size === 0) return true;
  if (event.node !== undefined && event.node.pods.size + 1 >= event.node.allowedPods) return true;
  if (requests.cpu > 0 && freed.cpu > 0) return true;
  if (requests.memory > 0 && freed.memory > 0) return true;
  if (requests.ephemeral > 0 && freed.ephemeral > 0) return true;
  for (const [resource, wanted] of requests.scalar) if (wanted > 0 && (freed.scalar.get(resource) ?? 0) > 0) return true;
  return false;
}

/** Arguments of the plugin's configuration. */
export interface NodeResourcesFitArgs {
  readonly strategy?: Strategy;
  readonly resources?: readonly ResourceWeight[];
  /** Extended resources, and prefixes of their names, that are another's to check (`example.com/foo`, group `example.com`). */
  readonly ignoredResources?: readonly string[];
  readonly ignoredResourceGroups?: readonly string[];
}

function without(pod: PodInfo, args: NodeResourcesFitArgs): PodInfo {
  if (pod.requests.scalar.size === 0) return pod;
  const ignored = (resource: string): boolean =>
    args.ignoredResources?.includes(resource) === true || args.ignoredResourceGroups?.includes(resource.split('/')[0] ?? '') === true;
  const scalar = new Map([...pod.requests.scalar].filter(([resource]) => !ignored(resource)));
  return scalar.size === pod.requests.scalar.size ? pod : { ...pod, requests: { ...pod.requests, scalar } };
}

/** What is free on nodes; by default the emptier node is better. */
export function nodeResourcesFit(args: NodeResourcesFitArgs = {}): Plugin {
  const score = scorer(args.strategy ?? leastAllocated, args.resources);
  const selective = args.ignoredResources !== undefined || args.ignoredResourceGroups !== undefined;
  return {
    name,
    ...(selective
      ? {
          preFilter(pod, state) {
            state.set(name, without(pod, args));
            return {};
          },
        }
      : {}),
    filter(pod, node, state): Rejection | undefined {
      const asking = selective ? (state.get(name) as PodInfo) : pod;
      if (fits(asking, node)) return undefined;
      const { reasons, beyondNode } = insufficient(asking, node);
      return rejectionFor(reasons, beyondNode);
    },
    localScore: true,
    score: (pod, node) => score(pod, node),
    hears: ['Node/add', 'Node/update', 'AssignedPod/update', 'AssignedPod/delete'],
    helps: mayMakeRoom,
  };
}
