// The claims of service-account tokens: written by TokenRequest, judged when a token comes back.
import type { JwtClaims } from '#base/jwt.ts';

export interface NamedUid {
  readonly name: string;
  readonly uid: string;
}

/** What a token says, in our words. Times are seconds since the epoch. */
export interface TokenClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  readonly issuedAt: number;
  readonly notBefore: number;
  readonly expires: number;
  readonly id: string;
  readonly namespace: string;
  readonly serviceAccount: NamedUid;
  readonly pod?: NamedUid;
  readonly secret?: NamedUid;
  readonly node?: NamedUid;
  /** After this time the token should have been exchanged for a new one. */
  readonly warnAfter?: number;
}

/** The JSON form, members in the order in which Kubernetes writes them. */
export function encodeClaims(claims: TokenClaims): JwtClaims {
  const { pod, secret, node, warnAfter } = claims;
  return {
    aud: claims.audiences,
    exp: claims.expires,
    iat: claims.issuedAt,
    iss: claims.issuer,
    jti: claims.id,
    'kubernetes.io': {
      namespace: claims.namespace,
      ...(node ? { node } : {}),
      ...(pod ? { pod } : {}),
      ...(secret ? { secret } : {}),
      serviceaccount: claims.serviceAccount,
      ...(warnAfter === undefined ? {} : { warnafter: warnAfter }),
    },
    nbf: claims.notBefore,
    sub: claims.subject,
  };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function namedUid(value: unknown): NamedUid | undefined {
  if (!isObject(value)) return undefined;
  const { name, uid } = value;
  return typeof name === 'string' && typeof uid === 'string' ? { name, uid } : undefined;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const seconds = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN);

/** Reads claims; undefined when it is no token of a ServiceAccount. */
export function decodeClaims(claims: JwtClaims): TokenClaims | undefined {
  const own = claims['kubernetes.io'];
  if (!isObject(own)) return undefined;
  const serviceAccount = namedUid(own['serviceaccount']);
  const namespace = text(own['namespace']);
  if (serviceAccount === undefined || namespace === '') return undefined;
  const audience = claims['aud'];
  const audiences =
    typeof audience === 'string' ? [audience] : Array.isArray(audience) ? audience.filter((a) => typeof a === 'string') : [];
  const pod = namedUid(own['pod']);
  const secret = namedUid(own['secret']);
  const node = namedUid(own['node']);
  const warnAfter = own['warnafter'];
  return {
    issuer: text(claims['iss']),
    subject: text(claims['sub']),
    audiences,
    issuedAt: seconds(claims['iat']),
    notBefore: seconds(claims['nbf']),
    expires: seconds(claims['exp']),
    id: text(claims['jti']),
    namespace,
    serviceAccount,
    ...(pod ? { pod } : {}),
    ...(secret ? { secret } : {}),
    ...(node ? { node } : {}),
    ...(typeof warnAfter === 'number' ? { warnAfter } : {}),
  };
}
