import { bool, type Infer, int32, int64, list, of, oneOf, opt, req, string, struct } from '#api/dsl.ts';
import { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const PodFailurePolicyOnExitCodesRequirement = struct('batch.v1.PodFailurePolicyOnExitCodesRequirement', {
  containerName: opt(1, string, { ptr: true }),
  operator: req(2, oneOf('In', 'NotIn'), { emit: true }),
  values: req(3, list(int32, 'set'), { emit: true }),
});
export interface PodFailurePolicyOnExitCodesRequirement extends Infer<typeof PodFailurePolicyOnExitCodesRequirement> {}

export const PodFailurePolicyOnPodConditionsPattern = struct('batch.v1.PodFailurePolicyOnPodConditionsPattern', {
  status: opt(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface PodFailurePolicyOnPodConditionsPattern extends Infer<typeof PodFailurePolicyOnPodConditionsPattern> {}

export const PodFailurePolicyRule = struct('batch.v1.PodFailurePolicyRule', {
  action: req(1, oneOf('Count', 'FailIndex', 'FailJob', 'Ignore'), { emit: true }),
  onExitCodes: opt(
    2,
    of<PodFailurePolicyOnExitCodesRequirement>(() => PodFailurePolicyOnExitCodesRequirement),
  ),
  onPodConditions: opt(
    3,
    list(
      of<PodFailurePolicyOnPodConditionsPattern>(() => PodFailurePolicyOnPodConditionsPattern),
      'atomic',
    ),
  ),
});
export interface PodFailurePolicyRule extends Infer<typeof PodFailurePolicyRule> {}

export const PodFailurePolicy = struct('batch.v1.PodFailurePolicy', {
  rules: req(
    1,
    list(
      of<PodFailurePolicyRule>(() => PodFailurePolicyRule),
      'atomic',
    ),
    { emit: true },
  ),
});
export interface PodFailurePolicy extends Infer<typeof PodFailurePolicy> {}

export const SuccessPolicyRule = struct('batch.v1.SuccessPolicyRule', {
  succeededCount: opt(2, int32, { ptr: true }),
  succeededIndexes: opt(1, string, { ptr: true }),
});
export interface SuccessPolicyRule extends Infer<typeof SuccessPolicyRule> {}

export const SuccessPolicy = struct('batch.v1.SuccessPolicy', {
  rules: req(
    1,
    list(
      of<SuccessPolicyRule>(() => SuccessPolicyRule),
      'atomic',
    ),
    { emit: true },
  ),
});
export interface SuccessPolicy extends Infer<typeof SuccessPolicy> {}

export const JobSpec = struct('batch.v1.JobSpec', {
  activeDeadlineSeconds: opt(3, int64, { ptr: true }),
  backoffLimit: opt(7, int32, { ptr: true }),
  backoffLimitPerIndex: opt(12, int32, { ptr: true }),
  completionMode: opt(9, oneOf('Indexed', 'NonIndexed'), { ptr: true }),
  completions: opt(2, int32, { ptr: true }),
  managedBy: opt(15, string, { ptr: true }),
  manualSelector: opt(5, bool, { ptr: true }),
  maxFailedIndexes: opt(13, int32, { ptr: true }),
  parallelism: opt(1, int32, { ptr: true }),
  podFailurePolicy: opt(
    11,
    of<PodFailurePolicy>(() => PodFailurePolicy),
  ),
  podReplacementPolicy: opt(14, oneOf('Failed', 'TerminatingOrFailed'), { ptr: true }),
  selector: opt(
    4,
    of<LabelSelector>(() => LabelSelector),
  ),
  successPolicy: opt(
    16,
    of<SuccessPolicy>(() => SuccessPolicy),
  ),
  suspend: opt(10, bool, { ptr: true }),
  template: req(
    6,
    of<PodTemplateSpec>(() => PodTemplateSpec),
    { emit: true },
  ),
  ttlSecondsAfterFinished: opt(8, int32, { ptr: true }),
});
export interface JobSpec extends Infer<typeof JobSpec> {}
