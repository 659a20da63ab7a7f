import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import { notFound, StatusError } from '#api/status.ts';
import type { JwtClaims } from '#base/jwt.ts';
import type { Authorizer } from '../chain.ts';
import { bearerToken } from './bearer.ts';
import { bootstrapUser } from './bootstrap.ts';
import { decodeClaims, encodeClaims } from './claims.ts';
import { impersonate, parseImpersonation } from './impersonation.ts';
import { planToken, validateTokenRequest } from './issue.ts';
import { createTokenVerifier } from './serviceaccount.ts';

const now = Date.UTC(2026, 0, 1);
const request = (spec: object) => ({ metadata: { name: '' }, spec: { audiences: [], ...spec } });
const account = { metadata: { name: 'bot', namespace: 'shop', uid: 'sa-uid' } };
const plan = (spec: object = {}, bound: object = {}) =>
  planToken({ request: request(spec), account, bound, issuer: 'https://issuer', apiAudiences: ['https://issuer'], id: 'jti', now });

test('a token says what Kubernetes tokens say', () => {
  const { claims, expires } = plan({ expirationSeconds: 600 }, { pod: { name: 'p', uid: 'pu' }, node: { name: 'n', uid: 'nu' } });
  const seconds = now / 1000;
  assert.equal(expires, now + 600_000);
  assert.deepEqual(encodeClaims(claims), {
    aud: ['https://issuer'],
    exp: seconds + 600,
    iat: seconds,
    iss: 'https://issuer',
    jti: 'jti',
    'kubernetes.io': {
      namespace: 'shop',
      node: { name: 'n', uid: 'nu' },
      pod: { name: 'p', uid: 'pu' },
      serviceaccount: { name: 'bot', uid: 'sa-uid' },
    },
    nbf: seconds,
    sub: 'system:serviceaccount:shop:bot',
  });
  assert.deepEqual(decodeClaims(encodeClaims(claims)), claims);
});

test('tokens for pod volumes live longer than they say', () => {
  const { claims, expires } = plan({ expirationSeconds: 3607 }, { pod: { name: 'p', uid: 'pu' } });
  assert.equal(expires, now + 3_607_000);
  assert.equal(claims.expires, now / 1000 + 365 * 86_400);
  assert.equal(claims.warnAfter, now / 1000 + 3607);
  assert.equal(plan({ expirationSeconds: 3607, audiences: ['vault'] }, { pod: { name: 'p', uid: 'pu' } }).claims.warnAfter, undefined);
});

test('the life of a token is bounded', () => {
  assert.match(validateTokenRequest(request({ expirationSeconds: 599 }))[0]?.detail ?? '', /less than 10 minutes/);
  assert.match(validateTokenRequest(request({ expirationSeconds: 2 ** 32 + 1 }))[0]?.detail ?? '', /larger than 2\^32/);
  assert.deepEqual(validateTokenRequest(request({})), []);
});

/** Signatures are the host's matter: here a token is its claims. */
const jwt = {
  decode: (token: string) => JSON.parse(token) as JwtClaims,
  verify: (token: string) => (token.includes('forged') ? undefined : (JSON.parse(token) as JwtClaims)),
  sign: () => '',
  verifyWith: () => undefined,
  jwks: () => ({ keys: [] }),
};

function verifier(objects: Record<string, KubeObject[]>, clock: { time: number }) {
  const find = (ref: ResourceRef, name: string, namespace?: string) =>
    objects[ref.resource]?.find((o) => o.metadata.name === name && o.metadata.namespace === namespace);
  return createTokenVerifier({
    keys: ['key'],
    issuer: 'https://issuer',
    world: { jwt, clock: { now: () => clock.time } as never },
    reads: {
      peek: <T extends KubeObject>(ref: ResourceRef<T>, name: string, namespace?: string) =>
        find(ref as ResourceRef, name, namespace) as T | undefined,
      get: async <T extends KubeObject>(ref: ResourceRef<T>, name: string, namespace?: string) => {
        const object = find(ref as ResourceRef, name, namespace);
        if (object === undefined) throw notFound(ref, name);
        return object as T;
      },
    },
  });
}

