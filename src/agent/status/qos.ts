// A pod's quality of service class: pure.
import type { Pod } from '#api/core/v1/pod.ts';
import { compareQuantity } from '#format/quantity.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const counted = ['cpu', 'memory'] as const;
const isZero = (value: string): boolean => compareQuantity(value, '0') === 0;

/** Guaranteed: limits of cpu and memory everywhere, equal to the requests. BestEffort: nothing asked for at all. */
export function qosClass(pod: Pod): QosClass {
  if (pod.status?.qosClass) return pod.status.qosClass;
  const podLevel = pod.spec.resources;
  const lists =
    podLevel?.requests || podLevel?.limits
      ? [podLevel]
      : [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map((c) => c.resources ?? {});
  let any = false;
  let guaranteed = true;
  for (const { requests = {}, limits = {} } of lists) {
    for (const name of counted) {
      const request = requests[name];
      const limit = limits[name];
      if ((request !== undefined && !isZero(request)) || (limit !== undefined && !isZero(limit))) any = true;
      if (limit === undefined || isZero(limit) || (request !== undefined && compareQuantity(request, limit) !== 0)) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
