// Limits that admission keeps: quotas, and the budgets of evictions.
import type { Pod } from '#api/core/v1/pod.ts';
import { keyOf, type KubeObject } from '#api/object.ts';
import { isPodReady } from '#api/podutil.ts';
import type { PodDisruptionBudget } from '#api/policy/v1/poddisruptionbudget.ts';
import { podCounts, podUsage } from '#api/quota.ts';
import { Deployments, PodDisruptionBudgets, Pods, ResourceQuotas, type ResourceRef, StatefulSets } from '#api/refs.ts';
import { scaledIntOrPercent } from '#format/intorstring.ts';
import { quantityMilli } from '#format/quantity.ts';
import { selectorOf } from '#format/selector.ts';
import type { Cluster } from '../cluster.ts';
import { lag, managersCalmFor } from './rule.ts';

/** No pod is made that a quota has no room for. */
export function quotasHold(cluster: Cluster): void {
  cluster.truth.on(Pods, (next, previous) => {
    if (next === undefined || previous !== undefined) return;
    const { namespace } = next.metadata;
    const now = cluster.time.now();
    // A pod that leaves counts until its grace is over, by a clock of which we know nothing.
    const pods = cluster.truth
      .list(Pods)
      .filter((pod) => pod.metadata.namespace === namespace && pod.metadata.deletionTimestamp === undefined && podCounts(pod, now));
    for (const quota of cluster.truth.list(ResourceQuotas).filter(({ metadata }) => metadata.namespace === namespace)) {
      for (const [resource, limit] of Object.entries(quota.status?.hard ?? {})) {
        const used = pods.reduce((sum, pod) => sum + quantityMilli(podUsage(pod, now)[resource] ?? 0), 0);
        // A limit that was just lowered is not yet known to admission, and what is there may stay.
        const most = Math.max(quantityMilli(limit), quantityMilli(quota.spec.hard?.[resource] ?? 0));
        if (used > most && (podUsage(next, now)[resource] ?? '0') !== '0')
          cluster.violated('quotas hold', `${keyOf(next)} makes ${used}m of ${resource}, ${most}m are allowed`);
      }
    }
  });
}

/** Healthy pods that a budget wants of so many. */
function desiredOf({ spec }: PodDisruptionBudget, expected: number): number {
  if (spec.maxUnavailable !== undefined) return Math.max(0, expected - scaledIntOrPercent(spec.maxUnavailable, expected, 'up'));
  return scaledIntOrPercent(spec.minAvailable ?? 0, expected, 'up');
}

const serves = (pod: Pod | undefined): boolean => pod !== undefined && pod.metadata.deletionTimestamp === undefined && isPodReady(pod);

/** The pod was marked by an eviction before it goes. */
const isEvicted = ({ status }: Pod): boolean =>
  status.conditions?.some((one) => one.type === 'DisruptionTarget' && one.status === 'True' && one.reason === 'EvictionByEvictionAPI') ===
  true;

/**
 * No eviction leaves fewer healthy pods than a budget wants: judged by the pods as they were at that very revision. The budget
 * of a workload has the workload's name. What went otherwise, and wishes that changed just now, excuse the controller for a while.
 */
export function budgetsHold(cluster: Cluster): void {
  /** When a workload (namespace/name) last changed in a way that its budget cannot have heard of. */
  const disturbed = new Map<string, number>();
  const disturb = (key: string): unknown => disturbed.set(key, cluster.now);
  for (const ref of [Deployments, StatefulSets, PodDisruptionBudgets] as readonly ResourceRef<KubeObject>[]) {
    cluster.truth.on(ref, (next, previous) => {
      const object = next ?? previous;
      if (object !== undefined && next?.metadata.generation !== previous?.metadata.generation) disturb(keyOf(object));
    });
  }
  cluster.truth.on(Pods, (next, previous) => {
    if (!serves(previous) || serves(next)) return;
    const pod = next ?? (previous as Pod);
    const { namespace, labels } = pod.metadata;
    const name = labels?.['app'] ?? '';
    const key = `${namespace}/${name}`;
    if (next === undefined || !isEvicted(next)) disturb(key);
    const budget = cluster.truth.get(PodDisruptionBudgets, name, namespace);
    const workload = cluster.truth.get(Deployments, name, namespace) ?? cluster.truth.get(StatefulSets, name, namespace);
    if (next === undefined || !isEvicted(next) || budget === undefined || workload === undefined) return;
    if (
      workload.metadata.deletionTimestamp !== undefined ||
      cluster.now - (disturbed.get(key) ?? -lag) < lag ||
      managersCalmFor(cluster) < lag
    )
      return;
    const selector = selectorOf(budget.spec.selector);
    const healthy = cluster.truth
      .list(Pods)
      .filter((one) => one.metadata.namespace === namespace && selector.matches(one.metadata.labels ?? {}) && serves(one)).length;
    const wanted = desiredOf(budget, workload.spec.replicas ?? 1);
    if (healthy < wanted) cluster.violated('budgets hold', `${keyOf(pod)} was evicted: ${healthy} are healthy, ${wanted} are wanted`);
  });
}
