// What the claims of a token say about its user. Expressions are loaded when the first issuer that uses them is asked.
import type { JwtClaims } from '#base/jwt.ts';
import type { UserInfo } from '#client/transport.ts';
import type { Issuer, Mapping } from './authenticationconfig.ts';

type Evaluate = (expression: string, variables: Readonly<Record<string, unknown>>) => Promise<unknown>;

const texts = (value: unknown, what: string): string[] => {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value as string[];
  throw new Error(`${what} must be a string or a list of strings`);
};

/** Dots in a claim's name lead into nested claims. */
function claimOf(claims: JwtClaims, name: string): unknown {
  if (claims[name] !== undefined) return claims[name];
  let at: unknown = claims;
  for (const step of name.split('.')) at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[step] : undefined;
  return at;
}

async function mapped(mapping: Mapping | undefined, claims: JwtClaims, evaluate: Evaluate, what: string): Promise<string[]> {
  if (!mapping) return [];
  if (mapping.expression !== undefined) return texts(await evaluate(mapping.expression, { claims }), what);
  return texts(claimOf(claims, mapping.claim ?? ''), what).map((text) => (mapping.prefix ?? '') + text);
}

/** The user that the claims describe. Throws an Error when a rule does not hold. */
export async function mapClaims(issuer: Issuer, claims: JwtClaims): Promise<UserInfo> {
  const evaluate: Evaluate = async (expression, variables) => (await import('./claimexpressions.ts')).evaluateClaims(expression, variables);
  for (const { claim, requiredValue, expression, message } of issuer.claimRules) {
    const holds =
      expression === undefined ? claimOf(claims, claim ?? '') === requiredValue : (await evaluate(expression, { claims })) === true;
    if (!holds)
      throw new Error(
        message ?? (claim ? `claim ${JSON.stringify(claim)} has not the required value` : `validation expression '${expression}' failed`),
      );
  }
  const { username } = issuer;
  // A mail address that nobody has checked is no name.
  if (username.claim === 'email' && claims['email_verified'] !== undefined && claims['email_verified'] !== true)
    throw new Error('the email address is not verified');
  const [name = ''] = await mapped(username, claims, evaluate, 'the user name');
  if (name === '') throw new Error('the user name is empty');
  const groups = await mapped(issuer.groups, claims, evaluate, 'the groups');
  const [uid] = await mapped(issuer.uid, claims, evaluate, 'the uid');
  const extra: Record<string, readonly string[]> = {};
  for (const { key, valueExpression } of issuer.extra) {
    const values = texts(await evaluate(valueExpression, { claims }), `extra ${key}`);
    if (values.length > 0) extra[key] = values;
  }
  const user = { username: name, uid: uid ?? '', groups, extra };
  for (const { expression, message } of issuer.userRules) {
    if ((await evaluate(expression, { user })) !== true) throw new Error(message ?? `validation expression '${expression}' failed`);
  }
  return { name, groups, ...(uid ? { uid } : {}), ...(Object.keys(extra).length > 0 ? { extra } : {}) };
}
