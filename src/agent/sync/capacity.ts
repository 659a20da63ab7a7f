// What pods ask of a node, and what it lacks for one more: pure.
import { isExtendedResource } from '#api/core/v1/resources.rules.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { quantityMilli, quantityValue } from '#format/quantity.ts';
import { initContainers, isSidecar } from './spec.ts';

type Amounts = Map<string, number>;

const amount = (name: string, value: string): number => (name === 'cpu' ? quantityMilli(value) : quantityValue(value));

function add(into: Amounts, from: Readonly<Record<string, string>> | undefined): void {
  for (const [name, value] of Object.entries(from ?? {})) into.set(name, (into.get(name) ?? 0) + amount(name, value));
}
function atLeast(into: Amounts, from: Amounts): void {
  for (const [name, value] of from) into.set(name, Math.max(into.get(name) ?? 0, value));
}

/** What a pod asks for: the sum of its containers and sidecars, or the largest init container beside the sidecars before it. */
export function podRequests(pod: Pod): Amounts {
  const sum: Amounts = new Map();
  for (const container of pod.spec.containers) add(sum, container.resources?.requests);
  const sidecars: Amounts = new Map();
  const initPeak: Amounts = new Map();
  for (const container of initContainers(pod)) {
    if (isSidecar(container)) {
      add(sidecars, container.resources?.requests);
      add(sum, container.resources?.requests);
      atLeast(initPeak, sidecars);
    } else {
      const peak = new Map(sidecars);
      add(peak, container.resources?.requests);
      atLeast(initPeak, peak);
    }
  }
  atLeast(sum, initPeak);
  for (const [name, value] of Object.entries(pod.spec.resources?.requests ?? {})) sum.set(name, amount(name, value));
  add(sum, pod.spec.overhead);
  return sum;
}

/** A resource of which the node has too little; amounts are thousandths for `cpu`, whole units for others. */
export interface Shortage {
  readonly resource: string;
  readonly requested: number;
  readonly used: number;
  readonly capacity: number;
}

/** Everything that the node lacks for a pod beside the others; empty when it has enough. */
export function shortages(pod: Pod, others: readonly Pod[], allocatable: Readonly<Record<string, string>>): Shortage[] {
  const found: Shortage[] = [];
  const check = (shortage: Shortage): void => {
    if (shortage.requested + shortage.used > shortage.capacity) found.push(shortage);
  };
  check({ resource: 'pods', requested: 1, used: others.length, capacity: quantityValue(allocatable['pods'] ?? '110') });
  const used: Amounts = new Map();
  for (const other of others) for (const [name, value] of podRequests(other)) used.set(name, (used.get(name) ?? 0) + value);
  for (const [name, requested] of podRequests(pod)) {
    if (requested === 0) continue;
    // What the node has never heard of is the cluster's own business: schedulers count it.
    if (allocatable[name] === undefined && isExtendedResource(name)) continue;
    check({ resource: name, requested, used: used.get(name) ?? 0, capacity: amount(name, allocatable[name] ?? '0') });
  }
  return found;
}

/** Kubelet's text for a shortage. */
export const shortageText = ({ resource, requested, used, capacity }: Shortage): string =>
  `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;

/** Kubelet's text for what the node lacks first; undefined when it lacks nothing. */
export function capacityProblem(pod: Pod, others: readonly Pod[], allocatable: Readonly<Record<string, string>>): string | undefined {
  const [first] = shortages(pod, others, allocatable);
  return first && shortageText(first);
}
