// Tokens of other issuers (OpenID Connect), as an AuthenticationConfiguration describes them.
import { messageOf } from '#base/errors.ts';
import type { JwtClaims } from '#base/jwt.ts';
import { withTimeout } from '#base/signal.ts';
import type { World } from '#base/world.ts';
import { parseJson } from '#format/json.ts';
import type { UserInfo } from '#client/transport.ts';
import type { Issuer } from './authenticationconfig.ts';
import { mapClaims } from './claimmapping.ts';
import { authenticated } from './groups.ts';
import type { TokenVerdict } from './serviceaccount.ts';

/** Milliseconds for which keys are believed, and between two looks for keys that are not known yet. */
const keysLife = 3_600_000;
const keysPause = 10_000;
const patience = 10_000;
const largest = 1024 * 1024;

type Keys = readonly Readonly<Record<string, unknown>>[];

export class IssuerVerifier {
  readonly issuer: Issuer;
  readonly #world: World;
  #keys: { readonly keys: Keys; readonly at: number } | undefined;
  #loading: Promise<Keys> | undefined;

  constructor(world: World, issuer: Issuer) {
    this.#world = world;
    this.issuer = issuer;
  }

  async #json(url: string): Promise<Readonly<Record<string, unknown>>> {
    const { certificateAuthority: ca } = this.issuer;
    using limit = withTimeout(this.#world.clock, patience);
    const response = await this.#world.net.fetch(url, { signal: limit.signal, ...(ca ? { tls: { ca } } : {}) });
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body) {
      size += chunk.length;
      if (size > largest) throw new Error(`${url}: the answer is too large`);
      chunks.push(chunk);
    }
    if (response.status !== 200) throw new Error(`${url}: the answer is ${response.status}`);
    const value = parseJson(Buffer.concat(chunks));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${url}: the answer is no object`);
    return value as Readonly<Record<string, unknown>>;
  }

  async #load(): Promise<Keys> {
    const { url, discoveryURL } = this.issuer;
    const about = await this.#json(discoveryURL ?? `${url.replace(/\/$/, '')}/.well-known/openid-configuration`);
    if (about['issuer'] !== url) throw new Error(`the issuer calls itself ${JSON.stringify(about['issuer'])}, not ${JSON.stringify(url)}`);
    if (typeof about['jwks_uri'] !== 'string') throw new Error('the issuer names no jwks_uri');
    const { keys } = await this.#json(about['jwks_uri']);
    const list = Array.isArray(keys) ? (keys as Keys) : [];
    this.#keys = { keys: list, at: this.#world.clock.monotonic() };
    return list;
  }

  #fresh(): Promise<Keys> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #signed(token: string): Promise<JwtClaims | undefined> {
    const age = this.#keys ? this.#world.clock.monotonic() - this.#keys.at : Infinity;
    const claims = this.#world.jwt.verifyWith(token, this.#keys && age < keysLife ? this.#keys.keys : await this.#fresh());
    // Issuers change their keys: one that nobody knows may be new.
    if (claims || age < keysPause) return claims;
    return this.#world.jwt.verifyWith(token, await this.#fresh());
  }

  /** The user of a token of this issuer. Throws an Error that says why not. */
  async user(token: string): Promise<UserInfo> {
    const claims = await this.#signed(token);
    if (!claims) throw new Error('the signature is not that of the issuer');
    const now = this.#world.clock.now() / 1000;
    const { exp, nbf, aud } = claims;
    if (typeof exp !== 'number' || exp <= now) throw new Error('the token has expired');
    if (typeof nbf === 'number' && nbf > now + 60) throw new Error('the token is not valid yet');
    const audiences = Array.isArray(aud) ? aud : [aud];
    if (!this.issuer.audiences.some((wanted) => audiences.includes(wanted)))
      throw new Error(`expected audience in ${JSON.stringify(this.issuer.audiences)} got ${JSON.stringify(audiences)}`);
    return authenticated(await mapClaims(this.issuer, claims));
  }
}

/** Somebody who may know a token that is not ours; `undefined`: not even that. */
export type ForeignTokens = (token: string) => Promise<TokenVerdict | undefined>;

/** Knows the tokens of configured issuers. */
export function issuerTokens(world: World, issuers: readonly Issuer[], apiAudiences: readonly string[]): ForeignTokens {
  const verifiers = new Map(issuers.map((issuer) => [issuer.url, new IssuerVerifier(world, issuer)]));
  return async (token) => {
    const issuer = world.jwt.decode(token)?.['iss'];
    const verifier = typeof issuer === 'string' ? verifiers.get(issuer) : undefined;
    if (!verifier) return undefined;
    try {
      return { ok: true, user: await verifier.user(token), audiences: apiAudiences };
    } catch (error) {
      return { ok: false, ours: true, error: messageOf(error) };
    }
  };
}
