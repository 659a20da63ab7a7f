// Who is believed by files: issuers of tokens (OpenID Connect), webhooks for tokens and for access, anonymous requests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SelfSubjectReview } from '#api/authentication/v1/selfsubjectreview.ts';
import { parseAuthenticationConfig } from '#apiserver/authn/authenticationconfig.ts';
import { kubeconfigText } from '#client/kubeconfig.ts';
import { toYaml } from '#format/yaml.ts';
import { createWorld } from '#host/world.ts';
import { startHttpsApi, type HttpsApi } from '../../support/https.ts';
import { startWebhooks, type WebhookServer } from '../../support/webhooks.ts';

const world = createWorld({ logLevel: 'error' });
let dir: string;
let issuer: WebhookServer;
let https: HttpsApi;
let keys: { publicKey: string; privateKey: string };
const stranger = world.pki.generateKey('rsa');
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tutti-authn-'));
  keys = await world.pki.generateKey('ec');
  issuer = await startWebhooks(world, {
    '/tokens': ({ body }) => {
      const { token } = body.spec;
      const user = { username: 'hooked', uid: '7', groups: ['crew'], extra: { from: ['webhook'] } };
      return { body: { kind: 'TokenReview', status: token === 'opaque' ? { authenticated: true, user } : { authenticated: false } } };
    },
    '/access': ({ body }) => {
      const { user, resourceAttributes } = body.spec;
      const allowed = user === 'hooked' && resourceAttributes?.resource === 'configmaps' && resourceAttributes.verb === 'list';
      return { body: { kind: 'SubjectAccessReview', status: { allowed, reason: allowed ? '' : 'not by the webhook' } } };
    },
  });
  issuer.paths.set('/.well-known/openid-configuration', () => ({ body: { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` } }));
  issuer.paths.set('/keys', () => ({ body: world.jwt.jwks([keys.publicKey]) }));
  const config = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    anonymous: { enabled: true, conditions: [{ path: '/livez' }] },
    jwt: [
      {
        issuer: { url: issuer.url, audiences: ['tutti', 'other'], certificateAuthority: issuer.ca, audienceMatchPolicy: 'MatchAny' },
        claimValidationRules: [
          { claim: 'hd', requiredValue: 'example.com' },
          { expression: "claims.sub != 'banned'", message: 'banned are not let in' },
        ],
        claimMappings: {
          username: { expression: "'oidc:' + claims.sub" },
          groups: { claim: 'roles', prefix: 'oidc:' },
          uid: { claim: 'id' },
          extra: [{ key: 'example.com/tenant', valueExpression: 'claims.tenant' }],
        },
        userValidationRules: [{ expression: "!user.username.startsWith('oidc:system:')", message: 'system names are ours' }],
      },
    ],
  };
  await writeFile(join(dir, 'authn.yaml'), toYaml(config));
  for (const name of ['tokens', 'access'])
    await writeFile(join(dir, `${name}.yaml`), kubeconfigText({ server: `${issuer.url}/${name}`, ca: issuer.ca }));
  https = await startHttpsApi({
    security: {
      authenticationConfig: join(dir, 'authn.yaml'),
      authenticationTokenWebhookConfigFile: join(dir, 'tokens.yaml'),
      authorizationWebhookConfigFile: join(dir, 'access.yaml'),
    },
  });
});
after(async () => {
  await https[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

async function ask(path: string, token?: string, body?: object): Promise<{ status: number; text: string }> {
  const response = await world.net.fetch(https.server + path, {
    tls: { ca: https.pki.ca.cert },
    ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
  });
  return { status: response.status, text: await response.text() };
}
const whoami = async (token: string) => {
  const { status, text } = await ask('/apis/authentication.k8s.io/v1/selfsubjectreviews', token, {
    kind: 'SelfSubjectReview',
    apiVersion: 'authentication.k8s.io/v1',
  });
  return status === 201 ? (JSON.parse(text) as SelfSubjectReview).status?.userInfo : status;
};
const claims = (more: object = {}) => ({
  iss: issuer.url,
  aud: 'tutti',
  sub: 'jane',
  hd: 'example.com',
  roles: ['dev', 'ops'],
  id: 'u-1',
  tenant: 'blue',
  exp: Math.floor(world.clock.now() / 1000) + 600,
  ...more,
});
const token = (more: object = {}): string => world.jwt.sign(claims(more), keys.privateKey);

describe('authentication by files', () => {
  it('believes tokens of an issuer, mapped as the configuration says', async () => {
    assert.deepEqual(await whoami(token()), {
      username: 'oidc:jane',
      uid: 'u-1',
      groups: ['oidc:dev', 'oidc:ops', 'system:authenticated'],
      extra: { 'example.com/tenant': ['blue'] },
    });
    assert.equal(typeof (await whoami(token({ aud: ['x', 'other'] }))), 'object');
  });

  it('refuses what a rule, the time, the audience or the signature forbids', async () => {
    const now = Math.floor(world.clock.now() / 1000);
    for (const more of [
      { hd: 'evil.com' },
      { sub: 'banned' },
      { sub: 'system:admin' },
      { exp: now - 5 },
      { nbf: now + 600 },
      { aud: 'nobody' },
      { iss: 'https://other' },
      { sub: '', roles: 7 },
    ]) {
      assert.equal(await whoami(token(more)), 401, JSON.stringify(more));
    }
    assert.equal(await whoami(world.jwt.sign(claims(), (await stranger).privateKey)), 401);
    const [head, body] = token().split('.');
    assert.equal(await whoami(`${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`), 401);
    assert.equal(await whoami(`${head}.${body}.AAAA`), 401);
  });

  it('asks a webhook about other tokens, and another one about access', async () => {
    assert.deepEqual(await whoami('opaque'), {
      username: 'hooked',
      uid: '7',
      groups: ['crew', 'system:authenticated'],
      extra: { from: ['webhook'] },
    });
    assert.equal(await whoami('unknown'), 401);
    assert.equal((await ask('/api/v1/namespaces/default/configmaps', 'opaque')).status, 200);
    const refused = await ask('/api/v1/namespaces/default/secrets', 'opaque');
    assert.equal(refused.status, 403);
    assert.match(refused.text, /cannot list resource \\"secrets\\".*: not by the webhook/);
    const reviews = issuer.asked.filter(({ url }) => url.startsWith('/tokens')).length;
    await whoami('opaque');
    assert.equal(issuer.asked.filter(({ url }) => url.startsWith('/tokens')).length, reviews, 'answers are kept');
  });

  it('lets anonymous requests in where the configuration says', async () => {
    assert.equal((await ask('/livez')).status, 200);
    assert.equal((await ask('/version')).status, 401);
  });

  it('names what is wrong in a configuration', () => {
    const wrap = (jwt: object[]) => ({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt });
    const good = { url: 'https://x', audiences: ['a'] };
    const username = { claim: 'sub', prefix: '' };
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [{}, /expected apiVersion/],
      [wrap([{ issuer: { ...good, url: 'http://x' } }]), /jwt\[0\]\.issuer\.url must be an https URL/],
      [wrap([{ issuer: { url: 'https://x' } }]), /audiences must name at least one/],
      [wrap([{ issuer: good }]), /claimMappings\.username: claim or expression is required/],
      [wrap([{ issuer: good, claimMappings: { username: { claim: 'sub' } } }]), /username\.prefix is required/],
      [
        wrap([
          { issuer: good, claimMappings: { username } },
          { issuer: good, claimMappings: { username } },
        ]),
        /configured twice/,
      ],
    ];
    for (const [value, message] of wrong) assert.throws(() => parseAuthenticationConfig(value), message);
  });
});
