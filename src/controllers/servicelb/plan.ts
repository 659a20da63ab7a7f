// Pure: the addresses at which a Service of type LoadBalancer is reached, where no balancer of somebody else's cares for it:
// those of the nodes themselves (the proxy of every node answers at its own), or one of a pool, which a node announces.
import { canonicalIp, ipText, isInside, parseCidr } from '#api/addresses.ts';
import { isBalanced } from '#api/balancer.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { LoadBalancerIngress, Service } from '#api/core/v1/service.ts';

const familyOf = (address: string): 'IPv4' | 'IPv6' => (address.includes(':') ? 'IPv6' : 'IPv4');
const ingressOf = (ips: readonly string[]): LoadBalancerIngress[] => ips.map((ip) => ({ ip, ipMode: 'VIP' }));

/**
 * The addresses for `status.loadBalancer.ingress`: of each Ready node that is not excluded, one of each family that the
 * Service has. `local` names the nodes with endpoints; with the external policy `Local` only they answer.
 */
export function balancerAddresses(service: Service, nodes: readonly Node[], local: ReadonlySet<string>): LoadBalancerIngress[] {
  const families = service.spec.ipFamilies ?? ['IPv4'];
  const onlyLocal = service.spec.externalTrafficPolicy === 'Local';
  const addresses = nodes
    .filter((node) => isBalanced(node) && (!onlyLocal || local.has(node.metadata.name)))
    .flatMap(({ status }) => (status.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address))
    .filter((address) => families.includes(familyOf(address)));
  return ingressOf([...new Set(addresses)].toSorted());
}

function* addressesIn(range: string): Generator<string> {
  const cidr = parseCidr(range);
  if (cidr === undefined) return;
  const size = 1n << BigInt(cidr.width - cidr.prefix);
  for (let i = 0n; i < size; i++) yield ipText(cidr.network + i, cidr.width);
}

/**
 * One address of the pool for each family of the Service: the one that it has, or wishes for (`loadBalancerIP`), else the
 * first that is free. `taken` are those of other Services. Families of which none is left are left out.
 */
export function poolAddresses(service: Service, pool: readonly string[], taken: ReadonlySet<string>): LoadBalancerIngress[] {
  const ranges = pool.map(parseCidr).filter((range) => range !== undefined);
  const wished = service.spec.loadBalancerIP ? (canonicalIp(service.spec.loadBalancerIP) ?? '') : undefined;
  const present = (service.status.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  const isFree = (ip: string): boolean => !taken.has(ip) && ranges.some((range) => isInside(ip, range));
  const ips = (service.spec.ipFamilies ?? ['IPv4']).flatMap((family) => {
    const ofFamily = (ip: string): boolean => familyOf(ip) === family;
    // Who wishes for an address gets that one or none.
    if (wished !== undefined && ofFamily(wished)) return isFree(wished) ? [wished] : [];
    const kept = present.find((ip) => ofFamily(ip) && isFree(ip));
    if (kept !== undefined) return [kept];
    for (const range of pool) for (const ip of ofFamily(range) ? addressesIn(range) : []) if (!taken.has(ip)) return [ip];
    return [];
  });
  return ingressOf(ips);
}
