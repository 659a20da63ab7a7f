// An autoscaler keeps to its limits.
import { keyOf } from '#api/object.ts';
import { HorizontalPodAutoscalers } from '#api/refs.ts';
import type { Cluster } from '../cluster.ts';
import { controllerUser } from './rule.ts';

/** No scale is written that is outside of what the autoscaler of that workload allows. */
export function autoscalersKeepLimits(cluster: Cluster): void {
  cluster.onPassed.add(({ user, request, answer }) => {
    if (user !== controllerUser('horizontal-pod-autoscaler') || request.method !== 'PUT' || (answer?.status ?? 500) >= 300) return;
    const [, namespace, name] = /\/namespaces\/([^/]+)\/deployments\/([^/]+)\/scale$/.exec(request.path) ?? [];
    const autoscaler = cluster.truth.get(HorizontalPodAutoscalers, name ?? '', namespace);
    if (autoscaler === undefined || answer === undefined || !('object' in answer.body)) return;
    const { replicas = 0 } = (answer.body.object as { readonly spec?: { readonly replicas?: number } }).spec ?? {};
    const { minReplicas = 1, maxReplicas } = autoscaler.spec;
    if (replicas < minReplicas || replicas > maxReplicas)
      cluster.violated('autoscalers keep limits', `${keyOf(autoscaler)} wants ${replicas} pods of ${minReplicas} to ${maxReplicas}`);
  });
}
