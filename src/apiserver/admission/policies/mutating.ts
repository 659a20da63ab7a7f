// MutatingAdmissionPolicy: rules in CEL that change requests. Only where the server is asked to serve them (beta).
import { MutatingAdmissionPolicies, MutatingAdmissionPolicyBindings } from '#api/refs.ts';
import type { Backend } from '../../chain.ts';
import type { AdmissionAttributes, AdmissionPlugin, Round } from '../plugin.ts';
import { isAdmissionConfiguration } from '../webhooks/rules.ts';
import type { MutationHook } from './mutate.ts';

/** The bound policies of a server, by name; null: nothing is bound. */
class Policies {
  readonly #backend: Backend;
  #hooks: Promise<readonly MutationHook[]> | null | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
    const served = backend.rows().some(({ group, version, resource }) => {
      const { group: g, version: v, resource: r } = MutatingAdmissionPolicies;
      return group === g && version === v && resource === r;
    });
    if (!served) {
      this.#hooks = null;
      return;
    }
    const changed = (): void => {
      this.#hooks = undefined;
    };
    backend.onChange(MutatingAdmissionPolicies, changed);
    backend.onChange(MutatingAdmissionPolicyBindings, changed);
  }

  get hooks(): Promise<readonly MutationHook[]> | null {
    if (this.#hooks === undefined) this.#hooks = this.#load();
    return this.#hooks;
  }

  #load(): Promise<readonly MutationHook[]> | null {
    const bindings = this.#backend.list(MutatingAdmissionPolicyBindings);
    if (bindings.length === 0) return null;
    const policies = this.#backend.list(MutatingAdmissionPolicies);
    return import('./mutate.ts').then(({ MutationHook }) =>
      policies
        .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
        .map(
          (policy) =>
            new MutationHook(
              policy,
              bindings.filter(({ spec }) => spec.policyName === policy.metadata.name),
            ),
        )
        .filter(({ bindings: bound }) => bound.length > 0),
    );
  }
}

const known = new WeakMap<Backend, Policies>();

async function change(loading: Promise<readonly MutationHook[]>, attributes: AdmissionAttributes, round: Round) {
  const hooks = await loading;
  const { mutate } = await import('./mutate.ts');
  return mutate(hooks, attributes, round);
}

export const mutatingPolicies: AdmissionPlugin = {
  name: 'MutatingAdmissionPolicy',
  handles: (row, operation, subresource) =>
    (operation === 'CREATE' || operation === 'UPDATE') && subresource !== 'binding' && !isAdmissionConfiguration(row.group, row.resource),
  admit(attributes, round) {
    const { backend } = attributes.ctx;
    let policies = known.get(backend);
    if (!policies) known.set(backend, (policies = new Policies(backend)));
    const { hooks } = policies;
    return hooks === null ? undefined : change(hooks, attributes, round);
  },
};
