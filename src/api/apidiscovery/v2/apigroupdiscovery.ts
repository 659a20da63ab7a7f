import { type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { GroupVersionKind } from '#api/meta/v1/discovery.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const APISubresourceDiscovery = struct('apidiscovery.v2.APISubresourceDiscovery', {
  acceptedTypes: opt(
    3,
    list(
      of<GroupVersionKind>(() => GroupVersionKind),
      'map',
      'group',
      'version',
      'kind',
    ),
  ),
  responseKind: opt(
    2,
    of<GroupVersionKind>(() => GroupVersionKind),
  ),
  subresource: req(1, string, { emit: true }),
  verbs: req(4, list(string, 'set'), { emit: true }),
});
export interface APISubresourceDiscovery extends Infer<typeof APISubresourceDiscovery> {}

export const APIResourceDiscovery = struct('apidiscovery.v2.APIResourceDiscovery', {
  categories: opt(7, list(string, 'set')),
  resource: req(1, string, { emit: true }),
  responseKind: opt(
    2,
    of<GroupVersionKind>(() => GroupVersionKind),
  ),
  scope: req(3, string, { emit: true }),
  shortNames: opt(6, list(string, 'set')),
  singularResource: req(4, string, { emit: true }),
  subresources: opt(
    8,
    list(
      of<APISubresourceDiscovery>(() => APISubresourceDiscovery),
      'map',
      'subresource',
    ),
  ),
  verbs: req(5, list(string, 'set'), { emit: true }),
});
export interface APIResourceDiscovery extends Infer<typeof APIResourceDiscovery> {}

export const APIVersionDiscovery = struct('apidiscovery.v2.APIVersionDiscovery', {
  freshness: opt(3, string),
  resources: opt(
    2,
    list(
      of<APIResourceDiscovery>(() => APIResourceDiscovery),
      'map',
      'resource',
    ),
  ),
  version: req(1, string, { emit: true }),
});
export interface APIVersionDiscovery extends Infer<typeof APIVersionDiscovery> {}

export const APIGroupDiscovery = struct('apidiscovery.v2.APIGroupDiscovery', {
  apiVersion: opt(0, string),
  kind: opt(0, string),
  metadata: opt(
    1,
    of<ObjectMeta>(() => ObjectMeta),
    { emit: true },
  ),
  versions: opt(
    2,
    list(
      of<APIVersionDiscovery>(() => APIVersionDiscovery),
      'map',
      'version',
    ),
  ),
});
export interface APIGroupDiscovery extends Root<Infer<typeof APIGroupDiscovery>, 'metadata'> {}

export const APIGroupDiscoveryList = struct('apidiscovery.v2.APIGroupDiscoveryList', {
  apiVersion: opt(0, string),
  items: req(2, list(of<APIGroupDiscovery>(() => APIGroupDiscovery)), { emit: true }),
  kind: opt(0, string),
  metadata: opt(
    1,
    of<ListMeta>(() => ListMeta),
    { emit: true },
  ),
});
export interface APIGroupDiscoveryList extends Root<Infer<typeof APIGroupDiscoveryList>, 'metadata'> {}
