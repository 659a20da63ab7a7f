import { type Infer, list, opt, req, string, struct } from '#api/dsl.ts';

export const PolicyRule = struct('rbac.v1.PolicyRule', {
  apiGroups: opt(2, list(string, 'atomic')),
  nonResourceURLs: opt(5, list(string, 'atomic')),
  resourceNames: opt(4, list(string, 'atomic')),
  resources: opt(3, list(string, 'atomic')),
  verbs: req(1, list(string, 'atomic'), { emit: true }),
});
export interface PolicyRule extends Infer<typeof PolicyRule> {}

export const RoleRef = struct(
  'rbac.v1.RoleRef',
  {
    apiGroup: req(1, string, { emit: true }),
    kind: req(2, string, { emit: true }),
    name: req(3, string, { emit: true }),
  },
  { mapType: 'atomic' },
);
export interface RoleRef extends Infer<typeof RoleRef> {}

export const Subject = struct(
  'rbac.v1.Subject',
  {
    apiGroup: opt(2, string),
    kind: req(1, string, { emit: true }),
    name: req(3, string, { emit: true }),
    namespace: opt(4, string),
  },
  { mapType: 'atomic' },
);
export interface Subject extends Infer<typeof Subject> {}
