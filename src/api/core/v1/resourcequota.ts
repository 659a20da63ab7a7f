import { type Infer, list, map, of, oneOf, opt, quantity, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ScopedResourceSelectorRequirement = struct('core.v1.ScopedResourceSelectorRequirement', {
  operator: req(2, oneOf('DoesNotExist', 'Exists', 'In', 'NotIn'), { emit: true }),
  scopeName: req(
    1,
    oneOf(
      'BestEffort',
      'CrossNamespacePodAffinity',
      'NotBestEffort',
      'NotTerminating',
      'PriorityClass',
      'Terminating',
      'VolumeAttributesClass',
    ),
    { emit: true },
  ),
  values: opt(3, list(string, 'atomic')),
});
export interface ScopedResourceSelectorRequirement extends Infer<typeof ScopedResourceSelectorRequirement> {}

export const ScopeSelector = struct(
  'core.v1.ScopeSelector',
  {
    matchExpressions: opt(
      1,
      list(
        of<ScopedResourceSelectorRequirement>(() => ScopedResourceSelectorRequirement),
        'atomic',
      ),
    ),
  },
  { mapType: 'atomic' },
);
export interface ScopeSelector extends Infer<typeof ScopeSelector> {}

export const ResourceQuotaSpec = struct('core.v1.ResourceQuotaSpec', {
  hard: opt(1, map(quantity)),
  scopeSelector: opt(
    3,
    of<ScopeSelector>(() => ScopeSelector),
  ),
  scopes: opt(
    2,
    list(
      oneOf(
        'BestEffort',
        'CrossNamespacePodAffinity',
        'NotBestEffort',
        'NotTerminating',
        'PriorityClass',
        'Terminating',
        'VolumeAttributesClass',
      ),
      'atomic',
    ),
  ),
});
export interface ResourceQuotaSpec extends Infer<typeof ResourceQuotaSpec> {}

export const ResourceQuotaStatus = struct('core.v1.ResourceQuotaStatus', {
  hard: opt(1, map(quantity)),
  used: opt(2, map(quantity)),
});
export interface ResourceQuotaStatus extends Infer<typeof ResourceQuotaStatus> {}

export const ResourceQuota = struct(
  'core.v1.ResourceQuota',
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
      of<ResourceQuotaSpec>(() => ResourceQuotaSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<ResourceQuotaStatus>(() => ResourceQuotaStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'ResourceQuota' }] },
);
export interface ResourceQuota extends Root<Infer<typeof ResourceQuota>, 'metadata' | 'spec' | 'status'> {}

export const ResourceQuotaList = struct(
  'core.v1.ResourceQuotaList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ResourceQuota>(() => ResourceQuota)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'ResourceQuotaList' }] },
);
export interface ResourceQuotaList extends Root<Infer<typeof ResourceQuotaList>, 'metadata'> {}
