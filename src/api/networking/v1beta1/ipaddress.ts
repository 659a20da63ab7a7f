import { type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ParentReference = struct('networking.v1beta1.ParentReference', {
  group: opt(1, string),
  name: req(4, string),
  namespace: opt(3, string),
  resource: req(2, string),
});
export interface ParentReference extends Infer<typeof ParentReference> {}

export const IPAddressSpec = struct('networking.v1beta1.IPAddressSpec', {
  parentRef: req(
    1,
    of<ParentReference>(() => ParentReference),
  ),
});
export interface IPAddressSpec extends Infer<typeof IPAddressSpec> {}

export const IPAddress = struct(
  'networking.v1beta1.IPAddress',
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
      of<IPAddressSpec>(() => IPAddressSpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'networking.k8s.io', version: 'v1beta1', kind: 'IPAddress' }] },
);
export interface IPAddress extends Root<Infer<typeof IPAddress>, 'metadata' | 'spec'> {}

export const IPAddressList = struct(
  'networking.v1beta1.IPAddressList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<IPAddress>(() => IPAddress)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'networking.k8s.io', version: 'v1beta1', kind: 'IPAddressList' }] },
);
export interface IPAddressList extends Root<Infer<typeof IPAddressList>, 'metadata'> {}
