// Nobody gives away rights that they do not have: roles and bindings are held against what their writer may do.
import type { Backend } from '../chain.ts';
import type { PolicyRule, RoleRef } from '#api/rbac/v1/common.ts';
import type { KubeObject } from '#api/object.ts';
import { ClusterRoles, Roles } from '#api/refs.ts';
import { forbidden } from '#api/status.ts';
import { createRbac, type Rbac } from '../authz/rbac.ts';
import { ruleAllows } from '../authz/rules.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

const group = 'rbac.authorization.k8s.io';
const kinds = new Set(['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings']);
const everything: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

type RbacObject = KubeObject & { readonly rules?: readonly PolicyRule[]; readonly aggregationRule?: object; readonly roleRef?: RoleRef };

/** One rule over roles and bindings for each server. */
const rbacs = new WeakMap<Backend, Rbac>();

function rbacOf(backend: Backend): Rbac {
  let rbac = rbacs.get(backend);
  if (!rbac) rbacs.set(backend, (rbac = createRbac(backend)));
  return rbac;
}

/** The smallest rules that say the same. */
function* single(rule: PolicyRule): Iterable<PolicyRule> {
  for (const verb of rule.verbs ?? []) {
    for (const url of rule.nonResourceURLs ?? []) yield { nonResourceURLs: [url], verbs: [verb] };
    for (const apiGroup of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        if (!rule.resourceNames?.length) yield { apiGroups: [apiGroup], resources: [resource], verbs: [verb] };
        for (const name of rule.resourceNames ?? [])
          yield { apiGroups: [apiGroup], resources: [resource], resourceNames: [name], verbs: [verb] };
      }
    }
  }
}

const list = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;

/** Rules in the short form of refusals; verbs on the same things together. */
function compact(rules: readonly PolicyRule[]): string {
  const verbs = new Map<string, string[]>();
  for (const { apiGroups, resources, nonResourceURLs, resourceNames, verbs: [verb = ''] = [] } of rules) {
    const parts = Object.entries({
      APIGroups: apiGroups,
      Resources: resources,
      NonResourceURLs: nonResourceURLs,
      ResourceNames: resourceNames,
    });
    const key = parts.flatMap(([name, values]) => (values?.length ? [`${name}:${list(values)}`] : [])).join(', ');
    verbs.set(key, [...(verbs.get(key) ?? []), verb]);
  }
  return [...verbs]
    .map(([key, names]) => `{${key}, Verbs:${list(names)}}`)
    .sort()
    .join('\n');
}

/** What of the rules the writer does not hold in the namespace. */
function missing({ ctx }: AdmissionAttributes, rules: readonly PolicyRule[], namespace: string): PolicyRule[] {
  const held = [...rbacOf(ctx.backend).rulesFor(ctx.user, namespace)].flatMap((source) => source.rules);
  return rules
    .flatMap((rule) => [...single(rule)])
    .filter((wanted) => {
      const [resource = '', subresource = ''] = (wanted.resources?.[0] ?? '').split('/');
      const path = wanted.nonResourceURLs?.[0];
      const attributes = {
        user: ctx.user,
        verb: wanted.verbs?.[0] ?? '',
        isResource: path === undefined,
        group: wanted.apiGroups?.[0] ?? '',
        version: '',
        resource,
        subresource,
        namespace,
        name: wanted.resourceNames?.[0] ?? '',
        path: path ?? '',
      };
      return !held.some((rule) => ruleAllows(rule, attributes));
    });
}

async function may({ ctx }: AdmissionAttributes, verb: string, resource: string, namespace: string, name: string): Promise<boolean> {
  const asked = { user: ctx.user, verb, isResource: true, group, version: 'v1', resource, subresource: '', namespace, name, path: '' };
  return (await ctx.backend.authorizer.authorize(asked)).decision === 'allow';
}

const given = ({ rules, aggregationRule, roleRef }: RbacObject & { subjects?: unknown }, subjects: unknown): string =>
  JSON.stringify([rules ?? [], aggregationRule, roleRef, subjects]);

/** Refuses roles and bindings that would give more than their writer has, unless the writer may `escalate` or `bind`. */
export const escalation: AdmissionPlugin = {
  name: 'RBACEscalation',
  handles: (row, operation, subresource) =>
    row.group === group && kinds.has(row.resource) && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
  async validate(attributes) {
    const { row, ctx, namespace, oldObject } = attributes;
    const object = attributes.object as RbacObject & { subjects?: unknown };
    const old = oldObject as typeof object | undefined;
    if (old && given(old, old.subjects) === given(object, object.subjects)) return;
    const { name } = object.metadata;
    let wanted: readonly PolicyRule[];
    if (object.roleRef) {
      const { kind, name: role } = object.roleRef;
      const cluster = kind === 'ClusterRole';
      if (await may(attributes, 'bind', cluster ? 'clusterroles' : 'roles', namespace, role)) return;
      wanted = (cluster ? await ctx.backend.get(ClusterRoles, role) : await ctx.backend.get(Roles, role, namespace)).rules ?? [];
    } else {
      if (await may(attributes, 'escalate', row.resource, namespace, name)) return;
      wanted = [...(object.rules ?? []), ...(object.aggregationRule ? everything : [])];
    }
    const lacking = missing(attributes, wanted, namespace);
    if (lacking.length === 0) return;
    const who = `user ${JSON.stringify(ctx.user.name)} (groups=${list(ctx.user.groups)})`;
    throw forbidden(
      { group, resource: row.resource },
      name,
      `${who} is attempting to grant RBAC permissions not currently held:\n${compact(lacking)}`,
    );
  },
};
