import { type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';
import { PolicyRule } from '#api/rbac/v1/common.ts';

export const AggregationRule = struct('rbac.v1.AggregationRule', {
  clusterRoleSelectors: opt(
    1,
    list(
      of<LabelSelector>(() => LabelSelector),
      'atomic',
    ),
  ),
});
export interface AggregationRule extends Infer<typeof AggregationRule> {}

export const ClusterRole = struct(
  'rbac.v1.ClusterRole',
  {
    aggregationRule: opt(
      3,
      of<AggregationRule>(() => AggregationRule),
    ),
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    rules: opt(
      2,
      list(
        of<PolicyRule>(() => PolicyRule),
        'atomic',
      ),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'ClusterRole' }] },
);
export interface ClusterRole extends Root<Infer<typeof ClusterRole>, 'metadata'> {}

export const ClusterRoleList = struct(
  'rbac.v1.ClusterRoleList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ClusterRole>(() => ClusterRole)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'ClusterRoleList' }] },
);
export interface ClusterRoleList extends Root<Infer<typeof ClusterRoleList>, 'metadata'> {}
