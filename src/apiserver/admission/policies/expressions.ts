// Refuses webhooks and policies whose expressions do not compile, and parameters that their writer may not read. An admission plug-in, so that CEL is only loaded by
// servers that need it; to clients it is part of validation.
import type { ValidatingAdmissionPolicySpec } from '#api/admissionregistration/v1/validatingadmissionpolicy.ts';
import type { FieldError } from '#api/fielderror.ts';
import type { KubeObject } from '#api/object.ts';
import { invalid } from '#api/status.ts';
import { lazy } from '#base/lazy.ts';
import type { AdmissionPlugin } from '../plugin.ts';
import { isAdmissionConfiguration } from '../webhooks/rules.ts';
import { checkParamRights } from './paramrights.ts';

const load = lazy(() => import('./checks.ts'));

interface Expressive extends KubeObject {
  readonly spec?: ValidatingAdmissionPolicySpec;
  readonly webhooks?: readonly { readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[] }[];
}

async function problems(resource: string, object: Expressive): Promise<FieldError[]> {
  if (object.webhooks) {
    if (!object.webhooks.some(({ matchConditions }) => matchConditions?.length)) return [];
    return (await load()).checkWebhooks(object.webhooks);
  }
  if (resource === 'mutatingadmissionpolicies' && object.spec) return (await load()).checkMutatingSpec(object.spec as never);
  return resource === 'validatingadmissionpolicies' && object.spec ? (await load()).checkPolicySpec(object.spec) : [];
}

export const policyExpressions: AdmissionPlugin = {
  name: 'AdmissionExpressions',
  handles: (row, operation, subresource) =>
    isAdmissionConfiguration(row.group, row.resource) && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
  async validate(attributes) {
    const { row, object, name } = attributes;
    const wrong = await problems(row.resource, object as Expressive);
    const errors = wrong.length === 0 && row.resource.includes('polic') ? await checkParamRights(attributes) : wrong;
    if (errors.length > 0) throw invalid({ group: row.group, kind: row.kind }, name, errors);
  },
};
