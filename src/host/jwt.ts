// JSON Web Tokens with node:crypto.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign as signBytes, verify as verifyBytes } from 'node:crypto';
import type { Jwk, Jwt, JwtClaims } from '#base/jwt.ts';

interface Key {
  readonly pem: string;
  /** The key itself, where the text holds a private one. */
  readonly privateKey: KeyObject | undefined;
  readonly publicKey: KeyObject;
  readonly kid: string;
  readonly algorithm: 'RS256' | 'ES256';
}

// Parsing a PEM costs more than a signature check; there are two or three keys in a process.
const keys = new Map<string, Key>();
const keyLimit = 64;

function keyOf(pem: string): Key {
  const known = keys.get(pem);
  if (known !== undefined) return known;
  const publicKey = createPublicKey(pem);
  const type = publicKey.asymmetricKeyType;
  const curve = publicKey.asymmetricKeyDetails?.namedCurve;
  if (type !== 'rsa' && !(type === 'ec' && curve === 'prime256v1')) throw new Error(`unsupported key for tokens: ${type} ${curve ?? ''}`);
  // The id that Kubernetes gives to a key: the hash of its public half.
  const kid = createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('base64url');
  const privateKey = pem.includes('PRIVATE KEY') ? createPrivateKey(pem) : undefined;
  const key: Key = { pem, privateKey, publicKey, kid, algorithm: type === 'rsa' ? 'RS256' : 'ES256' };
  if (keys.size >= keyLimit) keys.clear();
  keys.set(pem, key);
  return key;
}

const foreign: Readonly<Record<string, { readonly kty: string; readonly crv?: string; readonly hash: string } | undefined>> = {
  RS256: { kty: 'RSA', hash: 'sha256' },
  RS384: { kty: 'RSA', hash: 'sha384' },
  RS512: { kty: 'RSA', hash: 'sha512' },
  ES256: { kty: 'EC', crv: 'P-256', hash: 'sha256' },
  ES384: { kty: 'EC', crv: 'P-384', hash: 'sha384' },
  ES512: { kty: 'EC', crv: 'P-521', hash: 'sha512' },
};

function parse(part: string | undefined): JwtClaims | undefined {
  if (part === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JwtClaims) : undefined;
  } catch {
    return undefined;
  }
}

function encode(value: JwtClaims): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

export const realJwt: Jwt = {
  sign(claims, privateKey) {
    const key = keyOf(privateKey);
    const text = `${encode({ alg: key.algorithm, kid: key.kid })}.${encode(claims)}`;
    if (key.privateKey === undefined) throw new Error('tokens are signed with private keys only');
    const signature = signBytes('sha256', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  },
  verify(token, candidates) {
    const parts = token.split('.');
    if (parts.length !== 3) return undefined;
    const header = parse(parts[0]);
    if (header === undefined || header['crit'] !== undefined) return undefined;
    const signature = Buffer.from(parts[2] ?? '', 'base64url');
    const text = Buffer.from(`${parts[0]}.${parts[1]}`);
    for (const candidate of candidates) {
      const key = keyOf(candidate);
      // The algorithm is the key's, never the token's choice.
      if (header['alg'] !== key.algorithm || (header['kid'] !== undefined && header['kid'] !== key.kid)) continue;
      if (verifyBytes('sha256', text, { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, signature)) return parse(parts[1]);
    }
    return undefined;
  },
  verifyWith(token, jwks) {
    const parts = token.split('.');
    const header = parts.length === 3 ? parse(parts[0]) : undefined;
    const algorithm = foreign[String(header?.['alg'])];
    if (header === undefined || algorithm === undefined || header['crit'] !== undefined) return undefined;
    const signature = Buffer.from(parts[2] ?? '', 'base64url');
    const text = Buffer.from(`${parts[0]}.${parts[1]}`);
    for (const jwk of jwks) {
      if (jwk['kty'] !== algorithm.kty || (algorithm.crv !== undefined && jwk['crv'] !== algorithm.crv)) continue;
      if (header['kid'] !== undefined && jwk['kid'] !== undefined && header['kid'] !== jwk['kid']) continue;
      try {
        const key = createPublicKey({ key: jwk as never, format: 'jwk' });
        if (verifyBytes(algorithm.hash, text, { key, dsaEncoding: 'ieee-p1363' }, signature)) return parse(parts[1]);
      } catch {
        // A key that is none: the next one may be.
      }
    }
    return undefined;
  },
  decode(token) {
    const parts = token.split('.');
    return parts.length === 3 ? parse(parts[1]) : undefined;
  },
  jwks: (pems) => ({
    keys: pems.map((pem) => {
      const key = keyOf(pem);
      return { use: 'sig', kid: key.kid, alg: key.algorithm, ...(key.publicKey.export({ format: 'jwk' }) as { kty: string }) } as Jwk;
    }),
  }),
};
