import { type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { RoleRef, Subject } from '#api/rbac/v1/common.ts';

export const RoleBinding = struct(
  'rbac.v1.RoleBinding',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    roleRef: req(
      3,
      of<RoleRef>(() => RoleRef),
      { emit: true },
    ),
    subjects: opt(
      2,
      list(
        of<Subject>(() => Subject),
        'atomic',
      ),
    ),
  },
  { gvk: [{ group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'RoleBinding' }] },
);
export interface RoleBinding extends Root<Infer<typeof RoleBinding>, 'metadata'> {}

export const RoleBindingList = struct(
  'rbac.v1.RoleBindingList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<RoleBinding>(() => RoleBinding)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'RoleBindingList' }] },
);
export interface RoleBindingList extends Root<Infer<typeof RoleBindingList>, 'metadata'> {}
