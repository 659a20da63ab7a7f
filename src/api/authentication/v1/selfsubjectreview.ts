import { type Infer, of, opt, type Root, string, struct } from '#api/dsl.ts';
import { UserInfo } from '#api/authentication/v1/common.ts';
import { ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const SelfSubjectReviewStatus = struct('authentication.v1.SelfSubjectReviewStatus', {
  userInfo: opt(
    1,
    of<UserInfo>(() => UserInfo),
    { emit: true },
  ),
});
export interface SelfSubjectReviewStatus extends Infer<typeof SelfSubjectReviewStatus> {}

export const SelfSubjectReview = struct(
  'authentication.v1.SelfSubjectReview',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    status: opt(
      2,
      of<SelfSubjectReviewStatus>(() => SelfSubjectReviewStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'authentication.k8s.io', version: 'v1', kind: 'SelfSubjectReview' }] },
);
export interface SelfSubjectReview extends Root<Infer<typeof SelfSubjectReview>, 'metadata' | 'status'> {}
