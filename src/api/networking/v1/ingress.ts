import { type Infer, int32, list, of, oneOf, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { TypedLocalObjectReference } from '#api/core/v1/reference.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ServiceBackendPort = struct(
  'networking.v1.ServiceBackendPort',
  {
    name: opt(1, string),
    number: opt(2, int32),
  },
  { mapType: 'atomic' },
);
export interface ServiceBackendPort extends Infer<typeof ServiceBackendPort> {}

export const IngressServiceBackend = struct('networking.v1.IngressServiceBackend', {
  name: req(1, string, { emit: true }),
  port: opt(
    2,
    of<ServiceBackendPort>(() => ServiceBackendPort),
    { emit: true },
  ),
});
export interface IngressServiceBackend extends Infer<typeof IngressServiceBackend> {}

export const IngressBackend = struct('networking.v1.IngressBackend', {
  resource: opt(
    3,
    of<TypedLocalObjectReference>(() => TypedLocalObjectReference),
  ),
  service: opt(
    4,
    of<IngressServiceBackend>(() => IngressServiceBackend),
  ),
});
export interface IngressBackend extends Infer<typeof IngressBackend> {}

export const HTTPIngressPath = struct('networking.v1.HTTPIngressPath', {
  backend: req(
    2,
    of<IngressBackend>(() => IngressBackend),
    { emit: true },
  ),
  path: opt(1, string),
  pathType: req(3, oneOf('Exact', 'ImplementationSpecific', 'Prefix'), { ptr: true }),
});
export interface HTTPIngressPath extends Infer<typeof HTTPIngressPath> {}

export const HTTPIngressRuleValue = struct('networking.v1.HTTPIngressRuleValue', {
  paths: req(
    1,
    list(
      of<HTTPIngressPath>(() => HTTPIngressPath),
      'atomic',
    ),
    { emit: true },
  ),
});
export interface HTTPIngressRuleValue extends Infer<typeof HTTPIngressRuleValue> {}

export const IngressRule = struct('networking.v1.IngressRule', {
  host: opt(1, string),
  http: opt(
    1,
    of<HTTPIngressRuleValue>(() => HTTPIngressRuleValue),
    { via: [2] },
  ),
});
export interface IngressRule extends Infer<typeof IngressRule> {}

export const IngressTLS = struct('networking.v1.IngressTLS', {
  hosts: opt(1, list(string, 'atomic')),
  secretName: opt(2, string),
});
export interface IngressTLS extends Infer<typeof IngressTLS> {}

export const IngressSpec = struct('networking.v1.IngressSpec', {
  defaultBackend: opt(
    1,
    of<IngressBackend>(() => IngressBackend),
  ),
  ingressClassName: opt(4, string, { ptr: true }),
  rules: opt(
    3,
    list(
      of<IngressRule>(() => IngressRule),
      'atomic',
    ),
  ),
  tls: opt(
    2,
    list(
      of<IngressTLS>(() => IngressTLS),
      'atomic',
    ),
  ),
});
export interface IngressSpec extends Infer<typeof IngressSpec> {}

export const IngressPortStatus = struct('networking.v1.IngressPortStatus', {
  error: opt(3, string, { ptr: true }),
  port: req(1, int32, { emit: true }),
  protocol: req(2, oneOf('SCTP', 'TCP', 'UDP'), { emit: true }),
});
export interface IngressPortStatus extends Infer<typeof IngressPortStatus> {}

export const IngressLoadBalancerIngress = struct('networking.v1.IngressLoadBalancerIngress', {
  hostname: opt(2, string),
  ip: opt(1, string),
  ports: opt(
    4,
    list(
      of<IngressPortStatus>(() => IngressPortStatus),
      'atomic',
    ),
  ),
});
export interface IngressLoadBalancerIngress extends Infer<typeof IngressLoadBalancerIngress> {}

export const IngressLoadBalancerStatus = struct('networking.v1.IngressLoadBalancerStatus', {
  ingress: opt(
    1,
    list(
      of<IngressLoadBalancerIngress>(() => IngressLoadBalancerIngress),
      'atomic',
    ),
  ),
});
export interface IngressLoadBalancerStatus extends Infer<typeof IngressLoadBalancerStatus> {}

export const IngressStatus = struct('networking.v1.IngressStatus', {
  loadBalancer: opt(
    1,
    of<IngressLoadBalancerStatus>(() => IngressLoadBalancerStatus),
    { emit: true },
  ),
});
export interface IngressStatus extends Infer<typeof IngressStatus> {}

export const Ingress = struct(
  'networking.v1.Ingress',
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
      of<IngressSpec>(() => IngressSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<IngressStatus>(() => IngressStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'networking.k8s.io', version: 'v1', kind: 'Ingress' }] },
);
export interface Ingress extends Root<Infer<typeof Ingress>, 'metadata' | 'spec' | 'status'> {}

export const IngressList = struct(
  'networking.v1.IngressList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<Ingress>(() => Ingress)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'networking.k8s.io', version: 'v1', kind: 'IngressList' }] },
);
export interface IngressList extends Root<Infer<typeof IngressList>, 'metadata'> {}
