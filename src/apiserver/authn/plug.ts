// The endpoints about identity and permission: tokens for ServiceAccounts, reviews, and the keys that others check with.
import type { ServiceAccount } from '#api/core/v1/serviceaccount.ts';
import { Nodes, Pods, type ResourceRef, Secrets, ServiceAccounts } from '#api/refs.ts';
import { SelfSubjectReview } from '#api/authentication/v1/selfsubjectreview.ts';
import { TokenRequest } from '#api/authentication/v1/tokenrequest.ts';
import { TokenReview } from '#api/authentication/v1/tokenreview.ts';
import { LocalSubjectAccessReview } from '#api/authorization/v1/localsubjectaccessreview.ts';
import { SelfSubjectAccessReview } from '#api/authorization/v1/selfsubjectaccessreview.ts';
import { SelfSubjectRulesReview } from '#api/authorization/v1/selfsubjectrulesreview.ts';
import { SubjectAccessReview } from '#api/authorization/v1/subjectaccessreview.ts';
import type { Struct } from '#api/dsl.ts';
import type { KubeObject } from '#api/object.ts';
import { badRequest, conflict, invalid } from '#api/status.ts';
import { rfc3339 } from '#base/clock.ts';
import type { UserInfo } from '#client/transport.ts';
import type { Backend, Context } from '../chain.ts';
import { decodeBody } from '../body.ts';
import { objectAnswer, type Plug, type PlugFactory, type ResourceEndpoint } from '../endpoint.ts';
import { createRbac } from '../authz/rbac.ts';
import { reviewAccess, reviewRules, subjectOf, validateSubject, validateWhat } from '../authz/review.ts';
import { encodeClaims, type NamedUid } from './claims.ts';
import { planToken, validateTokenRequest } from './issue.ts';
import type { TokenVerifier } from './serviceaccount.ts';

export interface IdentityOptions {
  readonly issuer: string;
  /** Audiences of the API server itself. */
  readonly audiences: readonly string[];
  /** PEM of the key that signs tokens, and of its public half. */
  readonly key: { readonly privateKey: string; readonly publicKey: string };
  readonly verifier: (backend: Backend) => TokenVerifier;
}

const authentication = 'authentication.k8s.io';
const authorization = 'authorization.k8s.io';

/** A user as reviews show it. */
function userOf({ name, uid, groups, extra }: UserInfo): object {
  return { username: name, ...(uid ? { uid } : {}), groups, ...(extra && Object.keys(extra).length > 0 ? { extra } : {}) };
}

