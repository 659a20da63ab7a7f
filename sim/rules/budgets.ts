// Limits that admission keeps: quotas, and the budgets of evictions.
import { keyOf } from '#api/object.ts';
import { isPodReady } from '#api/podutil.ts';
import { podCounts, podUsage } from '#api/quota.ts';
import { PodDisruptionBudgets, Pods, ResourceQuotas } from '#api/refs.ts';
import { quantityMilli } from '#format/quantity.ts';
import { selectorOf } from '#format/selector.ts';
import { type Cluster, keyOfPath } from '../cluster.ts';
import { ageOf, lag, managersCalmFor } from './rule.ts';

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

/** No eviction leaves fewer healthy pods than a budget wants. */
export function budgetsHold(cluster: Cluster): void {
  const evicted: string[] = [];
  /** When pods of a namespace last became unhealthy without an eviction. */
  let disturbed = -lag;
  const leaving = new Set<string>();
  const wasReady = new Map<string, boolean>();

  cluster.onPassed.add(({ request, answer }) => {
    if (request.method === 'POST' && request.path.endsWith('/eviction') && answer !== undefined && answer.status < 300)
      evicted.push(keyOfPath(request.path).split('/').slice(1).join('/'));
  });
  cluster.truth.on(Pods, (next, previous) => {
    const pod = next ?? previous;
    if (pod === undefined) return;
    const is = next !== undefined && isPodReady(next) && next.metadata.deletionTimestamp === undefined;
    const was = previous !== undefined && isPodReady(previous) && previous.metadata.deletionTimestamp === undefined;
    if (was && !is) leaving.add(keyOf(pod));
    wasReady.set(keyOf(pod), was || is);
  });
  cluster.onStep.add(() => {
    for (const key of evicted) leaving.delete(key);
    if (leaving.size > 0) disturbed = cluster.now;
    leaving.clear();
    for (const key of evicted.splice(0)) {
      const [namespace = '', name = ''] = key.split('/');
      const pod = cluster.truth.get(Pods, name, namespace) ?? cluster.truth.buried(Pods, key);
      if (pod === undefined || wasReady.get(key) !== true) continue;
      if (cluster.now - disturbed < lag || managersCalmFor(cluster) < lag) continue;
      for (const budget of cluster.truth.list(PodDisruptionBudgets)) {
        if (budget.metadata.namespace !== namespace || ageOf(cluster, budget) < lag) continue;
        const selector = selectorOf(budget.spec.selector);
        if (!selector.matches(pod.metadata.labels ?? {})) continue;
        const healthy = cluster.truth
          .list(Pods)
          .filter((one) => one.metadata.namespace === namespace && selector.matches(one.metadata.labels ?? {}))
          .filter((one) => one.metadata.deletionTimestamp === undefined && isPodReady(one)).length;
        const wanted = budget.status?.desiredHealthy ?? 0;
        if (healthy < wanted) cluster.violated('budgets hold', `${key} was evicted: ${healthy} are healthy, ${wanted} are wanted`);
      }
    }
  });
}
