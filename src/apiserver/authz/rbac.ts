// Role-based access control: who may do what is what Roles say and bindings give.
import type { KubeObject } from '#api/object.ts';
import type { ClusterRoleBinding } from '#api/rbac/v1/clusterrolebinding.ts';
import type { PolicyRule, RoleRef } from '#api/rbac/v1/common.ts';
import { ClusterRoleBindings, ClusterRoles, type ResourceRef, RoleBindings, Roles } from '#api/refs.ts';
import type { UserInfo } from '#client/transport.ts';
import type { Authorizer, AuthzAttributes, Backend } from '../chain.ts';
import { type Binding, BindingIndex, type Grant } from './bindings.ts';
import { ruleAllows } from './rules.ts';

type Reads = Pick<Backend, 'peek' | 'list' | 'onChange'>;

/** Texts of grants that have been used: most requests are allowed by the same few. */
const told = new WeakMap<Grant, string>();

function describe(grant: Grant): string {
  let text = told.get(grant);
  if (text === undefined) told.set(grant, (text = worded(grant)));
  return text;
}

function worded({ binding, namespace, subject }: Grant): string {
  const q = JSON.stringify;
  const kind = namespace ? 'RoleBinding' : 'ClusterRoleBinding';
  const name = namespace ? `${binding.metadata.name}/${namespace}` : binding.metadata.name;
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace ?? ''}` : subject.name;
  return `RBAC: allowed by ${kind} ${q(name)} of ${binding.roleRef.kind} ${q(binding.roleRef.name)} to ${subject.kind} ${q(who)}`;
}

export interface RuleSource {
  readonly rules: readonly PolicyRule[];
  readonly describe: () => string;
}

export interface Rbac extends Authorizer {
  /** Everything that a user may do in a namespace (empty: at cluster scope), binding by binding. */
  rulesFor(user: UserInfo, namespace: string): Iterable<RuleSource>;
}

/** The authorizer over the server's own watch caches. */
export function createRbac(reads: Reads): Rbac {
  let index: BindingIndex | undefined;
  const watched: readonly ResourceRef[] = [ClusterRoleBindings, RoleBindings];
  for (const ref of watched) {
    const changed = (object: KubeObject, type: string): void => {
      if (type === 'DELETED') index?.delete(object as Binding);
      else index?.set(object as Binding);
    };
    reads.onChange(ref, changed, () => {
      index = undefined;
    });
  }
  const currentIndex = (): BindingIndex =>
    (index ??= new BindingIndex([...reads.list<ClusterRoleBinding & KubeObject>(ClusterRoleBindings), ...reads.list(RoleBindings)]));

  const rulesOf = (role: RoleRef, namespace: string): readonly PolicyRule[] => {
    if (role.kind === 'ClusterRole') return reads.peek(ClusterRoles, role.name)?.rules ?? [];
    return namespace === '' ? [] : (reads.peek(Roles, role.name, namespace)?.rules ?? []);
  };

  function* rulesFor(user: UserInfo, namespace: string): Iterable<RuleSource> {
    const current = currentIndex();
    const lists = [current.ofUser(user.name), ...user.groups.map((group) => current.ofGroup(group))];
    for (const grants of lists) {
      for (const grant of grants) {
        if (grant.namespace !== '' && grant.namespace !== namespace) continue;
        yield { rules: rulesOf(grant.binding.roleRef, grant.namespace), describe: () => describe(grant) };
      }
    }
  }

  return {
    rulesFor,
    authorize(attributes: AuthzAttributes) {
      for (const source of rulesFor(attributes.user, attributes.isResource ? attributes.namespace : '')) {
        if (source.rules.some((rule) => ruleAllows(rule, attributes))) return { decision: 'allow', reason: source.describe() };
      }
      return { decision: 'no-opinion' };
    },
  };
}
