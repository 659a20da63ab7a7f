// Every type's rules, by file.
import { workloadRules } from '#api/apps/v1/workloads.rules.ts';
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
import { selectorRules } from '#api/meta/v1/selector.rules.ts';
import { autoscalerRules } from '#api/autoscaling/v2/horizontalpodautoscaler.rules.ts';
import { batchRules } from '#api/batch/v1/batch.rules.ts';
import { endpointSliceRules } from '#api/discovery/v1/endpointslice.rules.ts';
import { networkingRules } from '#api/networking/v1/networking.rules.ts';
import { rbacRules } from '#api/rbac/v1/rbac.rules.ts';
import type { TypeRules } from '#api/walk/typerules.ts';

export const allRules: readonly TypeRules[] = [
  ...selectorRules,
  ...resourceRules,
  ...probeRules,
  ...containerRules,
  ...securityRules,
  ...affinityRules,
  ...volumeRules,
  ...podSpecRules,
  ...podRules,
  ...serviceRules,
  ...configRules,
  ...nodeRules,
  ...storageRules,
  ...quotaRules,
  ...workloadRules,
  ...rbacRules,
  ...networkingRules,
  ...endpointSliceRules,
  ...batchRules,
  ...autoscalerRules,
];
