// Columns of Services, endpoints and what routes to them.
import type { Endpoints } from '#api/core/v1/endpoints.ts';
import type { Service } from '#api/core/v1/service.ts';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import type { Ingress } from '#api/networking/v1/ingress.ts';
import type { IngressClass } from '#api/networking/v1/ingressclass.ts';
import type { IPAddress } from '#api/networking/v1/ipaddress.ts';
import type { NetworkPolicy } from '#api/networking/v1/networkpolicy.ts';
import type { ServiceCIDR } from '#api/networking/v1/servicecidr.ts';
import { ageColumn, groupResource, joinMax, labelsText, nameColumn, selectorText } from './cells.ts';
import { column, kind, type KindColumns, wide } from './column.ts';

/** Addresses of a load balancer, each once, sorted. */
function balancerText(ingress: readonly { readonly ip?: string; readonly hostname?: string }[] | undefined): string {
  const addresses = (ingress ?? []).map((entry) => entry.ip || entry.hostname || '').filter((address) => address !== '');
  return [...new Set(addresses)].sort().join(',');
}

/** The address at which the outside reaches a Service. */
export function serviceExternalIP(service: Service): string {
  const external = service.spec?.externalIPs ?? [];
  switch (service.spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
      return external.length > 0 ? external.join(',') : '<none>';
    case 'LoadBalancer': {
      const balancer = balancerText(service.status?.loadBalancer?.ingress);
      return [balancer, ...external].filter((text) => text !== '').join(',') || '<pending>';
    }
    case 'ExternalName':
      return service.spec.externalName ?? '';
    default:
      return '<unknown>';
  }
}

/** `port[:nodePort]/protocol` of each port. */
export function servicePorts(service: Service): string {
  const ports = (service.spec?.ports ?? []).map((entry) => {
    return `${entry.port}${entry.nodePort ? `:${entry.nodePort}` : ''}/${entry.protocol ?? 'TCP'}`;
  });
  return ports.join(',') || '<none>';
}

const hostPort = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

/** `ip:port` of ready endpoints; addresses alone for headless Services without ports. */
export function endpointsText(endpoints: Endpoints): string {
  const entries = (endpoints.subsets ?? []).flatMap((subset) => {
    const addresses = (subset.addresses ?? []).map((address) => address.ip);
    if (!subset.ports?.length) return addresses;
    return subset.ports.flatMap((port) => addresses.map((ip) => hostPort(ip, port.port)));
  });
  return joinMax(entries) || '<none>';
}

function slicePorts(slice: EndpointSlice): string {
  return joinMax((slice.ports ?? []).map((port) => (port.port === undefined ? '*' : String(port.port)))) || '<unset>';
}

function ingressHosts(ingress: Ingress): string {
  return joinMax((ingress.spec?.rules ?? []).map((rule) => rule.host ?? '').filter((host) => host !== '')) || '*';
}

function classParameters(object: IngressClass): string {
  const parameters = object.spec?.parameters;
  return parameters === undefined ? '<none>' : `${groupResource(parameters.kind, parameters.apiGroup)}/${parameters.name}`;
}

function parentText(address: IPAddress): string {
  const parent = address.spec?.parentRef;
  if (parent === undefined) return '<none>';
  const path = parent.namespace ? `${parent.namespace}/${parent.name}` : parent.name;
  return `${groupResource(parent.resource ?? '', parent.group)}/${path}`;
}

const versions = (group: string, kindName: string): readonly string[] => [`${group}.v1.${kindName}`, `${group}.v1beta1.${kindName}`];

export const networkColumns: readonly KindColumns[] = [
  kind<Service>(
    'core.v1.Service',
    nameColumn,
    column('Type', (service) => service.spec?.type ?? '', { description: 'How the Service is exposed.' }),
    column('Cluster-IP', (service) => service.spec?.clusterIPs?.[0] || '<none>', { description: 'Virtual address inside the cluster.' }),
    column('External-IP', serviceExternalIP, { description: 'Address for clients outside the cluster.' }),
    column('Port(s)', servicePorts, { description: 'Ports, with the node port where there is one.' }),
    ageColumn,
    wide('Selector', (service) => labelsText(service.spec?.selector)),
  ),
  kind<Endpoints>('core.v1.Endpoints', nameColumn, column('Endpoints', endpointsText), ageColumn),
  kind<EndpointSlice>(
    'discovery.v1.EndpointSlice',
    nameColumn,
    column('AddressType', (slice) => slice.addressType),
    column('Ports', slicePorts),
    column('Endpoints', (slice) => joinMax((slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses)) || '<unset>'),
    ageColumn,
  ),
  kind<Ingress>(
    'networking.v1.Ingress',
    nameColumn,
    column('Class', (ingress) => ingress.spec?.ingressClassName ?? '<none>'),
    column('Hosts', ingressHosts),
    column('Address', (ingress) => balancerText(ingress.status?.loadBalancer?.ingress)),
    column('Ports', (ingress) => (ingress.spec?.tls?.length ? '80, 443' : '80')),
    ageColumn,
  ),
  kind<IngressClass>(
    'networking.v1.IngressClass',
    nameColumn,
    column('Controller', (object) => object.spec?.controller ?? ''),
    column('Parameters', classParameters),
    ageColumn,
  ),
  kind<NetworkPolicy>(
    'networking.v1.NetworkPolicy',
    nameColumn,
    column('Pod-Selector', (policy) => selectorText(policy.spec?.podSelector)),
    ageColumn,
  ),
  ...versions('networking', 'IPAddress').map((name) => kind<IPAddress>(name, nameColumn, column('ParentRef', parentText))),
  ...versions('networking', 'ServiceCIDR').map((name) =>
    kind<ServiceCIDR>(
      name,
      nameColumn,
      column('CIDRs', (object) => (object.spec?.cidrs ?? []).join(',')),
      ageColumn,
    ),
  ),
];
