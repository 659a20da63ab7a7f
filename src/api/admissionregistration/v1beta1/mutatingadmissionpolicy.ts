import { type Infer, list, of, oneOf, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { MatchResources } from '#api/admissionregistration/v1beta1/common.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ApplyConfiguration = struct('admissionregistration.v1beta1.ApplyConfiguration', {
  expression: opt(1, string),
});
export interface ApplyConfiguration extends Infer<typeof ApplyConfiguration> {}

export const JSONPatch = struct('admissionregistration.v1beta1.JSONPatch', {
  expression: opt(1, string),
});
export interface JSONPatch extends Infer<typeof JSONPatch> {}

export const MatchCondition = struct('admissionregistration.v1beta1.MatchCondition', {
  expression: req(2, string, { emit: true }),
  name: req(1, string, { emit: true }),
});
export interface MatchCondition extends Infer<typeof MatchCondition> {}

export const Mutation = struct('admissionregistration.v1beta1.Mutation', {
  applyConfiguration: opt(
    3,
    of<ApplyConfiguration>(() => ApplyConfiguration),
  ),
  jsonPatch: opt(
    4,
    of<JSONPatch>(() => JSONPatch),
  ),
  patchType: req(2, oneOf('ApplyConfiguration', 'JSONPatch'), { emit: true }),
});
export interface Mutation extends Infer<typeof Mutation> {}

export const ParamKind = struct(
  'admissionregistration.v1beta1.ParamKind',
  {
    apiVersion: opt(1, string),
    kind: opt(2, string),
  },
  { mapType: 'atomic' },
);
export interface ParamKind extends Infer<typeof ParamKind> {}

export const Variable = struct(
  'admissionregistration.v1beta1.Variable',
  {
    expression: req(2, string, { emit: true }),
    name: req(1, string, { emit: true }),
  },
  { mapType: 'atomic' },
);
export interface Variable extends Infer<typeof Variable> {}

export const MutatingAdmissionPolicySpec = struct('admissionregistration.v1beta1.MutatingAdmissionPolicySpec', {
  failurePolicy: opt(5, string, { ptr: true }),
  matchConditions: opt(
    6,
    list(
      of<MatchCondition>(() => MatchCondition),
      'map',
      'name',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'name' },
  ),
  matchConstraints: opt(
    2,
    of<MatchResources>(() => MatchResources),
  ),
  mutations: opt(
    4,
    list(
      of<Mutation>(() => Mutation),
      'atomic',
    ),
  ),
  paramKind: opt(
    1,
    of<ParamKind>(() => ParamKind),
  ),
  reinvocationPolicy: opt(7, oneOf('IfNeeded', 'Never')),
  variables: opt(
    3,
    list(
      of<Variable>(() => Variable),
      'atomic',
    ),
  ),
});
export interface MutatingAdmissionPolicySpec extends Infer<typeof MutatingAdmissionPolicySpec> {}

export const MutatingAdmissionPolicy = struct(
  'admissionregistration.v1beta1.MutatingAdmissionPolicy',
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
      of<MutatingAdmissionPolicySpec>(() => MutatingAdmissionPolicySpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1beta1', kind: 'MutatingAdmissionPolicy' }] },
);
export interface MutatingAdmissionPolicy extends Root<Infer<typeof MutatingAdmissionPolicy>, 'metadata' | 'spec'> {}

export const MutatingAdmissionPolicyList = struct(
  'admissionregistration.v1beta1.MutatingAdmissionPolicyList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<MutatingAdmissionPolicy>(() => MutatingAdmissionPolicy)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1beta1', kind: 'MutatingAdmissionPolicyList' }] },
);
export interface MutatingAdmissionPolicyList extends Root<Infer<typeof MutatingAdmissionPolicyList>, 'metadata'> {}
