import { type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { Condition } from '#api/meta/v1/condition.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ServiceCIDRSpec = struct('networking.v1beta1.ServiceCIDRSpec', {
  cidrs: opt(1, list(string, 'atomic')),
});
export interface ServiceCIDRSpec extends Infer<typeof ServiceCIDRSpec> {}

export const ServiceCIDRStatus = struct('networking.v1beta1.ServiceCIDRStatus', {
  conditions: opt(
    1,
    list(
      of<Condition>(() => Condition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
});
export interface ServiceCIDRStatus extends Infer<typeof ServiceCIDRStatus> {}

export const ServiceCIDR = struct(
  'networking.v1beta1.ServiceCIDR',
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
      of<ServiceCIDRSpec>(() => ServiceCIDRSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<ServiceCIDRStatus>(() => ServiceCIDRStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'networking.k8s.io', version: 'v1beta1', kind: 'ServiceCIDR' }] },
);
export interface ServiceCIDR extends Root<Infer<typeof ServiceCIDR>, 'metadata' | 'spec' | 'status'> {}

export const ServiceCIDRList = struct(
  'networking.v1beta1.ServiceCIDRList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ServiceCIDR>(() => ServiceCIDR)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'networking.k8s.io', version: 'v1beta1', kind: 'ServiceCIDRList' }] },
);
export interface ServiceCIDRList extends Root<Infer<typeof ServiceCIDRList>, 'metadata'> {}
