// MutatingAdmissionPolicy: rules in CEL that change requests. Only where the server is asked to serve them (beta).
import type { MutatingAdmissionPolicy } from '#api/admissionregistration/v1beta1/mutatingadmissionpolicy.ts';
import type { MutatingAdmissionPolicyBinding } from '#api/admissionregistration/v1beta1/mutatingadmissionpolicybinding.ts';
import type { KubeObject } from '#api/object.ts';
import { MutatingAdmissionPolicies, MutatingAdmissionPolicyBindings } from '#api/refs.ts';
import { lazy } from '#base/lazy.ts';
import type { Backend } from '../../chain.ts';
import type { AdmissionAttributes, AdmissionPlugin, Round } from '../plugin.ts';
import { isAdmissionConfiguration } from '../webhooks/rules.ts';
import { BoundPolicies } from './bound.ts';
import type { MutationHook } from './mutate.ts';

const load = lazy(() => import('./mutate.ts'));

type Policies = BoundPolicies<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, MutationHook>;
const known = new WeakMap<Backend, Policies>();

function policiesOf(backend: Backend): Policies {
  let policies = known.get(backend);
  if (!policies) {
    policies = new BoundPolicies(backend, {
      policies: MutatingAdmissionPolicies,
      bindings: MutatingAdmissionPolicyBindings,
      make: async (policy, bindings, before) => new (await load()).MutationHook(policy, bindings, before),
    });
    known.set(backend, policies);
  }
  return policies;
}

type Loading = Promise<readonly MutationHook[]>;
async function change(loading: Loading, attributes: AdmissionAttributes, round: Round): Promise<KubeObject | undefined> {
  const hooks = await loading;
  const { mutate } = await load();
  return mutate(hooks, attributes, round);
}

export const mutatingPolicies: AdmissionPlugin = {
  name: 'MutatingAdmissionPolicy',
  handles: (row, operation, subresource) =>
    (operation === 'CREATE' || operation === 'UPDATE') && subresource !== 'binding' && !isAdmissionConfiguration(row.group, row.resource),
  admit(attributes, round) {
    const { hooks } = policiesOf(attributes.ctx.backend);
    return hooks === null ? undefined : change(hooks, attributes, round);
  },
};
