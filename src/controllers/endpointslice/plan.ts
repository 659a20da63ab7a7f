// Pure: the EndpointSlices of a Service with a selector.
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Service } from '#api/core/v1/service.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { belongs, hostnameOf, isHeadless, podIPs, podReference, targetPortOf } from '../endpoints/pods.ts';
import { isPodReady } from '#api/podutil.ts';
import { type AddressType, type Group, groupKey, planSlices, type SlicePlan } from './slices.ts';

export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const managedBy = 'endpointslice-controller.k8s.io';
export const headlessLabel = 'service.kubernetes.io/headless';
const zoneLabel = 'topology.kubernetes.io/zone';

export interface SliceView {
  readonly service: Service;
  /** Pods that the selector matches. */
  readonly pods: readonly Pod[];
  /** Slices of the Service that this controller manages. */
  readonly existing: readonly EndpointSlice[];
  readonly node: (name: string) => Node | undefined;
  readonly triggerTime: string | undefined;
  readonly maxPerSlice: number;
}

function addressTypes(service: Service): readonly AddressType[] {
  const families = (service.spec.ipFamilies ?? []).filter((family) => family !== '');
  if (families.length > 0) return families as readonly AddressType[];
  return [service.spec.clusterIP?.includes(':') ? 'IPv6' : 'IPv4'];
}

function portsOf(service: Service, pod: Pod): EndpointPort[] {
  const ports: EndpointPort[] = [];
  for (const port of service.spec.ports ?? []) {
    const number = targetPortOf(pod, port);
    if (number === undefined) continue;
    const { name = '', protocol = 'TCP', appProtocol } = port;
    ports.push({ name, port: number, protocol, ...(appProtocol ? { appProtocol } : {}) });
  }
  return ports;
}

function hintsOf(service: Service, endpoint: Endpoint): Endpoint['hints'] {
  const wish = service.spec.trafficDistribution;
  if (wish !== 'PreferClose' && wish !== 'PreferSameZone' && wish !== 'PreferSameNode') return undefined;
  if (!endpoint.conditions?.ready || !endpoint.zone) return undefined;
  const forNodes = wish === 'PreferSameNode' && endpoint.nodeName ? { forNodes: [{ name: endpoint.nodeName }] } : {};
  return { forZones: [{ name: endpoint.zone }], ...forNodes };
}

function endpointOf(view: SliceView, pod: Pod, addresses: readonly string[]): Endpoint {
  const { service } = view;
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  // Whoever asks for addresses that are not ready gets them as ready; otherwise a terminating pod never is.
  const ready = (service.spec.publishNotReadyAddresses ?? false) || (serving && !terminating);
  const { nodeName } = pod.spec;
  const zone = nodeName ? view.node(nodeName)?.metadata.labels?.[zoneLabel] : undefined;
  const hostname = hostnameOf(pod, service);
  const endpoint: Endpoint = {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname ? { hostname } : {}),
    targetRef: podReference(pod),
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
  };
  const hints = hintsOf(service, endpoint);
  return hints === undefined ? endpoint : { ...endpoint, hints };
}

function groupsOf(view: SliceView, addressType: AddressType): Group[] {
  const groups = new Map<string, { addressType: AddressType; ports: EndpointPort[]; endpoints: Endpoint[] }>();
  for (const pod of view.pods) {
    if (!belongs(pod, true)) continue;
    const addresses = podIPs(pod).filter((ip) => ip.includes(':') === (addressType === 'IPv6'));
    if (addresses.length === 0) continue;
    // A pod of a node that is not there is unreachable; the pod collector will take it.
    if (pod.spec.nodeName && view.node(pod.spec.nodeName) === undefined && !view.service.spec.publishNotReadyAddresses) continue;
    const ports = portsOf(view.service, pod);
    const key = groupKey(addressType, ports);
    let group = groups.get(key);
    if (group === undefined) {
      group = { addressType, ports, endpoints: [] };
      groups.set(key, group);
    }
    group.endpoints.push(endpointOf(view, pod, addresses));
  }
  return groups.size > 0 ? [...groups.values()] : [{ addressType, ports: [], endpoints: [] }];
}

/** The labels of a Service's slices: the Service's own, and those that say whose they are. */
export function sliceLabels(service: Service, manager: string): Record<string, string> {
  const { [headlessLabel]: _, ...own } = service.metadata.labels ?? {};
  return {
    ...own,
    ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
    [serviceNameLabel]: service.metadata.name,
    [managedByLabel]: manager,
  };
}

/** The writes that bring a Service's slices up to date. */
export function planEndpointSlices(view: SliceView): SlicePlan {
  const { service } = view;
  const { name, namespace = '', uid = '' } = service.metadata;
  const groups = addressTypes(service).flatMap((addressType) => groupsOf(view, addressType));
  return planSlices(view.existing, groups, {
    namespace,
    generateName: `${name}-`,
    labels: sliceLabels(service, managedBy),
    owner: { apiVersion: 'v1', kind: 'Service', name, uid, controller: true, blockOwnerDeletion: true },
    triggerTime: view.triggerTime,
    max: view.maxPerSlice,
  });
}
