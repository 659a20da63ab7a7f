// The endpoints about identity and permission: tokens for ServiceAccounts, reviews, and the keys that others check with.
import { methodNotSupported } from '#api/status.ts';
import { accessReviewEndpoints } from '../authz/endpoints.ts';
import type { Backend } from '../chain.ts';
import type { PathEndpoint, PlugFactory, ResourceEndpoint } from '../endpoint.ts';
import type { SigningKey } from '../pki.ts';
import { serveSelfSubjectReview, serveTokenReview } from './review.ts';
import type { TokenVerifier } from './serviceaccount.ts';
import { serveTokenRequest } from './tokenrequest.ts';

export interface IdentityOptions {
  readonly issuer: string;
  /** Audiences of the API server itself. */
  readonly audiences: readonly string[];
  /** The key that signs tokens. */
  readonly key: SigningKey;
  readonly verifier: (backend: Backend) => TokenVerifier;
}

function issuerPaths(backend: Backend, { issuer, key }: IdentityOptions): PathEndpoint[] {
  const jwks = backend.world.jwt.jwks([key.publicKey]);
  const configuration = {
    issuer,
    jwks_uri: `${issuer.replace(/\/$/, '')}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(jwks.keys.map((entry) => entry.alg))],
  };
  const document = (type: string, body: unknown): PathEndpoint['handle'] => {
    const bytes = JSON.stringify(body);
    return () => ({ kind: 'bytes', status: 200, headers: { 'content-type': type, 'cache-control': 'public, max-age=3600' }, bytes });
  };
  return [
    { path: '/.well-known/openid-configuration', handle: document('application/json', configuration) },
    { path: '/openid/v1/jwks', handle: document('application/jwk-set+json', jwks) },
  ];
}

/** These resources can be created and nothing else: the answer is the point, nothing is stored. */
function onlyCreate(endpoint: ResourceEndpoint): ResourceEndpoint {
  return {
    ...endpoint,
    handle(ctx) {
      if (ctx.info.verb !== 'create') throw methodNotSupported(ctx.info, ctx.info.verb);
      return endpoint.handle(ctx);
    },
  };
}

/** Makes the endpoints. */
export function identityPlug(options: IdentityOptions): PlugFactory {
  const { issuer, audiences, key } = options;
  return (backend) => {
    const verifier = options.verifier(backend);
    const at = (group: string, resource: string, subresource: string, handle: ResourceEndpoint['handle']): ResourceEndpoint => {
      return { group, resource, subresource, handle };
    };
    const resources = [
      at('', 'serviceaccounts', 'token', (ctx) => serveTokenRequest(ctx, { issuer, audiences, privateKey: key.privateKey })),
      at('authentication.k8s.io', 'tokenreviews', '', (ctx) => serveTokenReview(ctx, verifier, audiences)),
      at('authentication.k8s.io', 'selfsubjectreviews', '', serveSelfSubjectReview),
      ...accessReviewEndpoints(backend),
    ];
    return { paths: issuerPaths(backend, options), resources: resources.map(onlyCreate) };
  };
}
