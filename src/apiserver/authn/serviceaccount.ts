// Bearer tokens of ServiceAccounts: signature, times, audience, and that everything the token is bound to still exists.
import type { KubeObject } from '#api/object.ts';
import { Nodes, Pods, type ResourceRef, Secrets, ServiceAccounts } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import type { World } from '#base/world.ts';
import type { UserInfo } from '#client/transport.ts';
import { decodeClaims, type NamedUid, type TokenClaims } from './claims.ts';
import { authenticated, credentialIdKey, serviceAccountGroups, serviceAccountUser } from './groups.ts';

/** The reads that checking a token needs; the server's Backend has them. */
export interface TokenReads {
  peek<T extends KubeObject>(ref: ResourceRef<T>, name: string, namespace?: string): T | undefined;
  get<T extends KubeObject>(ref: ResourceRef<T>, name: string, namespace?: string): Promise<T>;
}

export interface TokenVerifierOptions {
  /** PEM of the keys that may have signed. */
  readonly keys: readonly string[];
  readonly issuer: string;
  readonly reads: TokenReads;
  readonly world: Pick<World, 'jwt' | 'clock'>;
}

export type TokenVerdict =
  | { readonly ok: true; readonly user: UserInfo; readonly audiences: readonly string[] }
  /** `ours` tells a bad token of this issuer from one that somebody else may know. */
  | { readonly ok: false; readonly ours: boolean; readonly error: string };

export interface TokenVerifier {
  verify(token: string, audiences: readonly string[]): Promise<TokenVerdict>;
}

/** A verifier that asks others about tokens that it does not know. */
export function withForeign(own: TokenVerifier, others: readonly ((token: string) => Promise<TokenVerdict | undefined>)[]): TokenVerifier {
  if (others.length === 0) return own;
  return {
    async verify(token, audiences) {
      const verdict = await own.verify(token, audiences);
      if (verdict.ok || verdict.ours) return verdict;
      for (const other of others) {
        const answer = await other(token);
        if (answer) return answer;
      }
      return verdict;
    },
  };
}

/** Signatures that were found good, so that each is checked once; the oldest leaves when full. */
const signatureLimit = 10_000;
/** How long an object may be being deleted while tokens bound to it still work. */
const deletionLeewayMs = 60_000;

const podNameKey = 'authentication.kubernetes.io/pod-name';
const podUidKey = 'authentication.kubernetes.io/pod-uid';
const nodeNameKey = 'authentication.kubernetes.io/node-name';
const nodeUidKey = 'authentication.kubernetes.io/node-uid';

/** The user that a token stands for. */
export function userOfClaims(claims: TokenClaims): UserInfo {
  const extra: Record<string, readonly string[]> = {};
  if (claims.id) extra[credentialIdKey] = [`JTI=${claims.id}`];
  if (claims.node) {
    extra[nodeNameKey] = [claims.node.name];
    extra[nodeUidKey] = [claims.node.uid];
  }
  if (claims.pod) {
    extra[podNameKey] = [claims.pod.name];
    extra[podUidKey] = [claims.pod.uid];
  }
  return authenticated({
    name: serviceAccountUser(claims.namespace, claims.serviceAccount.name),
    uid: claims.serviceAccount.uid,
    groups: serviceAccountGroups(claims.namespace),
    extra,
  });
}

/** Checks tokens of one issuer. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { world, reads } = options;
  const verified = new Map<string, TokenClaims>();

  const signed = (token: string): TokenClaims | undefined => {
    const known = verified.get(token);
    if (known !== undefined) return known;
    const raw = world.jwt.verify(token, options.keys);
    const claims = raw === undefined ? undefined : decodeClaims(raw);
    if (claims === undefined) return undefined;
    if (verified.size >= signatureLimit) verified.delete(verified.keys().next().value ?? '');
    verified.set(token, claims);
    return claims;
  };

  const alive = async <T extends KubeObject>(ref: ResourceRef<T>, wanted: NamedUid, namespace?: string): Promise<boolean> => {
    const matches = (object: T): boolean => {
      const { uid, deletionTimestamp } = object.metadata;
      if (uid !== wanted.uid) return false;
      return !deletionTimestamp || Date.parse(deletionTimestamp) + deletionLeewayMs > world.clock.now();
    };
    const cached = reads.peek(ref, wanted.name, namespace);
    if (cached !== undefined && matches(cached)) return true;
    // The watch cache may be behind: only the store's word refuses somebody.
    try {
      return matches(await reads.get(ref, wanted.name, namespace));
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  };

  const boundProblem = async (claims: TokenClaims): Promise<string | undefined> => {
    const { namespace, serviceAccount, pod, secret, node } = claims;
    if (!(await alive(ServiceAccounts, serviceAccount, namespace))) return 'service account token has been invalidated';
    if (secret && !(await alive(Secrets, secret, namespace))) return 'service account token has been invalidated';
    if (pod && !(await alive(Pods, pod, namespace))) return 'service account token has been invalidated';
    // A node named beside a pod is information; only a token bound to the node itself ends with the node.
    if (node && !pod && !secret && !(await alive(Nodes, node))) return 'service account token has been invalidated';
    return undefined;
  };

  return {
    async verify(token, audiences) {
      const issuer = world.jwt.decode(token)?.['iss'];
      if (issuer !== options.issuer) return { ok: false, ours: false, error: 'token issuer is not known' };
      const refuse = (error: string): TokenVerdict => ({ ok: false, ours: true, error });
      const claims = signed(token);
      if (claims === undefined) return refuse('invalid bearer token');
      const now = Math.floor(world.clock.now() / 1000);
      if (!(claims.expires > now)) return refuse('service account token has expired');
      if (claims.notBefore > now + 1) return refuse('service account token is not valid yet');
      if (claims.subject !== serviceAccountUser(claims.namespace, claims.serviceAccount.name)) {
        return refuse('sub claim does not match the service account');
      }
      const common = claims.audiences.filter((audience) => audiences.includes(audience));
      if (common.length === 0) {
        return refuse(
          `token audiences ${JSON.stringify(claims.audiences)} is invalid for the target audiences ${JSON.stringify(audiences)}`,
        );
      }
      const problem = await boundProblem(claims);
      return problem === undefined ? { ok: true, user: userOfClaims(claims), audiences: common } : refuse(problem);
    },
  };
}
