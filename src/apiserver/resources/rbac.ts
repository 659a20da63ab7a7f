import { ClusterRole } from '#api/rbac/v1/clusterrole.ts';
import { ClusterRoleBinding } from '#api/rbac/v1/clusterrolebinding.ts';
import { Role } from '#api/rbac/v1/role.ts';
import { RoleBinding } from '#api/rbac/v1/rolebinding.ts';
import { all, type ResourceRow, row } from './row.ts';

export const rbacRows: readonly ResourceRow[] = [
  row({
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    resource: 'clusterrolebindings',
    kind: 'ClusterRoleBinding',
    singular: 'clusterrolebinding',
    namespaced: false,
    verbs: all,
    struct: ClusterRoleBinding,
    storageVersionHash: '48tpQ8gZHFc=',
    fieldSelectors: ['metadata.name'],
    createOnUpdate: true,
  }),
  row({
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    resource: 'clusterroles',
    kind: 'ClusterRole',
    singular: 'clusterrole',
    namespaced: false,
    verbs: all,
    struct: ClusterRole,
    storageVersionHash: 'bYE5ZWDrJ44=',
    fieldSelectors: ['metadata.name'],
    createOnUpdate: true,
  }),
  row({
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    resource: 'rolebindings',
    kind: 'RoleBinding',
    singular: 'rolebinding',
    namespaced: true,
    verbs: all,
    struct: RoleBinding,
    storageVersionHash: 'eGsCzGH6b1g=',
    fieldSelectors: ['metadata.name', 'metadata.namespace'],
    createOnUpdate: true,
  }),
  row({
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    resource: 'roles',
    kind: 'Role',
    singular: 'role',
    namespaced: true,
    verbs: all,
    struct: Role,
    storageVersionHash: '7FuwZcIIItM=',
    fieldSelectors: ['metadata.name', 'metadata.namespace'],
    createOnUpdate: true,
  }),
];
