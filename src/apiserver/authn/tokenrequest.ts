// serviceaccounts/token: makes a token for a ServiceAccount, bound to what the request names.
import { TokenRequest } from '#api/authentication/v1/tokenrequest.ts';
import type { KubeObject } from '#api/object.ts';
import { Nodes, Pods, type ResourceRef, Secrets, ServiceAccounts } from '#api/refs.ts';
import { badRequest, conflict, invalid } from '#api/status.ts';
import { rfc3339 } from '#base/clock.ts';
import type { Answer, Backend, Context } from '../chain.ts';
import { decodeBody } from '../body.ts';
import { objectAnswer } from '../endpoint.ts';
import { encodeClaims, type NamedUid } from './claims.ts';
import { type BoundObjects, planToken, validateTokenRequest } from './issue.ts';

const group = 'authentication.k8s.io';
const target = { struct: TokenRequest, group, version: 'v1', kind: 'TokenRequest' };

export interface IssuerOptions {
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** PEM of the key that signs. */
  readonly privateKey: string;
}

type Reference = NonNullable<TokenRequest['spec']['boundObjectRef']>;

const named = (object: KubeObject): NamedUid => ({ name: object.metadata.name, uid: object.metadata.uid ?? '' });

async function boundObject<T extends KubeObject>(backend: Backend, ref: ResourceRef<T>, wanted: Reference, namespace?: string): Promise<T> {
  const name = wanted.name ?? '';
  const object = await backend.get(ref, name, namespace);
  if (wanted.uid && wanted.uid !== object.metadata.uid) {
    throw conflict(
      ref,
      name,
      `the UID in the bound object reference (${wanted.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  return object;
}

/** Finds what a token is to be bound to, and refuses what does not belong to the account. */
export async function resolveBound(backend: Backend, wanted: Reference | undefined, account: KubeObject): Promise<BoundObjects> {
  if (wanted === undefined) return {};
  const { namespace } = account.metadata;
  const kind = `${wanted.apiVersion ?? ''}/${wanted.kind ?? ''}`;
  if (kind === 'v1/Pod') {
    const pod = await boundObject(backend, Pods, wanted, namespace);
    if (account.metadata.name !== (pod.spec?.serviceAccountName ?? '')) {
      throw badRequest(
        `cannot bind token for serviceaccount ${JSON.stringify(account.metadata.name)} to pod running with different serviceaccount name.`,
      );
    }
    const nodeName = pod.spec?.nodeName;
    if (!nodeName) return { pod: named(pod) };
    const uid = backend.peek(Nodes, nodeName)?.metadata.uid ?? '';
    return { pod: named(pod), node: { name: nodeName, uid } };
  }
  if (kind === 'v1/Secret') return { secret: named(await boundObject(backend, Secrets, wanted, namespace)) };
  if (kind === 'v1/Node') return { node: named(await boundObject(backend, Nodes, wanted)) };
  throw badRequest(`cannot bind token to object of type ${wanted.apiVersion ?? ''}, Kind=${wanted.kind ?? ''}`);
}

/** Serves POST …/serviceaccounts/<name>/token. */
export async function serveTokenRequest(ctx: Context, options: IssuerOptions): Promise<Answer> {
  const { backend, info } = ctx;
  let request = await decodeBody<TokenRequest>(ctx, target);
  const { name, namespace } = request.metadata;
  if (name && name !== info.name) throw badRequest(`name must match service account name: ${JSON.stringify(info.name)}`);
  if (namespace && namespace !== info.namespace) {
    throw badRequest(`namespace must match service account namespace: ${JSON.stringify(info.namespace)}`);
  }
  request = (await backend.admit(ctx, { operation: 'CREATE', object: request })) as TokenRequest;
  const errors = validateTokenRequest(request);
  if (errors.length) throw invalid({ group, kind: 'TokenRequest' }, '', errors);
  const account = await backend.get(ServiceAccounts, info.name, info.namespace);
  const bound = await resolveBound(backend, request.spec?.boundObjectRef, account);
  const { clock, random, jwt } = backend.world;
  const now = clock.now();
  const { claims, expires, audiences } = planToken({
    request,
    account,
    bound,
    issuer: options.issuer,
    apiAudiences: options.audiences,
    id: random.uuid(),
    now,
  });
  const token = jwt.sign(encodeClaims(claims), options.privateKey);
  return objectAnswer(
    {
      kind: 'TokenRequest',
      apiVersion: `${group}/v1`,
      metadata: { ...request.metadata, name: info.name, namespace: info.namespace, creationTimestamp: rfc3339(now) },
      spec: {
        ...request.spec,
        audiences,
        expirationSeconds: request.spec?.expirationSeconds ?? 3600,
        boundObjectRef: request.spec?.boundObjectRef ?? null,
      },
      status: { token, expirationTimestamp: rfc3339(expires) },
    },
    201,
  );
}