async function boundObject(
  backend: Backend,
  ref: ResourceRef<KubeObject>,
  about: { name: string; namespace?: string; uid?: string },
): Promise<NamedUid> {
  const object = await backend.get(ref, about.name, about.namespace);
  const uid = object.metadata.uid ?? '';
  if (about.uid && about.uid !== uid)
    throw conflict(
      ref,
      about.name,
      `the UID in the bound object reference (${about.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  return { name: about.name, uid };
}

/** A token for a ServiceAccount: bound to what it asks for, signed, never stored. */
async function issueToken(ctx: Context, options: IdentityOptions): Promise<object> {
  const { backend, info } = ctx;
  const { namespace, name } = info;
  const target = { struct: TokenRequest, group: authentication, version: 'v1', kind: 'TokenRequest' };
  const request = await decodeBody<TokenRequest>(ctx, target);
  const errors = validateTokenRequest(request);
  if (errors.length > 0) throw invalid({ group: authentication, kind: 'TokenRequest' }, '', errors);
  const account: ServiceAccount = await backend.get(ServiceAccounts, name, namespace);
  const ref = request.spec.boundObjectRef;
  let bound: { pod?: NamedUid; secret?: NamedUid; node?: NamedUid } = {};
  if (ref !== undefined) {
    const about = { name: ref.name ?? '', namespace, ...(ref.uid ? { uid: ref.uid } : {}) };
    if (ref.kind === 'Pod') {
      const pod = await backend.get(Pods, about.name, namespace);
      if ((pod.spec.serviceAccountName || 'default') !== name)
        throw badRequest(`cannot bind token for serviceaccount "${name}" to pod running with different serviceaccount name.`);
      bound = { pod: await boundObject(backend, Pods, about) };
      const node = pod.spec.nodeName ? backend.peek(Nodes, pod.spec.nodeName) : undefined;
      if (node) bound = { ...bound, node: { name: node.metadata.name, uid: node.metadata.uid ?? '' } };
    } else if (ref.kind === 'Secret') bound = { secret: await boundObject(backend, Secrets, about) };
    else if (ref.kind === 'Node')
      bound = { node: await boundObject(backend, Nodes, { name: about.name, ...(about.uid ? { uid: about.uid } : {}) }) };
    else throw badRequest(`cannot bind token to object of type ${ref.apiVersion}, Kind=${ref.kind}`);
  }
  const { world } = backend;
  const plan = planToken({
    request,
    account,
    bound,
    issuer: options.issuer,
    apiAudiences: options.audiences,
    id: world.random.uuid(),
    now: world.clock.now(),
  });
  const token = world.jwt.sign(encodeClaims(plan.claims), options.key.privateKey);
  return {
    ...request,
    metadata: { name, namespace, creationTimestamp: rfc3339(world.clock.now()) },
    spec: { ...request.spec, audiences: plan.audiences, expirationSeconds: Math.round(plan.expires / 1000) - plan.claims.issuedAt },
    status: { token, expirationTimestamp: rfc3339(plan.expires) },
  };
}

/** A review resource: its body is answered with a status, nothing is stored. */
function review<T extends object>(
  group: string,
  names: { readonly resource: string; readonly kind: string; readonly struct: Struct },
  answer: (ctx: Context, body: T) => Promise<object>,
): ResourceEndpoint {
  const { resource, kind, struct } = names;
  return {
    group,
    version: 'v1',
    resource,
    subresource: '',
    async handle(ctx) {
      const body = await decodeBody<T>(ctx, { struct, group, version: 'v1', kind });
      return objectAnswer({ ...body, status: await answer(ctx, body) }, 201);
    },
  };
}

/** Makes the endpoints. */
export function identityPlug(options: IdentityOptions): PlugFactory {
  return (backend): Plug => {
    const verifier = options.verifier(backend);
    const rbac = createRbac(backend);
    const refuse = (kind: string, errors: readonly Parameters<typeof invalid>[2][number][]): void => {
      if (errors.length > 0) throw invalid({ group: authorization, kind }, '', errors);
    };
    const json = (value: object, type = 'application/json') => ({
      kind: 'bytes' as const,
      status: 200,
      headers: { 'content-type': type, 'cache-control': 'public, max-age=3600' },
      bytes: JSON.stringify(value),
    });
    return {
      paths: [
        {
          path: '/.well-known/openid-configuration',
          handle: () =>
            json({
              issuer: options.issuer,
              jwks_uri: `${options.issuer}/openid/v1/jwks`,
              response_types_supported: ['id_token'],
              subject_types_supported: ['public'],
              id_token_signing_alg_values_supported: ['RS256'],
            }),
        },
        { path: '/openid/v1/jwks', handle: () => json(backend.world.jwt.jwks([options.key.publicKey]), 'application/jwk-set+json') },
      ],
      resources: [
        {
          group: '',
          version: 'v1',
          resource: 'serviceaccounts',
          subresource: 'token',
          handle: async (ctx) => objectAnswer(await issueToken(ctx, options), 201),
        },
        review<TokenReview>(authentication, { resource: 'tokenreviews', kind: 'TokenReview', struct: TokenReview }, async (_ctx, body) => {
          const wanted = body.spec.audiences?.length ? body.spec.audiences : options.audiences;
          const verdict = await verifier.verify(body.spec.token ?? '', wanted);
          if (!verdict.ok) return { user: {}, error: verdict.ours ? verdict.error : 'invalid bearer token' };
          return { authenticated: true, user: userOf(verdict.user), audiences: verdict.audiences };
        }),
        review<SelfSubjectReview>(
          authentication,
          { resource: 'selfsubjectreviews', kind: 'SelfSubjectReview', struct: SelfSubjectReview },
          async (ctx) => ({ userInfo: userOf(ctx.user) }),
        ),
        review<SubjectAccessReview>(
          authorization,
          { resource: 'subjectaccessreviews', kind: 'SubjectAccessReview', struct: SubjectAccessReview },
          async (_ctx, body) => {
            refuse('SubjectAccessReview', validateSubject(body.spec));
            return reviewAccess(backend.authorizer, subjectOf(body.spec), body.spec);
          },
        ),
        review<LocalSubjectAccessReview>(
          authorization,
          { resource: 'localsubjectaccessreviews', kind: 'LocalSubjectAccessReview', struct: LocalSubjectAccessReview },
          async (ctx, body) => {
            refuse('LocalSubjectAccessReview', validateSubject(body.spec));
            const namespace = body.spec.resourceAttributes?.namespace ?? '';
            if (namespace !== ctx.info.namespace)
              throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${ctx.info.namespace}`);
            return reviewAccess(backend.authorizer, subjectOf(body.spec), body.spec);
          },
        ),
        review<SelfSubjectAccessReview>(
          authorization,
          { resource: 'selfsubjectaccessreviews', kind: 'SelfSubjectAccessReview', struct: SelfSubjectAccessReview },
          async (ctx, body) => {
            refuse('SelfSubjectAccessReview', validateWhat(body.spec));
            return reviewAccess(backend.authorizer, ctx.user, body.spec);
          },
        ),
        review<SelfSubjectRulesReview>(
          authorization,
          { resource: 'selfsubjectrulesreviews', kind: 'SelfSubjectRulesReview', struct: SelfSubjectRulesReview },
          async (ctx, body) => {
            if (!body.spec.namespace) throw badRequest('no namespace on request');
            return reviewRules(rbac, ctx.user, body.spec.namespace);
          },
        ),
      ],
    };
  };
}
