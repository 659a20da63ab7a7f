// Bindings by the users and groups that they name. With thousands of them, one that changes is little work.
import type { ClusterRoleBinding } from '#api/rbac/v1/clusterrolebinding.ts';
import type { Subject } from '#api/rbac/v1/common.ts';
import type { RoleBinding } from '#api/rbac/v1/rolebinding.ts';
import { serviceAccountUser } from '../authn/groups.ts';

export type Binding = ClusterRoleBinding | RoleBinding;

export interface Grant {
  readonly binding: Binding;
  /** Empty for a ClusterRoleBinding. */
  readonly namespace: string;
  readonly subject: Subject;
}

type Grants = Map<string, readonly Grant[]>;

const keyOf = ({ metadata }: Binding): string => `${metadata.namespace ?? ''}/${metadata.name}`;

function userOf(subject: Subject, namespace: string): string {
  return subject.kind === 'ServiceAccount' ? serviceAccountUser(subject.namespace || namespace, subject.name) : subject.name;
}

export class BindingIndex {
  readonly #known = new Map<string, Binding>();
  readonly #users: Grants = new Map();
  readonly #groups: Grants = new Map();

  constructor(bindings: readonly Binding[]) {
    for (const binding of bindings) this.set(binding);
  }

  ofUser(name: string): readonly Grant[] {
    return this.#users.get(name) ?? [];
  }

  ofGroup(name: string): readonly Grant[] {
    return this.#groups.get(name) ?? [];
  }

  /** Takes a binding as it is now. */
  set(binding: Binding): void {
    this.delete(binding);
    this.#known.set(keyOf(binding), binding);
    const namespace = binding.metadata.namespace ?? '';
    for (const subject of binding.subjects ?? []) {
      const [into, key] = this.#place(subject, namespace);
      into.set(key, [...(into.get(key) ?? []), { binding, namespace, subject }]);
    }
  }

  delete(binding: Binding): void {
    const known = this.#known.get(keyOf(binding));
    if (!known) return;
    this.#known.delete(keyOf(binding));
    const namespace = known.metadata.namespace ?? '';
    for (const subject of known.subjects ?? []) {
      const [from, key] = this.#place(subject, namespace);
      const rest = (from.get(key) ?? []).filter((grant) => grant.binding !== known);
      if (rest.length > 0) from.set(key, rest);
      else from.delete(key);
    }
  }

  #place(subject: Subject, namespace: string): readonly [Grants, string] {
    return subject.kind === 'Group' ? [this.#groups, subject.name] : [this.#users, userOf(subject, namespace)];
  }
}
