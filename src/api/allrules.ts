// Every type's rules, by file.
import { admissionRules } from '#api/admissionregistration/v1/admission.rules.ts';
import { mutatingPolicyRules } from '#api/admissionregistration/v1beta1/mutatingpolicy.rules.ts';
import { extensionRules } from '#api/apiextensions/v1/extension.rules.ts';
import { workloadRules } from '#api/apps/v1/workloads.rules.ts';
import { reviewRules } from '#api/authorization/v1/reviews.rules.ts';
import { autoscalerRules } from '#api/autoscaling/v2/horizontalpodautoscaler.rules.ts';
import { batchRules } from '#api/batch/v1/batch.rules.ts';
import { leaseRules } from '#api/coordination/v1/lease.rules.ts';
import { affinityRules } from '#api/core/v1/affinity.rules.ts';
import { configRules } from '#api/core/v1/config.rules.ts';
import { containerRules } from '#api/core/v1/container.rules.ts';
import { nodeRules } from '#api/core/v1/node.rules.ts';
import { podRules } from '#api/core/v1/pod.rules.ts';
import { podSpecRules } from '#api/core/v1/podspec.rules.ts';
import { probeRules } from '#api/core/v1/probe.rules.ts';
import { quotaRules } from '#api/core/v1/quota.rules.ts';
import { resourceRules } from '#api/core/v1/resources.rules.ts';
import { securityRules } from '#api/core/v1/security.rules.ts';
import { serviceRules } from '#api/core/v1/service.rules.ts';
import { storageRules } from '#api/core/v1/storage.rules.ts';
import { volumeRules } from '#api/core/v1/volume.rules.ts';
import { endpointSliceRules } from '#api/discovery/v1/endpointslice.rules.ts';
import { eventRules } from '#api/events/v1/event.rules.ts';
import { flowControlRules } from '#api/flowcontrol/v1/flowcontrol.rules.ts';
import { selectorRules } from '#api/meta/v1/selector.rules.ts';
import { networkingRules } from '#api/networking/v1/networking.rules.ts';
import { runtimeClassRules } from '#api/node/v1/runtimeclass.rules.ts';
import { policyRules } from '#api/policy/v1/policy.rules.ts';
import { rbacRules } from '#api/rbac/v1/rbac.rules.ts';
import { resourceGroupRules } from '#api/resource/v1/resource.rules.ts';
import { priorityClassRules } from '#api/scheduling/v1/priorityclass.rules.ts';
import { storageGroupRules } from '#api/storage/v1/storagegroup.rules.ts';
import type { TypeRules } from '#api/walk/typerules.ts';

export const allRules: readonly TypeRules[] = [
  ...admissionRules,
  ...mutatingPolicyRules,
  ...extensionRules,
  ...workloadRules,
  ...reviewRules,
  ...autoscalerRules,
  ...batchRules,
  ...leaseRules,
  ...affinityRules,
  ...configRules,
  ...containerRules,
  ...nodeRules,
  ...podRules,
  ...podSpecRules,
  ...probeRules,
  ...quotaRules,
  ...resourceRules,
  ...securityRules,
  ...serviceRules,
  ...storageRules,
  ...volumeRules,
  ...endpointSliceRules,
  ...eventRules,
  ...flowControlRules,
  ...selectorRules,
  ...networkingRules,
  ...runtimeClassRules,
  ...policyRules,
  ...rbacRules,
  ...resourceGroupRules,
  ...priorityClassRules,
  ...storageGroupRules,
];
