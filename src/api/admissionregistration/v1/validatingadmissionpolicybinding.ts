import { type Infer, list, of, oneOf, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { MatchResources } from '#api/admissionregistration/v1/common.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const ParamRef = struct(
  'admissionregistration.v1.ParamRef',
  {
    name: opt(1, string),
    namespace: opt(2, string),
    parameterNotFoundAction: opt(4, string, { ptr: true }),
    selector: opt(
      3,
      of<LabelSelector>(() => LabelSelector),
    ),
  },
  { mapType: 'atomic' },
);
export interface ParamRef extends Infer<typeof ParamRef> {}

export const ValidatingAdmissionPolicyBindingSpec = struct('admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec', {
  matchResources: opt(
    3,
    of<MatchResources>(() => MatchResources),
  ),
  paramRef: opt(
    2,
    of<ParamRef>(() => ParamRef),
  ),
  policyName: opt(1, string),
  validationActions: opt(4, list(oneOf('Audit', 'Deny', 'Warn'), 'set')),
});
export interface ValidatingAdmissionPolicyBindingSpec extends Infer<typeof ValidatingAdmissionPolicyBindingSpec> {}

export const ValidatingAdmissionPolicyBinding = struct(
  'admissionregistration.v1.ValidatingAdmissionPolicyBinding',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    spec: opt(
      2,
      of<ValidatingAdmissionPolicyBindingSpec>(() => ValidatingAdmissionPolicyBindingSpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1', kind: 'ValidatingAdmissionPolicyBinding' }] },
);
export interface ValidatingAdmissionPolicyBinding extends Root<Infer<typeof ValidatingAdmissionPolicyBinding>, 'metadata' | 'spec'> {}

export const ValidatingAdmissionPolicyBindingList = struct(
  'admissionregistration.v1.ValidatingAdmissionPolicyBindingList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ValidatingAdmissionPolicyBinding>(() => ValidatingAdmissionPolicyBinding)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1', kind: 'ValidatingAdmissionPolicyBindingList' }] },
);
export interface ValidatingAdmissionPolicyBindingList extends Root<Infer<typeof ValidatingAdmissionPolicyBindingList>, 'metadata'> {}
