// TokenRequest: what a token for a ServiceAccount will say.
import type { TokenRequest } from '#api/authentication/v1/tokenrequest.ts';
import type { ServiceAccount } from '#api/core/v1/serviceaccount.ts';
import type { FieldError } from '#api/status.ts';
import type { NamedUid, TokenClaims } from './claims.ts';
import { serviceAccountUser } from './groups.ts';

const defaultSeconds = 3600;
const minSeconds = 600;
const maxSeconds = 2 ** 32;
/** Node agents ask for this many seconds for the volume of every pod: a mark that old clients may be using the token. */
const warnOnlySeconds = 3607;
const extendedSeconds = 365 * 86_400;

/** Life of the token that was asked for. */
export function requestedSeconds(request: Pick<TokenRequest, 'spec'>): number {
  return request.spec?.expirationSeconds ?? defaultSeconds;
}

/** Shape errors beyond the schema. */
export function validateTokenRequest(request: Pick<TokenRequest, 'spec'>): FieldError[] {
  const value = requestedSeconds(request);
  const field = 'spec.expirationSeconds';
  if (value < minSeconds) return [{ type: 'Invalid value', field, value, detail: 'may not specify a duration less than 10 minutes' }];
  if (value > maxSeconds) return [{ type: 'Invalid value', field, value, detail: 'may not specify a duration larger than 2^32 seconds' }];
  return [];
}

export interface BoundObjects {
  readonly pod?: NamedUid;
  readonly secret?: NamedUid;
  readonly node?: NamedUid;
}

export interface IssueInput {
  readonly request: Pick<TokenRequest, 'spec'>;
  readonly account: ServiceAccount;
  readonly bound: BoundObjects;
  readonly issuer: string;
  /** Audiences of the API server itself, used when none are asked for. */
  readonly apiAudiences: readonly string[];
  readonly id: string;
  /** Milliseconds. */
  readonly now: number;
}

/** The claims of the token that answers a request. */
export function planToken(input: IssueInput): { claims: TokenClaims; expires: number; audiences: readonly string[] } {
  const { request, account, bound, apiAudiences } = input;
  const now = Math.floor(input.now / 1000);
  const seconds = requestedSeconds(request);
  const audiences = request.spec?.audiences?.length ? request.spec.audiences : apiAudiences;
  const forApi = audiences.length === apiAudiences.length && audiences.every((audience) => apiAudiences.includes(audience));
  const extend = seconds === warnOnlySeconds && forApi && bound.pod !== undefined;
  const namespace = account.metadata.namespace ?? '';
  const claims: TokenClaims = {
    issuer: input.issuer,
    subject: serviceAccountUser(namespace, account.metadata.name),
    audiences,
    issuedAt: now,
    notBefore: now,
    expires: now + (extend ? extendedSeconds : seconds),
    id: input.id,
    namespace,
    serviceAccount: { name: account.metadata.name, uid: account.metadata.uid ?? '' },
    ...bound,
    ...(extend ? { warnAfter: now + seconds } : {}),
  };
  return { claims, expires: (now + seconds) * 1000, audiences };
}
