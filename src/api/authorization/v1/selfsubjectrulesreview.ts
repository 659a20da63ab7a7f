import { bool, type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const NonResourceRule = struct('authorization.v1.NonResourceRule', {
  nonResourceURLs: opt(2, list(string, 'atomic')),
  verbs: req(1, list(string, 'atomic'), { emit: true }),
});
export interface NonResourceRule extends Infer<typeof NonResourceRule> {}

export const ResourceRule = struct('authorization.v1.ResourceRule', {
  apiGroups: opt(2, list(string, 'atomic')),
  resourceNames: opt(4, list(string, 'atomic')),
  resources: opt(3, list(string, 'atomic')),
  verbs: req(1, list(string, 'atomic'), { emit: true }),
});
export interface ResourceRule extends Infer<typeof ResourceRule> {}

export const SelfSubjectRulesReviewSpec = struct('authorization.v1.SelfSubjectRulesReviewSpec', {
  namespace: opt(1, string),
});
export interface SelfSubjectRulesReviewSpec extends Infer<typeof SelfSubjectRulesReviewSpec> {}

export const SubjectRulesReviewStatus = struct('authorization.v1.SubjectRulesReviewStatus', {
  evaluationError: opt(4, string),
  incomplete: req(3, bool, { emit: true }),
  nonResourceRules: req(
    2,
    list(
      of<NonResourceRule>(() => NonResourceRule),
      'atomic',
    ),
    { emit: true },
  ),
  resourceRules: req(
    1,
    list(
      of<ResourceRule>(() => ResourceRule),
      'atomic',
    ),
    { emit: true },
  ),
});
export interface SubjectRulesReviewStatus extends Infer<typeof SubjectRulesReviewStatus> {}

export const SelfSubjectRulesReview = struct(
  'authorization.v1.SelfSubjectRulesReview',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    spec: req(
      2,
      of<SelfSubjectRulesReviewSpec>(() => SelfSubjectRulesReviewSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<SubjectRulesReviewStatus>(() => SubjectRulesReviewStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'authorization.k8s.io', version: 'v1', kind: 'SelfSubjectRulesReview' }] },
);
export interface SelfSubjectRulesReview extends Root<Infer<typeof SelfSubjectRulesReview>, 'metadata' | 'spec' | 'status'> {}
