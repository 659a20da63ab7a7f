// Pure: EndpointSlices that mirror an Endpoints object which somebody maintains by hand.
import type { EndpointAddress, Endpoints } from '#api/core/v1/endpoints.ts';
import type { Service } from '#api/core/v1/service.ts';
import type { Endpoint, EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { serviceNameLabel, managedByLabel, headlessLabel } from '../endpointslice/plan.ts';
import { type AddressType, type Group, groupKey, planSlices, type SlicePlan } from '../endpointslice/slices.ts';
import { triggerTimeAnnotation } from '../endpoints/triggertime.ts';

export const mirrorManager = 'endpointslicemirroring-controller.k8s.io';
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const maxPerSubset = 1000;

/** Is this Endpoints object to be mirrored? Only those of Services without a selector are. */
export function mirrored(endpoints: Endpoints | undefined, service: Service | undefined): endpoints is Endpoints {
  if (endpoints === undefined || service === undefined || service.spec.selector !== undefined) return false;
  if (endpoints.metadata.labels?.[skipLabel]?.toLowerCase() === 'true') return false;
  return endpoints.metadata.annotations?.[leaderAnnotation] === undefined;
}

const familyOf = (ip: string): AddressType => (ip.includes(':') ? 'IPv6' : 'IPv4');

function endpointOf(address: EndpointAddress, ready: boolean): Endpoint {
  const { ip, hostname, nodeName, targetRef } = address;
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(targetRef ? { targetRef } : {}),
  };
}

/** The writes that make the slices say what the Endpoints object says; `skipped` counts addresses beyond the limit. */
export function planMirror(
  endpoints: Endpoints,
  service: Service,
  existing: readonly EndpointSlice[],
): { readonly plan: SlicePlan; readonly skipped: number } {
  const groups = new Map<string, { addressType: AddressType; ports: Group['ports']; endpoints: Endpoint[] }>();
  let skipped = 0;
  for (const subset of endpoints.subsets ?? []) {
    const all = [
      ...(subset.addresses ?? []).map((address) => endpointOf(address, true)),
      ...(subset.notReadyAddresses ?? []).map((address) => endpointOf(address, false)),
    ];
    skipped += Math.max(0, all.length - maxPerSubset);
    const ports = (subset.ports ?? []).map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
      name,
      port,
      protocol,
      ...(appProtocol ? { appProtocol } : {}),
    }));
    for (const endpoint of all.slice(0, maxPerSubset)) {
      const addressType = familyOf(endpoint.addresses[0] ?? '');
      const key = groupKey(addressType, ports);
      const group = groups.get(key) ?? { addressType, ports, endpoints: [] };
      groups.set(key, group);
      group.endpoints.push(endpoint);
    }
  }
  const { name, namespace = '', uid = '' } = endpoints.metadata;
  const { [headlessLabel]: _, ...own } = endpoints.metadata.labels ?? {};
  const {
    [triggerTimeAnnotation]: triggerTime,
    'kubectl.kubernetes.io/last-applied-configuration': __,
    ...annotations
  } = endpoints.metadata.annotations ?? {};
  const headless: Record<string, string> = service.spec.clusterIP === 'None' ? { [headlessLabel]: '' } : {};
  const plan = planSlices(existing, [...groups.values()], {
    namespace,
    generateName: `${name}-`,
    labels: { ...own, ...headless, [serviceNameLabel]: name, [managedByLabel]: mirrorManager },
    annotations,
    owner: { apiVersion: 'v1', kind: 'Endpoints', name, uid, controller: true, blockOwnerDeletion: true },
    triggerTime,
    max: maxPerSubset,
  });
  return { plan, skipped };
}
