// Who has to make room is less important than who needs it.
import type { Pod } from '#api/core/v1/pod.ts';
import { Pods } from '#api/refs.ts';
import type { Cluster } from '../cluster.ts';
import { lag, onDeletion } from './rule.ts';

const isWaiting = (pod: Pod | undefined): pod is Pod =>
  pod !== undefined && !pod.spec.nodeName && pod.metadata.deletionTimestamp === undefined && pod.spec.preemptionPolicy !== 'Never';
const priorityOf = (pod: Pod): number => pod.spec.priority ?? 0;

/** The scheduler takes away no pod unless one of a higher priority waits, or did a moment ago. */
export function victimsAreLesser(cluster: Cluster): void {
  const moment = 1_000;
  /** When a pod of a priority last ceased to wait. */
  const waited = new Map<number, number>();
  cluster.truth.on(Pods, (next, previous) => {
    if (isWaiting(previous) && !isWaiting(next)) waited.set(priorityOf(previous), cluster.now);
  });
  onDeletion(cluster, 'pods', ({ user, uid, key }) => {
    const victim = cluster.truth.lastOf(uid) as Pod | undefined;
    if (user !== 'system:kube-scheduler' || victim === undefined || cluster.calmFor('scheduler') < lag) return;
    const recent = [...waited].filter(([, at]) => cluster.now - at < moment).map(([priority]) => priority);
    const highest = Math.max(...recent, ...cluster.truth.list(Pods).filter(isWaiting).map(priorityOf));
    if (priorityOf(victim) >= highest)
      cluster.violated('victims are lesser', `${key} of priority ${priorityOf(victim)} made room; the highest that waits is ${highest}`);
  });
}
