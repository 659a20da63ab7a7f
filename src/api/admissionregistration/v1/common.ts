import { bytes, type Infer, int32, list, of, oneOf, opt, req, string, struct } from '#api/dsl.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const MatchCondition = struct('admissionregistration.v1.MatchCondition', {
  expression: req(2, string, { emit: true }),
  name: req(1, string, { emit: true }),
});
export interface MatchCondition extends Infer<typeof MatchCondition> {}

export const NamedRuleWithOperations = struct(
  'admissionregistration.v1.NamedRuleWithOperations',
  {
    apiGroups: opt(1, list(string, 'atomic'), { via: [2, 2] }),
    apiVersions: opt(2, list(string, 'atomic'), { via: [2, 2] }),
    operations: opt(1, list(oneOf('*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'), 'atomic'), { via: [2] }),
    resourceNames: opt(1, list(string, 'atomic')),
    resources: opt(3, list(string, 'atomic'), { via: [2, 2] }),
    scope: opt(4, oneOf('*', 'Cluster', 'Namespaced'), { ptr: true, via: [2, 2] }),
  },
  { mapType: 'atomic' },
);
export interface NamedRuleWithOperations extends Infer<typeof NamedRuleWithOperations> {}

export const MatchResources = struct(
  'admissionregistration.v1.MatchResources',
  {
    excludeResourceRules: opt(
      4,
      list(
        of<NamedRuleWithOperations>(() => NamedRuleWithOperations),
        'atomic',
      ),
    ),
    matchPolicy: opt(7, oneOf('Equivalent', 'Exact'), { ptr: true }),
    namespaceSelector: opt(
      1,
      of<LabelSelector>(() => LabelSelector),
    ),
    objectSelector: opt(
      2,
      of<LabelSelector>(() => LabelSelector),
    ),
    resourceRules: opt(
      3,
      list(
        of<NamedRuleWithOperations>(() => NamedRuleWithOperations),
        'atomic',
      ),
    ),
  },
  { mapType: 'atomic' },
);
export interface MatchResources extends Infer<typeof MatchResources> {}

export const RuleWithOperations = struct('admissionregistration.v1.RuleWithOperations', {
  apiGroups: opt(1, list(string, 'atomic'), { via: [2] }),
  apiVersions: opt(2, list(string, 'atomic'), { via: [2] }),
  operations: opt(1, list(oneOf('*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'), 'atomic')),
  resources: opt(3, list(string, 'atomic'), { via: [2] }),
  scope: opt(4, oneOf('*', 'Cluster', 'Namespaced'), { ptr: true, via: [2] }),
});
export interface RuleWithOperations extends Infer<typeof RuleWithOperations> {}

export const ServiceReference = struct('admissionregistration.v1.ServiceReference', {
  name: req(2, string, { emit: true }),
  namespace: req(1, string, { emit: true }),
  path: opt(3, string, { ptr: true }),
  port: opt(4, int32, { ptr: true }),
});
export interface ServiceReference extends Infer<typeof ServiceReference> {}

export const WebhookClientConfig = struct('admissionregistration.v1.WebhookClientConfig', {
  caBundle: opt(2, bytes),
  service: opt(
    1,
    of<ServiceReference>(() => ServiceReference),
  ),
  url: opt(3, string, { ptr: true }),
});
export interface WebhookClientConfig extends Infer<typeof WebhookClientConfig> {}
