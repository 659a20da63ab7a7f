// Pure: the addresses at which a Service of type LoadBalancer is reached. Without a balancer of somebody else's, the nodes
// themselves are it: the proxy of every node answers at its own address.
import type { Node } from '#api/core/v1/node.ts';
import type { LoadBalancerIngress, Service } from '#api/core/v1/service.ts';
import { isConditionTrue } from '#api/podutil.ts';

/** The class that asks for this balancer by name; a Service without a class gets it too. */
export const nodesClass = 'tutti.dev/nodes';
const excluded = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** True when the Service is for this balancer. */
export function isOurs({ spec }: Service): boolean {
  return spec.type === 'LoadBalancer' && (spec.loadBalancerClass === undefined || spec.loadBalancerClass === nodesClass);
}

/**
 * The addresses for `status.loadBalancer.ingress`: of each Ready node that is not excluded, one of each family that the
 * Service has. `local` names the nodes with endpoints; with the external policy `Local` only they answer.
 */
export function balancerAddresses(service: Service, nodes: readonly Node[], local: ReadonlySet<string>): LoadBalancerIngress[] {
  const families = service.spec.ipFamilies ?? ['IPv4'];
  const onlyLocal = service.spec.externalTrafficPolicy === 'Local';
  const addresses = nodes
    .filter(({ metadata, status, spec }) => {
      if (metadata.labels?.[excluded] !== undefined || spec.unschedulable === true) return false;
      return isConditionTrue(status.conditions, 'Ready') && (!onlyLocal || local.has(metadata.name));
    })
    .flatMap(({ status }) => (status.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address))
    .filter((address) => families.includes(address.includes(':') ? 'IPv6' : 'IPv4'));
  return [...new Set(addresses)].toSorted().map((ip) => ({ ip, ipMode: 'VIP' }));
}
