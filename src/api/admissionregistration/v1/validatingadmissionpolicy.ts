import { type Infer, int64, list, of, oneOf, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { MatchCondition, MatchResources } from '#api/admissionregistration/v1/common.ts';
import { Condition } from '#api/meta/v1/condition.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const AuditAnnotation = struct('admissionregistration.v1.AuditAnnotation', {
  key: req(1, string, { emit: true }),
  valueExpression: req(2, string, { emit: true }),
});
export interface AuditAnnotation extends Infer<typeof AuditAnnotation> {}

export const ExpressionWarning = struct('admissionregistration.v1.ExpressionWarning', {
  fieldRef: req(2, string, { emit: true }),
  warning: req(3, string, { emit: true }),
});
export interface ExpressionWarning extends Infer<typeof ExpressionWarning> {}

export const ParamKind = struct(
  'admissionregistration.v1.ParamKind',
  {
    apiVersion: opt(1, string),
    kind: opt(2, string),
  },
  { mapType: 'atomic' },
);
export interface ParamKind extends Infer<typeof ParamKind> {}

export const TypeChecking = struct('admissionregistration.v1.TypeChecking', {
  expressionWarnings: opt(
    1,
    list(
      of<ExpressionWarning>(() => ExpressionWarning),
      'atomic',
    ),
  ),
});
export interface TypeChecking extends Infer<typeof TypeChecking> {}

export const Validation = struct('admissionregistration.v1.Validation', {
  expression: req(1, string, { emit: true }),
  message: opt(2, string),
  messageExpression: opt(4, string),
  reason: opt(3, string, { ptr: true }),
});
export interface Validation extends Infer<typeof Validation> {}

export const Variable = struct(
  'admissionregistration.v1.Variable',
  {
    expression: req(2, string, { emit: true }),
    name: req(1, string, { emit: true }),
  },
  { mapType: 'atomic' },
);
export interface Variable extends Infer<typeof Variable> {}

export const ValidatingAdmissionPolicySpec = struct('admissionregistration.v1.ValidatingAdmissionPolicySpec', {
  auditAnnotations: opt(
    5,
    list(
      of<AuditAnnotation>(() => AuditAnnotation),
      'atomic',
    ),
  ),
  failurePolicy: opt(4, oneOf('Fail', 'Ignore'), { ptr: true }),
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
  paramKind: opt(
    1,
    of<ParamKind>(() => ParamKind),
  ),
  validations: opt(
    3,
    list(
      of<Validation>(() => Validation),
      'atomic',
    ),
  ),
  variables: opt(
    7,
    list(
      of<Variable>(() => Variable),
      'map',
      'name',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'name' },
  ),
});
export interface ValidatingAdmissionPolicySpec extends Infer<typeof ValidatingAdmissionPolicySpec> {}

export const ValidatingAdmissionPolicyStatus = struct('admissionregistration.v1.ValidatingAdmissionPolicyStatus', {
  conditions: opt(
    3,
    list(
      of<Condition>(() => Condition),
      'map',
      'type',
    ),
  ),
  observedGeneration: opt(1, int64),
  typeChecking: opt(
    2,
    of<TypeChecking>(() => TypeChecking),
  ),
});
export interface ValidatingAdmissionPolicyStatus extends Infer<typeof ValidatingAdmissionPolicyStatus> {}

export const ValidatingAdmissionPolicy = struct(
  'admissionregistration.v1.ValidatingAdmissionPolicy',
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
      of<ValidatingAdmissionPolicySpec>(() => ValidatingAdmissionPolicySpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<ValidatingAdmissionPolicyStatus>(() => ValidatingAdmissionPolicyStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1', kind: 'ValidatingAdmissionPolicy' }] },
);
export interface ValidatingAdmissionPolicy extends Root<Infer<typeof ValidatingAdmissionPolicy>, 'metadata' | 'spec' | 'status'> {}

export const ValidatingAdmissionPolicyList = struct(
  'admissionregistration.v1.ValidatingAdmissionPolicyList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ValidatingAdmissionPolicy>(() => ValidatingAdmissionPolicy)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1', kind: 'ValidatingAdmissionPolicyList' }] },
);
export interface ValidatingAdmissionPolicyList extends Root<Infer<typeof ValidatingAdmissionPolicyList>, 'metadata'> {}
