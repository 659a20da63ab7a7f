// JSON Web Tokens as an argument (DESIGN law 1): signature work only, claims are judged by the caller.

export type JwtClaims = Readonly<Record<string, unknown>>;

export interface Jwk {
  readonly use: 'sig';
  readonly kty: string;
  readonly kid: string;
  readonly alg: 'RS256' | 'ES256';
  readonly [member: string]: string;
}

export interface Jwt {
  /** Signs with an RSA (RS256) or EC P-256 (ES256) private key in PEM; `kid` in the header is the key's own id. */
  sign(claims: JwtClaims, privateKey: string): string;
  /** The claims when one of the public (or private) keys in PEM made the signature; undefined otherwise. Looks at no claim. */
  verify(token: string, keys: readonly string[]): JwtClaims | undefined;
  /** Like `verify`, with the keys of somebody else's key set: RS256, RS384, RS512, ES256, ES384, ES512. */
  verifyWith(token: string, jwks: readonly Readonly<Record<string, unknown>>[]): JwtClaims | undefined;
  /** The claims without any check: only to choose whom to ask. Undefined when it is no JWT. */
  decode(token: string): JwtClaims | undefined;
  /** The public halves as a JSON Web Key Set. */
  jwks(keys: readonly string[]): { readonly keys: readonly Jwk[] };
}
