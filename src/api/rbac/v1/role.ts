import { type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { PolicyRule } from '#api/rbac/v1/common.ts';

export const Role = struct(
  'rbac.v1.Role',
  {
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
  { gvk: [{ group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'Role' }] },
);
export interface Role extends Root<Infer<typeof Role>, 'metadata'> {}

export const RoleList = struct(
  'rbac.v1.RoleList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<Role>(() => Role)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'RoleList' }] },
);
export interface RoleList extends Root<Infer<typeof RoleList>, 'metadata'> {}
