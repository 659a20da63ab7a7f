import { bool, type Infer, list, of, opt, req, string, struct } from '#api/dsl.ts';

export const GroupVersionForDiscovery = struct('meta.v1.GroupVersionForDiscovery', {
  groupVersion: req(1, string, { emit: true }),
  version: req(2, string, { emit: true }),
});
export interface GroupVersionForDiscovery extends Infer<typeof GroupVersionForDiscovery> {}

export const ServerAddressByClientCIDR = struct('meta.v1.ServerAddressByClientCIDR', {
  clientCIDR: req(1, string, { emit: true }),
  serverAddress: req(2, string, { emit: true }),
});
export interface ServerAddressByClientCIDR extends Infer<typeof ServerAddressByClientCIDR> {}

export const APIGroup = struct(
  'meta.v1.APIGroup',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    name: req(1, string, { emit: true }),
    preferredVersion: opt(
      3,
      of<GroupVersionForDiscovery>(() => GroupVersionForDiscovery),
      { emit: true },
    ),
    serverAddressByClientCIDRs: opt(
      4,
      list(
        of<ServerAddressByClientCIDR>(() => ServerAddressByClientCIDR),
        'atomic',
      ),
    ),
    versions: req(
      2,
      list(
        of<GroupVersionForDiscovery>(() => GroupVersionForDiscovery),
        'atomic',
      ),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'APIGroup' }] },
);
export interface APIGroup extends Infer<typeof APIGroup> {}

export const APIGroupList = struct(
  'meta.v1.APIGroupList',
  {
    apiVersion: opt(0, string),
    groups: req(
      1,
      list(
        of<APIGroup>(() => APIGroup),
        'atomic',
      ),
      { emit: true },
    ),
    kind: opt(0, string),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'APIGroupList' }] },
);
export interface APIGroupList extends Infer<typeof APIGroupList> {}

export const APIResource = struct('meta.v1.APIResource', {
  categories: opt(7, list(string, 'atomic')),
  group: opt(8, string),
  kind: req(3, string, { emit: true }),
  name: req(1, string, { emit: true }),
  namespaced: req(2, bool, { emit: true }),
  shortNames: opt(5, list(string, 'atomic')),
  singularName: req(6, string, { emit: true }),
  storageVersionHash: opt(10, string),
  verbs: req(4, list(string), { emit: true, boxed: true }),
  version: opt(9, string),
});
export interface APIResource extends Infer<typeof APIResource> {}

export const APIResourceList = struct(
  'meta.v1.APIResourceList',
  {
    apiVersion: opt(0, string),
    groupVersion: req(1, string, { emit: true }),
    kind: opt(0, string),
    resources: req(
      2,
      list(
        of<APIResource>(() => APIResource),
        'atomic',
      ),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'APIResourceList' }] },
);
export interface APIResourceList extends Infer<typeof APIResourceList> {}

export const APIVersions = struct(
  'meta.v1.APIVersions',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    serverAddressByClientCIDRs: req(
      2,
      list(
        of<ServerAddressByClientCIDR>(() => ServerAddressByClientCIDR),
        'atomic',
      ),
      { emit: true },
    ),
    versions: req(1, list(string, 'atomic'), { emit: true }),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'APIVersions' }] },
);
export interface APIVersions extends Infer<typeof APIVersions> {}

export const GroupResource = struct('meta.v1.GroupResource', {
  group: req(1, string, { emit: true }),
  resource: req(2, string, { emit: true }),
});
export interface GroupResource extends Infer<typeof GroupResource> {}

export const GroupVersionKind = struct('meta.v1.GroupVersionKind', {
  group: req(1, string, { emit: true }),
  kind: req(3, string, { emit: true }),
  version: req(2, string, { emit: true }),
});
export interface GroupVersionKind extends Infer<typeof GroupVersionKind> {}

export const GroupVersionResource = struct('meta.v1.GroupVersionResource', {
  group: req(1, string, { emit: true }),
  resource: req(3, string, { emit: true }),
  version: req(2, string, { emit: true }),
});
export interface GroupVersionResource extends Infer<typeof GroupVersionResource> {}
