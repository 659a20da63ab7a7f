// What a pod asks of its node: requests and limits over main containers, sidecars, init containers, pod level and overhead.
import type { Container } from '#api/core/v1/container.ts';
import type { PodSpec } from '#api/core/v1/podspec.ts';
import { addQuantity, compareQuantity } from '#format/quantity.ts';
import { isSidecar } from './podutil.ts';

/** Amounts by resource name. */
export type ResourceList = Readonly<Record<string, string>>;
type Side = 'requests' | 'limits';

/** The sum of two lists. */
export function addResources(a: ResourceList, b: ResourceList | undefined): ResourceList {
  if (!b) return a;
  const sum: Record<string, string> = { ...a };
  for (const [name, amount] of Object.entries(b)) {
    const known = sum[name];
    sum[name] = known === undefined ? amount : addQuantity(known, amount);
  }
  return sum;
}
/** The larger amount of each resource. */
export function maxResources(a: ResourceList, b: ResourceList): ResourceList {
  const max: Record<string, string> = { ...a };
  for (const [name, amount] of Object.entries(b)) {
    const known = max[name];
    if (known === undefined || compareQuantity(amount, known) > 0) max[name] = amount;
  }
  return max;
}

const none: ResourceList = {};
const amountsOf = (container: Container, side: Side): ResourceList | undefined => container.resources?.[side];

/**
 * Main containers and sidecars run together; each plain init container runs with the sidecars started before it. The pod
 * needs the larger of both sums.
 */
function containerTotal(spec: PodSpec, side: Side): ResourceList {
  let running = spec.containers.reduce<ResourceList>((sum, container) => addResources(sum, amountsOf(container, side)), none);
  if (!spec.initContainers?.length) return running;
  let sidecars = none;
  let peak = none;
  for (const container of spec.initContainers) {
    if (isSidecar(container)) {
      sidecars = addResources(sidecars, amountsOf(container, side));
      running = addResources(running, amountsOf(container, side));
      peak = maxResources(peak, sidecars);
    } else {
      peak = maxResources(peak, addResources(sidecars, amountsOf(container, side)));
    }
  }
  return maxResources(running, peak);
}

const podLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

function withPodLevel(spec: PodSpec, side: Side, total: ResourceList): ResourceList {
  const own = spec.resources?.[side];
  if (!own) return total;
  const result: Record<string, string> = { ...total };
  for (const [name, amount] of Object.entries(own)) if (podLevel(name)) result[name] = amount;
  return result;
}

/** Sum of what the containers request, without overhead and pod level: what pod-level defaults and checks start from. */
export function containerRequests(spec: PodSpec): ResourceList {
  return containerTotal(spec, 'requests');
}
/** Sum of the containers' limits, without overhead and pod level. */
export function containerLimits(spec: PodSpec): ResourceList {
  return containerTotal(spec, 'limits');
}
/** What the scheduler reserves for the pod. */
export function podRequests(spec: PodSpec): ResourceList {
  return addResources(withPodLevel(spec, 'requests', containerTotal(spec, 'requests')), spec.overhead);
}
/** The most the pod may use; overhead counts only for resources that are limited. */
export function podLimits(spec: PodSpec): ResourceList {
  const limits = withPodLevel(spec, 'limits', containerTotal(spec, 'limits'));
  if (!spec.overhead) return limits;
  const counted = Object.entries(spec.overhead).filter(([name]) => limits[name] !== undefined);
  return addResources(limits, Object.fromEntries(counted));
}
