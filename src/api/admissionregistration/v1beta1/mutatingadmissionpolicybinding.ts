import { type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { MatchResources } from '#api/admissionregistration/v1beta1/common.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const ParamRef = struct(
  'admissionregistration.v1beta1.ParamRef',
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

export const MutatingAdmissionPolicyBindingSpec = struct('admissionregistration.v1beta1.MutatingAdmissionPolicyBindingSpec', {
  matchResources: opt(
    3,
    of<MatchResources>(() => MatchResources),
  ),
  paramRef: opt(
    2,
    of<ParamRef>(() => ParamRef),
  ),
  policyName: opt(1, string),
});
export interface MutatingAdmissionPolicyBindingSpec extends Infer<typeof MutatingAdmissionPolicyBindingSpec> {}

export const MutatingAdmissionPolicyBinding = struct(
  'admissionregistration.v1beta1.MutatingAdmissionPolicyBinding',
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
      of<MutatingAdmissionPolicyBindingSpec>(() => MutatingAdmissionPolicyBindingSpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1beta1', kind: 'MutatingAdmissionPolicyBinding' }] },
);
export interface MutatingAdmissionPolicyBinding extends Root<Infer<typeof MutatingAdmissionPolicyBinding>, 'metadata' | 'spec'> {}

export const MutatingAdmissionPolicyBindingList = struct(
  'admissionregistration.v1beta1.MutatingAdmissionPolicyBindingList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<MutatingAdmissionPolicyBinding>(() => MutatingAdmissionPolicyBinding)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1beta1', kind: 'MutatingAdmissionPolicyBindingList' }] },
);
export interface MutatingAdmissionPolicyBindingList extends Root<Infer<typeof MutatingAdmissionPolicyBindingList>, 'metadata'> {}
