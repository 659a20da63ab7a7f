// TokenReview: is this token good, and whose is it? SelfSubjectReview: who am I?
import { SelfSubjectReview } from '#api/authentication/v1/selfsubjectreview.ts';
import { TokenReview, type TokenReviewStatus } from '#api/authentication/v1/tokenreview.ts';
import { Secrets } from '#api/refs.ts';
import { badRequest } from '#api/status.ts';
import { rfc3339 } from '#base/clock.ts';
import type { UserInfo } from '#client/transport.ts';
import { decodeBody } from '../body.ts';
import type { Answer, Backend, Context } from '../chain.ts';
import { objectAnswer } from '../endpoint.ts';
import { bootstrapSecretName, bootstrapUser, parseBootstrapToken } from './bootstrap.ts';
import type { TokenVerifier } from './serviceaccount.ts';

const group = 'authentication.k8s.io';
const apiVersion = `${group}/v1`;

/** A user as reviews write it. */
export function userInfo(user: UserInfo): object {
  return {
    username: user.name,
    ...(user.uid ? { uid: user.uid } : {}),
    ...(user.groups.length ? { groups: user.groups } : {}),
    ...(user.extra && Object.keys(user.extra).length ? { extra: user.extra } : {}),
  };
}

/** The verdict on a token. */
export async function reviewToken(
  backend: Pick<Backend, 'world' | 'peek'>,
  verifier: TokenVerifier,
  token: string,
  audiences: readonly string[],
): Promise<Partial<TokenReviewStatus>> {
  const parts = parseBootstrapToken(token);
  if (parts !== undefined) {
    const secret = backend.peek(Secrets, bootstrapSecretName(parts.id), 'kube-system');
    const user = bootstrapUser(token, secret, backend.world.clock.now());
    return user ? { authenticated: true, user: userInfo(user) } : { user: {}, error: 'invalid bearer token' };
  }
  const verdict = await verifier.verify(token, audiences);
  if (verdict.ok) return { authenticated: true, user: userInfo(verdict.user), audiences: verdict.audiences };
  return { user: {}, error: verdict.ours ? `[invalid bearer token, ${verdict.error}]` : 'invalid bearer token' };
}

/** Serves POST tokenreviews. */
export async function serveTokenReview(ctx: Context, verifier: TokenVerifier, apiAudiences: readonly string[]): Promise<Answer> {
  const review = await decodeBody<TokenReview>(ctx, { struct: TokenReview, group, version: 'v1', kind: 'TokenReview' });
  const token = review.spec?.token ?? '';
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  if (review.metadata.namespace) throw badRequest(`namespace is not allowed on this type: ${review.metadata.namespace}`);
  const audiences = review.spec.audiences?.length ? review.spec.audiences : apiAudiences;
  const status = await reviewToken(ctx.backend, verifier, token, audiences);
  return objectAnswer({ kind: 'TokenReview', apiVersion, metadata: review.metadata, spec: review.spec, status }, 201);
}

/** Serves POST selfsubjectreviews. */
export async function serveSelfSubjectReview(ctx: Context): Promise<Answer> {
  await decodeBody<SelfSubjectReview>(ctx, { struct: SelfSubjectReview, group, version: 'v1', kind: 'SelfSubjectReview' });
  const metadata = { creationTimestamp: rfc3339(ctx.backend.world.clock.now()) };
  return objectAnswer({ kind: 'SelfSubjectReview', apiVersion, metadata, status: { userInfo: userInfo(ctx.user) } }, 201);
}
