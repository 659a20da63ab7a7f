import { type Infer, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { NonResourceAttributes, ResourceAttributes, SubjectAccessReviewStatus } from '#api/authorization/v1/common.ts';
import { ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const SelfSubjectAccessReviewSpec = struct('authorization.v1.SelfSubjectAccessReviewSpec', {
  nonResourceAttributes: opt(
    2,
    of<NonResourceAttributes>(() => NonResourceAttributes),
  ),
  resourceAttributes: opt(
    1,
    of<ResourceAttributes>(() => ResourceAttributes),
  ),
});
export interface SelfSubjectAccessReviewSpec extends Infer<typeof SelfSubjectAccessReviewSpec> {}

export const SelfSubjectAccessReview = struct(
  'authorization.v1.SelfSubjectAccessReview',
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
      of<SelfSubjectAccessReviewSpec>(() => SelfSubjectAccessReviewSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<SubjectAccessReviewStatus>(() => SubjectAccessReviewStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'authorization.k8s.io', version: 'v1', kind: 'SelfSubjectAccessReview' }] },
);
export interface SelfSubjectAccessReview extends Root<Infer<typeof SelfSubjectAccessReview>, 'metadata' | 'spec' | 'status'> {}
