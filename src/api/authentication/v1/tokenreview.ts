import { bool, type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { UserInfo } from '#api/authentication/v1/common.ts';
import { ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const TokenReviewSpec = struct('authentication.v1.TokenReviewSpec', {
  audiences: opt(2, list(string, 'atomic')),
  token: opt(1, string),
});
export interface TokenReviewSpec extends Infer<typeof TokenReviewSpec> {}

export const TokenReviewStatus = struct('authentication.v1.TokenReviewStatus', {
  audiences: opt(4, list(string, 'atomic')),
  authenticated: opt(1, bool),
  error: opt(3, string),
  user: opt(
    2,
    of<UserInfo>(() => UserInfo),
    { emit: true },
  ),
});
export interface TokenReviewStatus extends Infer<typeof TokenReviewStatus> {}

export const TokenReview = struct(
  'authentication.v1.TokenReview',
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
      of<TokenReviewSpec>(() => TokenReviewSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<TokenReviewStatus>(() => TokenReviewStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'authentication.k8s.io', version: 'v1', kind: 'TokenReview' }] },
);
export interface TokenReview extends Root<Infer<typeof TokenReview>, 'metadata' | 'spec' | 'status'> {}
