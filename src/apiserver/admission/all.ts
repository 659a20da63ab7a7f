// The built-in admission plug-ins, in the order in which Kubernetes runs them.
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts';
import { claimResize } from './claimresize.ts';
import { customRules } from './customrules.ts';
import { escalation } from './escalation.ts';
import { limitRanger } from './limitranger.ts';
import { namespaceLifecycle } from './namespacelifecycle.ts';
import { nodeRestriction } from './noderestriction/plugin.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { policyExpressions } from './policies/expressions.ts';
import { mutatingPolicies } from './policies/mutating.ts';
import { validatingPolicies } from './policies/validating.ts';
import { podSecurity } from './podsecurity/plugin.ts';
import { priority } from './priority.ts';
import { resourceQuota } from './resourcequota.ts';
import { runtimeClass } from './runtimeclass.ts';
import { serviceAccount } from './serviceaccount.ts';
import { defaultIngressClass, defaultStorageClass, storageObjectInUseProtection } from './storage.ts';
import { taintNodesByCondition } from './taintnodes.ts';
import { defaultTolerationSeconds } from './tolerations.ts';
import { mutatingWebhooks } from './webhooks/mutating.ts';
import { validatingWebhooks } from './webhooks/validating.ts';

export const builtinAdmission: readonly AdmissionPlugin[] = [
  namespaceLifecycle,
  limitRanger,
  serviceAccount,
  nodeRestriction,
  taintNodesByCondition,
  podSecurity(),
  priority,
  defaultTolerationSeconds,
  defaultStorageClass,
  storageObjectInUseProtection,
  claimResize,
  runtimeClass,
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  defaultIngressClass,
  mutatingPolicies,
  mutatingWebhooks,
  customRules,
  escalation,
  policyExpressions,
  validatingPolicies,
  validatingWebhooks,
  resourceQuota,
];
