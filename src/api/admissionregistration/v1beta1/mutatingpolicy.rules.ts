// Defaults and validation of MutatingAdmissionPolicies and their bindings, in both versions.
import { MatchResources as AlphaMatchResources } from '#api/admissionregistration/v1alpha1/common.ts';
import {
  MutatingAdmissionPolicy as AlphaPolicy,
  MutatingAdmissionPolicySpec as AlphaPolicySpec,
} from '#api/admissionregistration/v1alpha1/mutatingadmissionpolicy.ts';
import { MutatingAdmissionPolicyBinding as AlphaBinding } from '#api/admissionregistration/v1alpha1/mutatingadmissionpolicybinding.ts';
import { checkFormat, present } from '#api/checks.ts';
import { type FieldError, forbiddenField, invalid, notSupported, required } from '#api/fielderror.ts';
import { cIdentifier, dns1123Subdomain } from '#api/formats.ts';
import { type Mutable, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { MutatingAdmissionPolicy, type Mutation } from './mutatingadmissionpolicy.ts';
import { MutatingAdmissionPolicyBinding } from './mutatingadmissionpolicybinding.ts';

const patchTypes = ['ApplyConfiguration', 'JSONPatch'];

function checkMutation(mutation: Mutation, at: string, errors: FieldError[]): void {
  const { patchType, applyConfiguration, jsonPatch } = mutation;
  if (!patchType) errors.push(required(`${at}.patchType`));
  else if (!patchTypes.includes(patchType)) errors.push(notSupported(`${at}.patchType`, patchType, patchTypes));
  for (const [type, field, given] of [
    ['ApplyConfiguration', 'applyConfiguration', applyConfiguration],
    ['JSONPatch', 'jsonPatch', jsonPatch],
  ] as const) {
    if (patchType !== type) {
      if (given) errors.push(invalid(`${at}.${field}`, given, `must not be set when patchType is ${patchType}`));
    } else if (!given) errors.push(required(`${at}.${field}`, `must be specified when patchType is ${type}`));
    else if (!given.expression?.trim()) errors.push(required(`${at}.${field}.expression`, 'expression is not specified'));
  }
}

function checkPolicy({ spec }: MutatingAdmissionPolicy | AlphaPolicy, errors: FieldError[]): void {
  if (!spec.matchConstraints) errors.push(required('spec.matchConstraints'));
  else if (!spec.matchConstraints.resourceRules?.length) errors.push(required('spec.matchConstraints.resourceRules'));
  if (!spec.mutations?.length) errors.push(required('spec.mutations', 'mutations must contain at least one item'));
  for (const [index, mutation] of (spec.mutations ?? []).entries()) checkMutation(mutation as Mutation, `spec.mutations[${index}]`, errors);
  if (!spec.reinvocationPolicy) errors.push(required('spec.reinvocationPolicy'));
  for (const [index, { name, expression }] of (spec.variables ?? []).entries()) {
    const at = `spec.variables[${index}]`;
    if (name === '') errors.push(required(`${at}.name`, 'name is not specified'));
    else if (cIdentifier(name).length) errors.push(invalid(`${at}.name`, name, 'name is not a valid CEL identifier'));
    if (expression.trim() === '') errors.push(required(`${at}.expression`, 'expression is not specified'));
  }
  if (spec.paramKind) {
    for (const field of ['apiVersion', 'kind'] as const) if (!spec.paramKind[field]) errors.push(required(`spec.paramKind.${field}`));
  }
}

function checkBinding({ spec }: MutatingAdmissionPolicyBinding | AlphaBinding, errors: FieldError[]): void {
  if (!spec.policyName) errors.push(required('spec.policyName'));
  else checkFormat(dns1123Subdomain, spec.policyName, 'spec.policyName', errors);
  const ref = spec.paramRef;
  if (!ref) return;
  const set = present(ref, ['name', 'selector']);
  if (set.length === 2) errors.push(forbiddenField('spec.paramRef.name', 'name and selector are mutually exclusive'));
  if (set.length === 0) errors.push(required('spec.paramRef', 'one of name or selector must be specified'));
  const action = ref.parameterNotFoundAction;
  if (!action) errors.push(required('spec.paramRef.parameterNotFoundAction'));
  else if (action !== 'Allow' && action !== 'Deny')
    errors.push(notSupported('spec.paramRef.parameterNotFoundAction', action, ['Allow', 'Deny']));
}

export const mutatingPolicyRules: readonly TypeRules[] = [
  typeRules<MutatingAdmissionPolicy>(MutatingAdmissionPolicy, { object: checkPolicy }),
  typeRules<AlphaPolicy>(AlphaPolicy, { object: checkPolicy }),
  typeRules<MutatingAdmissionPolicyBinding>(MutatingAdmissionPolicyBinding, { object: checkBinding }),
  typeRules<AlphaBinding>(AlphaBinding, { object: checkBinding }),
  typeRules<AlphaPolicySpec>(AlphaPolicySpec, {
    defaults(spec) {
      spec.failurePolicy ??= 'Fail';
    },
  }),
  typeRules<AlphaMatchResources>(AlphaMatchResources, {
    defaults(match: Mutable<AlphaMatchResources>) {
      match.matchPolicy ??= 'Equivalent';
      match.namespaceSelector ??= {};
      match.objectSelector ??= {};
    },
  }),
];
