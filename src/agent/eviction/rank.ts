// Which pod goes first when the node is short of something, and what it is told: pure.
import type { Pod } from '#api/core/v1/pod.ts';
import { isMirrorPod } from '#api/podutil.ts';
import { quantityValue } from '#format/quantity.ts';
import { isStaticPod } from '../static/annotations.ts';
import type { Crossed } from './thresholds.ts';
import { meaning } from './thresholds.ts';

/** What a pod uses of the resource in question: bytes, inodes or processes. */
export interface PodUsage {
  readonly pod: Pod;
  readonly used: number;
  /** By container name, where it is known. */
  readonly containers: ReadonlyMap<string, number>;
}

/** Pods that the node cannot do without: static ones and those of the system's critical priorities. */
export function isCritical(pod: Pod): boolean {
  return isStaticPod(pod) || isMirrorPod(pod) || (pod.spec.priority ?? 0) >= 2_000_000_000;
}

const requested = (pod: Pod, resource: string): number =>
  pod.spec.containers.reduce((sum, { resources }) => sum + quantityValue(resources?.requests?.[resource] ?? '0'), 0);

/**
 * Pods in the order of eviction: those that use more than they asked for, then the less important, then those that use most
 * beyond what they asked for. Processes are not asked for: importance and number decide.
 */
export function rankPods(usages: readonly PodUsage[], resource: string): readonly PodUsage[] {
  const over = ({ pod, used }: PodUsage): number => used - requested(pod, resource);
  return usages.toSorted((a, b) => {
    const exceeds = Number(over(b) > 0) - Number(over(a) > 0);
    return (resource === 'pids' ? 0 : exceeds) || (a.pod.spec.priority ?? 0) - (b.pod.spec.priority ?? 0) || over(b) - over(a);
  });
}

const kibi = (bytes: number): string => `${Math.ceil(bytes / 1024)}Ki`;

/** Kubelet's message to a pod that is evicted for want of a resource. */
export function evictionMessage(usage: PodUsage, cause: Crossed): string {
  const { resource } = meaning[cause.threshold.signal];
  const amount = (value: number): string => (resource === 'memory' || resource === 'ephemeral-storage' ? kibi(value) : String(value));
  const parts = [
    `The node was low on resource: ${resource}. Threshold quantity: ${amount(cause.amount)}, available: ${amount(cause.available)}. `,
  ];
  for (const container of usage.pod.spec.containers) {
    const used = usage.containers.get(container.name);
    const request = container.resources?.requests?.[resource] ?? '0';
    if (used === undefined || used <= quantityValue(request)) continue;
    parts.push(`Container ${container.name} was using ${amount(used)}, request is ${request}, has larger consumption of ${resource}. `);
  }
  return parts.join('');
}
