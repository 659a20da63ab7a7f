// Defaults and validation of roles, bindings.
import { checkFormat } from '#api/checks.ts';
import { type FieldError, invalid, notSupported, required } from '#api/fielderror.ts';
import { dns1123Subdomain, pathSegment } from '#api/formats.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { type Mutable, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { ClusterRole } from './clusterrole.ts';
import { ClusterRoleBinding } from './clusterrolebinding.ts';
import { type PolicyRule, type RoleRef, Subject } from './common.ts';
import { Role } from './role.ts';
import { RoleBinding } from './rolebinding.ts';

const rbacGroup = 'rbac.authorization.k8s.io';

function checkRules(rules: readonly PolicyRule[], namespaced: boolean, errors: FieldError[]): void {
  for (const [index, rule] of rules.entries()) {
    const at = `rules[${index}]`;
    if (rule.verbs.length === 0) errors.push(required(`${at}.verbs`, 'verbs must contain at least one value'));
    if (rule.nonResourceURLs?.length) {
      if (namespaced)
        errors.push(invalid(`${at}.nonResourceURLs`, rule.nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
      if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
        errors.push(
          invalid(`${at}.nonResourceURLs`, rule.nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'),
        );
      }
      continue;
    }
    if (!rule.apiGroups?.length) errors.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
    if (!rule.resources?.length) errors.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
  }
}

function checkRoleRef(ref: RoleRef, kinds: readonly string[], errors: FieldError[]): void {
  if (ref.apiGroup !== rbacGroup) errors.push(notSupported('roleRef.apiGroup', ref.apiGroup, [rbacGroup]));
  if (!kinds.includes(ref.kind)) errors.push(notSupported('roleRef.kind', ref.kind, kinds));
  if (ref.name === '') errors.push(required('roleRef.name'));
  else checkFormat(pathSegment, ref.name, 'roleRef.name', errors);
}

function refFixed(next: { readonly roleRef: RoleRef }, previous: { readonly roleRef: RoleRef }, errors: FieldError[]): void {
  if (!semanticEqual(next.roleRef, previous.roleRef)) errors.push(invalid('roleRef', next.roleRef, 'cannot change roleRef'));
}

function defaultRef(binding: { roleRef: Mutable<RoleRef> }): void {
  binding.roleRef.apiGroup ||= rbacGroup;
}

export const rbacRules: readonly TypeRules[] = [
  typeRules<Role>(Role, {
    name: pathSegment,
    object: (role, errors) => checkRules(role.rules ?? [], true, errors),
  }),
  typeRules<ClusterRole>(ClusterRole, {
    name: pathSegment,
    object(role, errors) {
      checkRules(role.rules ?? [], false, errors);
      if (role.aggregationRule && !role.aggregationRule.clusterRoleSelectors?.length) {
        errors.push(
          required('aggregationRule.clusterRoleSelectors', 'at least one clusterRoleSelector required if aggregationRule is non-nil'),
        );
      }
    },
  }),
  typeRules<RoleBinding>(RoleBinding, {
    name: pathSegment,
    defaults: defaultRef,
    object: (binding, errors) => checkRoleRef(binding.roleRef, ['ClusterRole', 'Role'], errors),
    update: refFixed,
  }),
  typeRules<ClusterRoleBinding>(ClusterRoleBinding, {
    name: pathSegment,
    defaults: defaultRef,
    object(binding, errors) {
      checkRoleRef(binding.roleRef, ['ClusterRole'], errors);
      for (const [index, subject] of (binding.subjects ?? []).entries()) {
        if (subject.kind === 'ServiceAccount' && !subject.namespace) errors.push(required(`subjects[${index}].namespace`));
      }
    },
    update: refFixed,
  }),
  typeRules<Subject>(Subject, {
    defaults(subject) {
      if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ??= rbacGroup;
    },
    check(subject, at, errors) {
      if (subject.name === '') errors.push(required(`${at}.name`));
      switch (subject.kind) {
        case 'ServiceAccount':
          if (subject.name !== '') checkFormat(dns1123Subdomain, subject.name, `${at}.name`, errors);
          if (subject.apiGroup) errors.push(notSupported(`${at}.apiGroup`, subject.apiGroup, ['']));
          break;
        case 'User':
        case 'Group':
          if (subject.apiGroup !== rbacGroup) errors.push(notSupported(`${at}.apiGroup`, subject.apiGroup ?? '', [rbacGroup]));
          break;
        default:
          errors.push(notSupported(`${at}.kind`, subject.kind, ['Group', 'ServiceAccount', 'User']));
      }
    },
  }),
];
