import { type Infer, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { SubjectAccessReviewSpec, SubjectAccessReviewStatus } from '#api/authorization/v1/common.ts';
import { ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const SubjectAccessReview = struct(
  'authorization.v1.SubjectAccessReview',
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
      of<SubjectAccessReviewSpec>(() => SubjectAccessReviewSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<SubjectAccessReviewStatus>(() => SubjectAccessReviewStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'authorization.k8s.io', version: 'v1', kind: 'SubjectAccessReview' }] },
);
export interface SubjectAccessReview extends Root<Infer<typeof SubjectAccessReview>, 'metadata' | 'spec' | 'status'> {}
