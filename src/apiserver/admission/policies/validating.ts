// ValidatingAdmissionPolicy: rules in CEL that judge requests. Costs nothing while there is no binding.
import type { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validatingadmissionpolicy.ts';
import type { ValidatingAdmissionPolicyBinding } from '#api/admissionregistration/v1/validatingadmissionpolicybinding.ts';
import { ValidatingAdmissionPolicies, ValidatingAdmissionPolicyBindings } from '#api/refs.ts';
import { lazy } from '#base/lazy.ts';
import type { Backend } from '../../chain.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../plugin.ts';
import { isAdmissionConfiguration } from '../webhooks/rules.ts';
import { BoundPolicies } from './bound.ts';
import type { PolicyHook } from './dispatch.ts';

const load = lazy(() => import('./dispatch.ts'));

type Policies = BoundPolicies<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, PolicyHook>;
const known = new WeakMap<Backend, Policies>();

function policiesOf(backend: Backend): Policies {
  let policies = known.get(backend);
  if (!policies) {
    policies = new BoundPolicies(backend, {
      policies: ValidatingAdmissionPolicies,
      bindings: ValidatingAdmissionPolicyBindings,
      make: async (policy, bindings, before) => new (await load()).PolicyHook(policy, bindings, before),
    });
    known.set(backend, policies);
  }
  return policies;
}

async function judge(loading: Promise<readonly PolicyHook[]>, attributes: AdmissionAttributes): Promise<void> {
  const hooks = await loading;
  const { dispatch } = await load();
  await dispatch(hooks, attributes);
}

export const validatingPolicies: AdmissionPlugin = {
  name: 'ValidatingAdmissionPolicy',
  handles: (row) => !isAdmissionConfiguration(row.group, row.resource),
  validate(attributes) {
    const { hooks } = policiesOf(attributes.ctx.backend);
    return hooks === null ? undefined : judge(hooks, attributes);
  },
};
