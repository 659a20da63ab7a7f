// Writes the roles and bindings that every cluster starts with, and repairs those that lost something.
import type { KubeObject } from '#api/object.ts';
import type { PolicyRule } from '#api/rbac/v1/common.ts';
import { ClusterRoleBindings, ClusterRoles, type ResourceRef, RoleBindings, Roles } from '#api/refs.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import { type BindingSpec, clusterRoleBindings, clusterRoles, type RoleSpec, systemRoleBindings, systemRoles } from './policy.ts';

const group = 'rbac.authorization.k8s.io';
const autoUpdate = `${group}/autoupdate`;
const meta = (name: string, namespace?: string, labels?: Readonly<Record<string, string>>) => ({
  name,
  ...(namespace ? { namespace } : {}),
  annotations: { [autoUpdate]: 'true' },
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
});

function roleObject(spec: RoleSpec): object {
  const { namespace } = spec;
  const aggregate = (spec.aggregate ?? []).map((name) => ({ matchLabels: { [`${group}/aggregate-to-${name}`]: 'true' } }));
  return {
    apiVersion: `${group}/v1`,
    kind: namespace ? 'Role' : 'ClusterRole',
    metadata: meta(spec.name, namespace, spec.labels),
    ...(aggregate.length ? { aggregationRule: { clusterRoleSelectors: aggregate } } : {}),
    rules: spec.rules,
  };
}

function bindingObject(spec: BindingSpec): object {
  const { namespace } = spec;
  return {
    apiVersion: `${group}/v1`,
    kind: namespace ? 'RoleBinding' : 'ClusterRoleBinding',
    metadata: meta(spec.name, namespace),
    roleRef: { apiGroup: group, kind: namespace ? 'Role' : 'ClusterRole', name: spec.role },
    subjects: spec.subjects.map((subject) => (subject.kind === 'ServiceAccount' ? subject : { apiGroup: group, ...subject })),
  };
}

/** The entries of `wanted` that `present` lacks, by content. */
export function missing<T>(present: readonly T[] | undefined, wanted: readonly T[]): T[] {
  const known = new Set((present ?? []).map(canonical));
  return wanted.filter((entry) => !known.has(canonical(entry)));
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, entry: unknown) =>
    typeof entry === 'object' && entry !== null && !Array.isArray(entry)
      ? Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)))
      : entry,
  );
}

type Lists = { readonly rules?: readonly PolicyRule[]; readonly subjects?: readonly object[]; readonly aggregationRule?: object };

/** What an existing object must become; undefined when nothing is missing or its owner said to leave it alone. */
export function repaired<T extends KubeObject & Lists>(present: T, wanted: Lists): T | undefined {
  if (present.metadata.annotations?.[autoUpdate] === 'false') return undefined;
  // The rules of aggregated roles belong to the aggregation controller.
  const rules = wanted.aggregationRule ? [] : missing(present.rules, wanted.rules ?? []);
  const subjects = missing(present.subjects, wanted.subjects ?? []);
  if (rules.length === 0 && subjects.length === 0) return undefined;
  return {
    ...present,
    ...(rules.length ? { rules: [...(present.rules ?? []), ...rules] } : {}),
    ...(subjects.length ? { subjects: [...(present.subjects ?? []), ...subjects] } : {}),
  };
}

async function ensure(client: Client, ref: ResourceRef, object: object): Promise<void> {
  const resource = client.resource(ref as ResourceRef<KubeObject & Lists>);
  const wanted = object as KubeObject & Lists;
  const { name, namespace } = wanted.metadata;
  const where = namespace ? { namespace } : {};
  try {
    const next = repaired(await resource.get(name, where), wanted);
    if (next !== undefined) await resource.update(next, where);
  } catch (error) {
    if (isNotFound(error)) await resource.create(wanted, where);
    else throw error;
  }
}

/** Brings the default roles and bindings about. The namespaces of the system must exist. Safe to run on several servers at once. */
export async function ensureBootstrapPolicy(client: Client): Promise<void> {
  const all: (readonly [ResourceRef, object])[] = [
    ...clusterRoles.map((spec) => [ClusterRoles, roleObject(spec)] as const),
    ...clusterRoleBindings.map((spec) => [ClusterRoleBindings, bindingObject(spec)] as const),
    ...systemRoles.map((spec) => [Roles, roleObject(spec)] as const),
    ...systemRoleBindings.map((spec) => [RoleBindings, bindingObject(spec)] as const),
  ];
  await Promise.all(
    all.map(async ([ref, object]) => {
      try {
        await ensure(client, ref, object);
      } catch (error) {
        // Another server was faster.
        if (!isAlreadyExists(error) && !isConflict(error)) throw error;
      }
    }),
  );
}
