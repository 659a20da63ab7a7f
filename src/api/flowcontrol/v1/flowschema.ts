import { bool, type Infer, int32, list, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const FlowDistinguisherMethod = struct('flowcontrol.v1.FlowDistinguisherMethod', {
  type: req(1, string, { emit: true }),
});
export interface FlowDistinguisherMethod extends Infer<typeof FlowDistinguisherMethod> {}

export const NonResourcePolicyRule = struct('flowcontrol.v1.NonResourcePolicyRule', {
  nonResourceURLs: req(6, list(string, 'set'), { emit: true }),
  verbs: req(1, list(string, 'set'), { emit: true }),
});
export interface NonResourcePolicyRule extends Infer<typeof NonResourcePolicyRule> {}

export const ResourcePolicyRule = struct('flowcontrol.v1.ResourcePolicyRule', {
  apiGroups: req(2, list(string, 'set'), { emit: true }),
  clusterScope: opt(4, bool),
  namespaces: opt(5, list(string, 'set'), { emit: true }),
  resources: req(3, list(string, 'set'), { emit: true }),
  verbs: req(1, list(string, 'set'), { emit: true }),
});
export interface ResourcePolicyRule extends Infer<typeof ResourcePolicyRule> {}

export const GroupSubject = struct('flowcontrol.v1.GroupSubject', {
  name: req(1, string, { emit: true }),
});
export interface GroupSubject extends Infer<typeof GroupSubject> {}

export const ServiceAccountSubject = struct('flowcontrol.v1.ServiceAccountSubject', {
  name: req(2, string, { emit: true }),
  namespace: req(1, string, { emit: true }),
});
export interface ServiceAccountSubject extends Infer<typeof ServiceAccountSubject> {}

export const UserSubject = struct('flowcontrol.v1.UserSubject', {
  name: req(1, string, { emit: true }),
});
export interface UserSubject extends Infer<typeof UserSubject> {}

export const Subject = struct(
  'flowcontrol.v1.Subject',
  {
    group: opt(
      3,
      of<GroupSubject>(() => GroupSubject),
    ),
    kind: req(1, string, { emit: true }),
    serviceAccount: opt(
      4,
      of<ServiceAccountSubject>(() => ServiceAccountSubject),
    ),
    user: opt(
      2,
      of<UserSubject>(() => UserSubject),
    ),
  },
  { union: { discriminator: 'kind', fields: { group: 'Group', serviceAccount: 'ServiceAccount', user: 'User' } } },
);
export interface Subject extends Infer<typeof Subject> {}

export const PolicyRulesWithSubjects = struct('flowcontrol.v1.PolicyRulesWithSubjects', {
  nonResourceRules: opt(
    3,
    list(
      of<NonResourcePolicyRule>(() => NonResourcePolicyRule),
      'atomic',
    ),
  ),
  resourceRules: opt(
    2,
    list(
      of<ResourcePolicyRule>(() => ResourcePolicyRule),
      'atomic',
    ),
  ),
  subjects: req(
    1,
    list(
      of<Subject>(() => Subject),
      'atomic',
    ),
    { emit: true },
  ),
});
export interface PolicyRulesWithSubjects extends Infer<typeof PolicyRulesWithSubjects> {}

export const PriorityLevelConfigurationReference = struct('flowcontrol.v1.PriorityLevelConfigurationReference', {
  name: req(1, string, { emit: true }),
});
export interface PriorityLevelConfigurationReference extends Infer<typeof PriorityLevelConfigurationReference> {}

export const FlowSchemaSpec = struct('flowcontrol.v1.FlowSchemaSpec', {
  distinguisherMethod: opt(
    3,
    of<FlowDistinguisherMethod>(() => FlowDistinguisherMethod),
  ),
  matchingPrecedence: opt(2, int32, { emit: true }),
  priorityLevelConfiguration: req(
    1,
    of<PriorityLevelConfigurationReference>(() => PriorityLevelConfigurationReference),
    { emit: true },
  ),
  rules: opt(
    4,
    list(
      of<PolicyRulesWithSubjects>(() => PolicyRulesWithSubjects),
      'atomic',
    ),
  ),
});
export interface FlowSchemaSpec extends Infer<typeof FlowSchemaSpec> {}

export const FlowSchemaCondition = struct('flowcontrol.v1.FlowSchemaCondition', {
  lastTransitionTime: opt(3, time, { emit: true }),
  message: opt(5, string),
  reason: opt(4, string),
  status: opt(2, string),
  type: opt(1, string),
});
export interface FlowSchemaCondition extends Infer<typeof FlowSchemaCondition> {}

export const FlowSchemaStatus = struct('flowcontrol.v1.FlowSchemaStatus', {
  conditions: opt(
    1,
    list(
      of<FlowSchemaCondition>(() => FlowSchemaCondition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
});
export interface FlowSchemaStatus extends Infer<typeof FlowSchemaStatus> {}

export const FlowSchema = struct(
  'flowcontrol.v1.FlowSchema',
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
      of<FlowSchemaSpec>(() => FlowSchemaSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<FlowSchemaStatus>(() => FlowSchemaStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'flowcontrol.apiserver.k8s.io', version: 'v1', kind: 'FlowSchema' }] },
);
export interface FlowSchema extends Root<Infer<typeof FlowSchema>, 'metadata' | 'spec' | 'status'> {}

export const FlowSchemaList = struct(
  'flowcontrol.v1.FlowSchemaList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<FlowSchema>(() => FlowSchema)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'flowcontrol.apiserver.k8s.io', version: 'v1', kind: 'FlowSchemaList' }] },
);
export interface FlowSchemaList extends Root<Infer<typeof FlowSchemaList>, 'metadata'> {}
