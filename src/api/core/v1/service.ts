import { bool, type Infer, int32, intOrString, list, map, of, oneOf, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { Condition } from '#api/meta/v1/condition.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ClientIPConfig = struct('core.v1.ClientIPConfig', {
  timeoutSeconds: opt(1, int32, { ptr: true }),
});
export interface ClientIPConfig extends Infer<typeof ClientIPConfig> {}

export const PortStatus = struct('core.v1.PortStatus', {
  error: opt(3, string, { ptr: true }),
  port: req(1, int32, { emit: true }),
  protocol: req(2, oneOf('SCTP', 'TCP', 'UDP'), { emit: true }),
});
export interface PortStatus extends Infer<typeof PortStatus> {}

export const LoadBalancerIngress = struct('core.v1.LoadBalancerIngress', {
  hostname: opt(2, string),
  ip: opt(1, string),
  ipMode: opt(3, string, { ptr: true }),
  ports: opt(
    4,
    list(
      of<PortStatus>(() => PortStatus),
      'atomic',
    ),
  ),
});
export interface LoadBalancerIngress extends Infer<typeof LoadBalancerIngress> {}

export const LoadBalancerStatus = struct('core.v1.LoadBalancerStatus', {
  ingress: opt(
    1,
    list(
      of<LoadBalancerIngress>(() => LoadBalancerIngress),
      'atomic',
    ),
  ),
});
export interface LoadBalancerStatus extends Infer<typeof LoadBalancerStatus> {}

export const ServicePort = struct('core.v1.ServicePort', {
  appProtocol: opt(6, string, { ptr: true }),
  name: opt(1, string),
  nodePort: opt(5, int32),
  port: req(3, int32, { emit: true }),
  protocol: opt(2, oneOf('SCTP', 'TCP', 'UDP'), { default: 'TCP' }),
  targetPort: opt(4, intOrString, { emit: true }),
});
export interface ServicePort extends Infer<typeof ServicePort> {}

export const SessionAffinityConfig = struct('core.v1.SessionAffinityConfig', {
  clientIP: opt(
    1,
    of<ClientIPConfig>(() => ClientIPConfig),
  ),
});
export interface SessionAffinityConfig extends Infer<typeof SessionAffinityConfig> {}

export const ServiceSpec = struct('core.v1.ServiceSpec', {
  allocateLoadBalancerNodePorts: opt(20, bool, { ptr: true }),
  clusterIP: opt(3, string),
  clusterIPs: opt(18, list(string, 'atomic')),
  externalIPs: opt(5, list(string, 'atomic')),
  externalName: opt(10, string),
  externalTrafficPolicy: opt(11, oneOf('Cluster', 'Local')),
  healthCheckNodePort: opt(12, int32),
  internalTrafficPolicy: opt(22, oneOf('Cluster', 'Local'), { ptr: true }),
  ipFamilies: opt(19, list(oneOf('', 'IPv4', 'IPv6'), 'atomic')),
  ipFamilyPolicy: opt(17, oneOf('PreferDualStack', 'RequireDualStack', 'SingleStack'), { ptr: true }),
  loadBalancerClass: opt(21, string, { ptr: true }),
  loadBalancerIP: opt(8, string),
  loadBalancerSourceRanges: opt(9, list(string, 'atomic')),
  ports: opt(
    1,
    list(
      of<ServicePort>(() => ServicePort),
      'map',
      'port',
      'protocol',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'port' },
  ),
  publishNotReadyAddresses: opt(13, bool),
  selector: opt(2, map(string), { mapType: 'atomic' }),
  sessionAffinity: opt(7, oneOf('ClientIP', 'None')),
  sessionAffinityConfig: opt(
    14,
    of<SessionAffinityConfig>(() => SessionAffinityConfig),
  ),
  trafficDistribution: opt(23, string, { ptr: true }),
  type: opt(4, oneOf('ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort')),
});
export interface ServiceSpec extends Infer<typeof ServiceSpec> {}

export const ServiceStatus = struct('core.v1.ServiceStatus', {
  conditions: opt(
    2,
    list(
      of<Condition>(() => Condition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  loadBalancer: opt(
    1,
    of<LoadBalancerStatus>(() => LoadBalancerStatus),
    { emit: true },
  ),
});
export interface ServiceStatus extends Infer<typeof ServiceStatus> {}

export const Service = struct(
  'core.v1.Service',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    spec: opt(
      2,
      of<ServiceSpec>(() => ServiceSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<ServiceStatus>(() => ServiceStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'Service' }] },
);
export interface Service extends Root<Infer<typeof Service>, 'metadata' | 'spec' | 'status'> {}

export const ServiceList = struct(
  'core.v1.ServiceList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<Service>(() => Service)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'ServiceList' }] },
);
export interface ServiceList extends Root<Infer<typeof ServiceList>, 'metadata'> {}

export const ServiceProxyOptions = struct('core.v1.ServiceProxyOptions', {
  apiVersion: opt(0, string),
  kind: opt(0, string),
  path: opt(1, string),
});
export interface ServiceProxyOptions extends Infer<typeof ServiceProxyOptions> {}
