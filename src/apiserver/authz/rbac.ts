// Role-based access control: who may do what is what Roles say and bindings give.
import type { KubeObject } from '#api/object.ts';
import type { ClusterRoleBinding } from '#api/rbac/v1/clusterrolebinding.ts';
import type { PolicyRule, RoleRef, Subject } from '#api/rbac/v1/common.ts';
import type { RoleBinding } from '#api/rbac/v1/rolebinding.ts';
import { ClusterRoleBindings, ClusterRoles, type ResourceRef, RoleBindings, Roles } from '#api/refs.ts';
import type { UserInfo } from '#client/transport.ts';
import { serviceAccountUser } from '../authn/groups.ts';
import type { Authorizer, AuthzAttributes, Backend } from '../chain.ts';
import { ruleAllows } from './rules.ts';

type Reads = Pick<Backend, 'peek' | 'list' | 'onChange'>;
type Binding = ClusterRoleBinding | RoleBinding;

interface Grant {
  readonly binding: Binding;
  /** Empty for a ClusterRoleBinding. */
  readonly namespace: string;
  readonly subject: Subject;
}

/** Bindings by the users and groups that they name. */
interface Index {
  readonly users: ReadonlyMap<string, readonly Grant[]>;
  readonly groups: ReadonlyMap<string, readonly Grant[]>;
}

function userOf(subject: Subject, namespace: string): string {
  return subject.kind === 'ServiceAccount' ? serviceAccountUser(subject.namespace || namespace, subject.name) : subject.name;
}

function buildIndex(bindings: readonly Binding[]): Index {
  const users = new Map<string, Grant[]>();
  const groups = new Map<string, Grant[]>();
  for (const binding of bindings) {
    const namespace = binding.metadata.namespace ?? '';
    for (const subject of binding.subjects ?? []) {
      const into = subject.kind === 'Group' ? groups : users;
      const key = userOf(subject, namespace);
      const grants = into.get(key) ?? [];
      into.set(key, grants);
      grants.push({ binding, namespace, subject });
    }
  }
  return { users, groups };
}

function describe({ binding, namespace, subject }: Grant): string {
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
  let index: Index | undefined;
  const changed = (): void => {
    index = undefined;
  };
  const watched: readonly ResourceRef[] = [ClusterRoleBindings, RoleBindings];
  for (const ref of watched) reads.onChange(ref, changed);

  const currentIndex = (): Index => {
    index ??= buildIndex([...reads.list<ClusterRoleBinding & KubeObject>(ClusterRoleBindings), ...reads.list(RoleBindings)]);
    return index;
  };

  const rulesOf = (role: RoleRef, namespace: string): readonly PolicyRule[] => {
    if (role.kind === 'ClusterRole') return reads.peek(ClusterRoles, role.name)?.rules ?? [];
    return namespace === '' ? [] : (reads.peek(Roles, role.name, namespace)?.rules ?? []);
  };

  function* rulesFor(user: UserInfo, namespace: string): Iterable<RuleSource> {
    const { users, groups } = currentIndex();
    const lists = [users.get(user.name), ...user.groups.map((group) => groups.get(group))];
    for (const grants of lists) {
      for (const grant of grants ?? []) {
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
