// ValidatingAdmissionPolicy: rules in CEL that judge requests. Costs nothing while there is no binding.
import { ValidatingAdmissionPolicies, ValidatingAdmissionPolicyBindings } from '#api/refs.ts';
import type { Backend } from '../../chain.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../plugin.ts';
import { isAdmissionConfiguration } from '../webhooks/rules.ts';
import type { PolicyHook } from './dispatch.ts';

/** The bound policies of a server, by name. Changes count from the moment in which the watch cache has them. */
class Policies {
  readonly #backend: Backend;
  /** Undefined: to be put together again; null: nothing is bound. */
  #hooks: Promise<readonly PolicyHook[]> | null | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
    const changed = (): void => {
      this.#hooks = undefined;
    };
    backend.onChange(ValidatingAdmissionPolicies, changed);
    backend.onChange(ValidatingAdmissionPolicyBindings, changed);
  }

  get hooks(): Promise<readonly PolicyHook[]> | null {
    if (this.#hooks === undefined) this.#hooks = this.#load();
    return this.#hooks;
  }

  #load(): Promise<readonly PolicyHook[]> | null {
    const bindings = this.#backend.list(ValidatingAdmissionPolicyBindings);
    if (bindings.length === 0) return null;
    const policies = this.#backend.list(ValidatingAdmissionPolicies);
    return import('./dispatch.ts').then(({ PolicyHook }) =>
      policies
        .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
        .map(
          (policy) =>
            new PolicyHook(
              policy,
              bindings.filter(({ spec }) => spec.policyName === policy.metadata.name),
            ),
        )
        .filter(({ bindings: bound }) => bound.length > 0),
    );
  }
}

const known = new WeakMap<Backend, Policies>();

function policiesOf(backend: Backend): Policies {
  let policies = known.get(backend);
  if (!policies) known.set(backend, (policies = new Policies(backend)));
  return policies;
}

async function judge(loading: Promise<readonly PolicyHook[]>, attributes: AdmissionAttributes): Promise<void> {
  const hooks = await loading;
  const { dispatch } = await import('./dispatch.ts');
  await dispatch(hooks, attributes);
}

export const validatingPolicies: AdmissionPlugin = {
  name: 'ValidatingAdmissionPolicy',
  handles: (row, operation, subresource) =>
    !isAdmissionConfiguration(row.group, row.resource) && !(operation === 'UPDATE' && subresource === 'binding'),
  validate(attributes) {
    const { hooks } = policiesOf(attributes.ctx.backend);
    return hooks === null ? undefined : judge(hooks, attributes);
  },
};
