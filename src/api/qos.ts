// The quality-of-service class of a pod.
import type { ResourceRequirements } from '#api/core/v1/container.ts';
import type { PodSpec } from '#api/core/v1/podspec.ts';
import { compareQuantity, quantityValue } from '#format/quantity.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const computeResources = ['cpu', 'memory'] as const;

const isSet = (amount: string | undefined): amount is string => amount !== undefined && quantityValue(amount) > 0;

/** The class that requests and limits for cpu and memory put a pod in. Pod-level resources, when set, decide alone. */
export function qosClass(spec: PodSpec): QosClass {
  const requirements: readonly (ResourceRequirements | undefined)[] =
    spec.resources && (spec.resources.requests || spec.resources.limits)
      ? [spec.resources]
      : [...spec.containers, ...(spec.initContainers ?? [])].map((container) => container.resources);
  let anything = false;
  let guaranteed = true;
  for (const needs of requirements) {
    for (const name of computeResources) {
      const request = needs?.requests?.[name];
      const limit = needs?.limits?.[name];
      if (isSet(request) || isSet(limit)) anything = true;
      if (!isSet(limit) || (request !== undefined && compareQuantity(request, limit) !== 0)) guaranteed = false;
    }
  }
  if (!anything) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