test('a token lives as long as what it is bound to', async () => {
  const clock = { time: now };
  const objects: Record<string, KubeObject[]> = {
    serviceaccounts: [{ metadata: { name: 'bot', namespace: 'shop', uid: 'sa-uid' } }],
    pods: [{ metadata: { name: 'p', namespace: 'shop', uid: 'pu' } }],
  };
  const check = verifier(objects, clock);
  const token = JSON.stringify(encodeClaims(plan({ expirationSeconds: 600 }, { pod: { name: 'p', uid: 'pu' } }).claims));
  const audiences = ['https://issuer'];
  const good = await check.verify(token, audiences);
  assert.ok(good.ok);
  assert.equal(good.user.name, 'system:serviceaccount:shop:bot');
  assert.deepEqual(good.user.groups, ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated']);
  assert.deepEqual(good.user.extra?.['authentication.kubernetes.io/pod-name'], ['p']);

  const other = await check.verify(token, ['vault']);
  assert.ok(!other.ok && other.ours);
  const forged = await check.verify(token.replace('"jti"', '"forged"'), audiences);
  assert.ok(!forged.ok);
  const foreign = await check.verify(JSON.stringify({ iss: 'https://else' }), audiences);
  assert.ok(!foreign.ok && !foreign.ours);

  clock.time = now + 601_000;
  assert.equal((await check.verify(token, audiences)).ok, false);
  clock.time = now;
  objects['pods'] = [{ metadata: { name: 'p', namespace: 'shop', uid: 'another' } }];
  assert.equal((await check.verify(token, audiences)).ok, false);
  objects['pods'] = [{ metadata: { name: 'p', namespace: 'shop', uid: 'pu', deletionTimestamp: new Date(now - 30_000).toISOString() } }];
  assert.equal((await check.verify(token, audiences)).ok, true);
  clock.time = now + 31_000;
  assert.equal((await check.verify(token, audiences)).ok, false);
});

test('bootstrap tokens', () => {
  const b64 = (text: string): string => Buffer.from(text).toString('base64');
  const data = {
    'token-id': b64('abcdef'),
    'token-secret': b64('0123456789abcdef'),
    'usage-bootstrap-authentication': b64('true'),
    'auth-extra-groups': b64('system:bootstrappers:tutti'),
  };
  const secret = { metadata: { name: 'bootstrap-token-abcdef' }, type: 'bootstrap.kubernetes.io/token', data };
  assert.deepEqual(bootstrapUser('abcdef.0123456789abcdef', secret, now), {
    name: 'system:bootstrap:abcdef',
    groups: ['system:bootstrappers', 'system:bootstrappers:tutti', 'system:authenticated'],
  });
  assert.equal(bootstrapUser('abcdef.0123456789abcdee', secret, now), undefined);
  assert.equal(bootstrapUser('nonsense', secret, now), undefined);
  const expired = { ...secret, data: { ...data, expiration: b64(new Date(now - 1).toISOString()) } };
  assert.equal(bootstrapUser('abcdef.0123456789abcdef', expired, now), undefined);
  const badGroup = { ...secret, data: { ...data, 'auth-extra-groups': b64('system:masters') } };
  assert.equal(bootstrapUser('abcdef.0123456789abcdef', badGroup, now), undefined);
});

test('where a bearer token may stand', () => {
  assert.equal(bearerToken({ authorization: 'Bearer abc' }), 'abc');
  assert.equal(bearerToken({ authorization: 'Basic abc' }), undefined);
  const protocol = `v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.${Buffer.from('abc').toString('base64url')}`;
  assert.equal(bearerToken({ upgrade: 'websocket', 'sec-websocket-protocol': protocol }), 'abc');
  assert.equal(bearerToken({ 'sec-websocket-protocol': protocol }), undefined);
});

const root = { name: 'root', groups: ['system:masters'] };
const all: Authorizer = { authorize: () => ({ decision: 'allow' }) };
const nothing: Authorizer = { authorize: () => ({ decision: 'no-opinion' }) };

test('impersonation headers', async () => {
  assert.equal(parseImpersonation({ accept: '*/*' }), undefined);
  assert.throws(
    () => parseImpersonation({ 'impersonate-group': 'a' }),
    (error: unknown) => error instanceof StatusError && error.code === 400,
  );
  const headers = { 'impersonate-user': 'jane', 'impersonate-group': 'dev, ops', 'impersonate-extra-acme%2fScope': 'x' };
  assert.deepEqual(await impersonate(root, headers, all), {
    name: 'jane',
    groups: ['dev', 'ops', 'system:authenticated'],
    extra: { 'acme/scope': ['x'] },
  });
  const account = await impersonate(root, { 'impersonate-user': 'system:serviceaccount:shop:bot' }, all);
  assert.deepEqual(account.groups, ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated']);
  assert.deepEqual(await impersonate(root, {}, nothing), root);
});

test('impersonation needs the right', async () => {
  await assert.rejects(impersonate({ name: 'bob', groups: [] }, { 'impersonate-user': 'jane' }, nothing), {
    code: 403,
    message: 'users "jane" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster scope',
  });
});
