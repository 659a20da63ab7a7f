import { type Infer, list, of, oneOf, opt, string, struct } from '#api/dsl.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const NamedRuleWithOperations = struct(
  'admissionregistration.v1alpha1.NamedRuleWithOperations',
  {
    apiGroups: opt(1, list(string, 'atomic'), { via: [2, 2] }),
    apiVersions: opt(2, list(string, 'atomic'), { via: [2, 2] }),
    operations: opt(1, list(string, 'atomic'), { via: [2] }),
    resourceNames: opt(1, list(string, 'atomic')),
    resources: opt(3, list(string, 'atomic'), { via: [2, 2] }),
    scope: opt(4, string, { ptr: true, via: [2, 2] }),
  },
  { mapType: 'atomic' },
);
export interface NamedRuleWithOperations extends Infer<typeof NamedRuleWithOperations> {}

export const MatchResources = struct(
  'admissionregistration.v1alpha1.MatchResources',
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
