import { type Infer, int32, intOrString, list, of, oneOf, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const IPBlock = struct('networking.v1.IPBlock', {
  cidr: req(1, string, { emit: true }),
  except: opt(2, list(string, 'atomic')),
});
export interface IPBlock extends Infer<typeof IPBlock> {}

export const NetworkPolicyPeer = struct('networking.v1.NetworkPolicyPeer', {
  ipBlock: opt(
    3,
    of<IPBlock>(() => IPBlock),
  ),
  namespaceSelector: opt(
    2,
    of<LabelSelector>(() => LabelSelector),
  ),
  podSelector: opt(
    1,
    of<LabelSelector>(() => LabelSelector),
  ),
});
export interface NetworkPolicyPeer extends Infer<typeof NetworkPolicyPeer> {}

export const NetworkPolicyPort = struct('networking.v1.NetworkPolicyPort', {
  endPort: opt(3, int32, { ptr: true }),
  port: opt(2, intOrString),
  protocol: opt(1, oneOf('SCTP', 'TCP', 'UDP'), { ptr: true }),
});
export interface NetworkPolicyPort extends Infer<typeof NetworkPolicyPort> {}

export const NetworkPolicyEgressRule = struct('networking.v1.NetworkPolicyEgressRule', {
  ports: opt(
    1,
    list(
      of<NetworkPolicyPort>(() => NetworkPolicyPort),
      'atomic',
    ),
  ),
  to: opt(
    2,
    list(
      of<NetworkPolicyPeer>(() => NetworkPolicyPeer),
      'atomic',
    ),
  ),
});
export interface NetworkPolicyEgressRule extends Infer<typeof NetworkPolicyEgressRule> {}

export const NetworkPolicyIngressRule = struct('networking.v1.NetworkPolicyIngressRule', {
  from: opt(
    2,
    list(
      of<NetworkPolicyPeer>(() => NetworkPolicyPeer),
      'atomic',
    ),
  ),
  ports: opt(
    1,
    list(
      of<NetworkPolicyPort>(() => NetworkPolicyPort),
      'atomic',
    ),
  ),
});
export interface NetworkPolicyIngressRule extends Infer<typeof NetworkPolicyIngressRule> {}

export const NetworkPolicySpec = struct('networking.v1.NetworkPolicySpec', {
  egress: opt(
    3,
    list(
      of<NetworkPolicyEgressRule>(() => NetworkPolicyEgressRule),
      'atomic',
    ),
  ),
  ingress: opt(
    2,
    list(
      of<NetworkPolicyIngressRule>(() => NetworkPolicyIngressRule),
      'atomic',
    ),
  ),
  podSelector: opt(
    1,
    of<LabelSelector>(() => LabelSelector),
    { emit: true },
  ),
  policyTypes: opt(4, list(oneOf('Egress', 'Ingress'), 'atomic')),
});
export interface NetworkPolicySpec extends Infer<typeof NetworkPolicySpec> {}

export const NetworkPolicy = struct(
  'networking.v1.NetworkPolicy',
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
      of<NetworkPolicySpec>(() => NetworkPolicySpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'networking.k8s.io', version: 'v1', kind: 'NetworkPolicy' }] },
);
export interface NetworkPolicy extends Root<Infer<typeof NetworkPolicy>, 'metadata' | 'spec'> {}

export const NetworkPolicyList = struct(
  'networking.v1.NetworkPolicyList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<NetworkPolicy>(() => NetworkPolicy)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'networking.k8s.io', version: 'v1', kind: 'NetworkPolicyList' }] },
);
export interface NetworkPolicyList extends Root<Infer<typeof NetworkPolicyList>, 'metadata'> {}
