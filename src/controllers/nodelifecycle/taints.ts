// Pure: the taints by which a node's conditions keep pods away or drive them out.
import { rfc3339 } from '#base/clock.ts';
import type { Taint } from '#api/core/v1/affinity.ts';
import type { Node } from '#api/core/v1/node.ts';
import { readiness } from './health.ts';

export const notReady = 'node.kubernetes.io/not-ready';
export const unreachable = 'node.kubernetes.io/unreachable';
const unschedulable = 'node.kubernetes.io/unschedulable';

/** Condition type → status → taint key. */
const byCondition: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: notReady, Unknown: unreachable },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
};

const managedNoSchedule = new Set([...Object.values(byCondition).flatMap((keys) => Object.values(keys)), unschedulable]);

/** The NoExecute taint that a node's readiness calls for. */
export function evictionTaint(node: Node): string | undefined {
  const ready = readiness(node);
  if (ready === 'False') return notReady;
  return ready === 'Unknown' ? unreachable : undefined;
}

/** True when the node has the NoExecute taint that its readiness calls for. */
export function hasEvictionTaint(node: Node): boolean {
  const wanted = evictionTaint(node);
  return node.spec.taints?.some(({ key, effect }) => key === wanted && effect === 'NoExecute') ?? false;
}

/** The taints of a node; undefined when they are right. `evict`: the node may be emptied if its readiness calls for it. */
export function planTaints(node: Node, evict: boolean, now: number): readonly Taint[] | undefined {
  const wanted: Taint[] = [];
  for (const { type, status } of node.status.conditions ?? []) {
    const key = byCondition[type]?.[status];
    if (key !== undefined) wanted.push({ key, effect: 'NoSchedule' });
  }
  if (node.spec.unschedulable) wanted.push({ key: unschedulable, effect: 'NoSchedule' });
  const eviction = evict ? evictionTaint(node) : undefined;
  if (eviction !== undefined) wanted.push({ key: eviction, effect: 'NoExecute' });

  const managed = ({ key, effect }: Taint): boolean =>
    (effect === 'NoSchedule' && managedNoSchedule.has(key)) || (effect === 'NoExecute' && (key === notReady || key === unreachable));
  const same = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;
  const present = node.spec.taints ?? [];
  const kept = present.filter((taint) => !managed(taint) || wanted.some((candidate) => same(candidate, taint)));
  const added = wanted
    .filter((taint) => !present.some((candidate) => same(candidate, taint)))
    .map((taint) => ({ ...taint, timeAdded: rfc3339(now) }));
  return added.length === 0 && kept.length === present.length ? undefined : [...kept, ...added];
}
