// Who is let in, over real TLS; the keys of the cluster on disk; tokens and what they are bound to.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ServiceAccounts } from '#api/refs.ts';
import { ensurePki } from '#apiserver/pki.ts';
import type { TlsClientOptions } from '#base/net.ts';
import { createWorld } from '#host/world.ts';
import { type HttpsApi, startHttpsApi } from '../../support/https.ts';

let https: HttpsApi;
before(async () => {
  https = await startHttpsApi();
});
after(() => https[Symbol.asyncDispose]());

async function get(path: string, tls: TlsClientOptions = {}, headers: Readonly<Record<string, string>> = {}) {
  const response = await https.api.world.net.fetch(https.server + path, { tls: { ca: https.pki.ca.cert, ...tls }, headers });
  const text = await response.text();
  let object: Record<string, unknown> = {};
  try {
    object = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // plain text
  }
  return { status: response.status, text, object };
}

test('strangers see health and version, nothing else', async () => {
  for (const path of ['/healthz', '/livez', '/readyz', '/version']) assert.equal((await get(path)).status, 200, path);
  const refused = await get('/api/v1/namespaces');
  assert.equal(refused.status, 403);
  assert.equal(
    refused.object['message'],
    'namespaces is forbidden: User "system:anonymous" cannot list resource "namespaces" in API group "" at the cluster scope',
  );
  const discovery = await get('/apis');
  assert.equal(discovery.status, 403);
  assert.equal(discovery.object['message'], 'forbidden: User "system:anonymous" cannot get path "/apis"');
});

test('bad credentials do not make a stranger of somebody', async () => {
  const token = await get('/version', {}, { authorization: 'Bearer nonsense' });
  assert.deepEqual([token.status, token.object['message'], token.object['reason']], [401, 'Unauthorized', 'Unauthorized']);
  const world = createWorld({ logLevel: 'error' });
  const foreign = await world.pki.issue(await world.pki.createCa('somebody else'), {
    commonName: 'kubernetes-admin',
    organizations: ['system:masters'],
    usages: ['client'],
  });
  const certificate = await get('/api/v1/namespaces', { cert: foreign.cert, key: foreign.key });
  assert.equal(certificate.status, 401);
});

test('the administrator may everything', async () => {
  const { cert, key } = https.pki.admin;
  assert.equal((await get('/api/v1/namespaces', { cert, key })).status, 200);
});

test('a node agent may what nodes may', async () => {
  const { cert, key } = await https.pki.identity('node-x', {
    commonName: 'system:node:x',
    organizations: ['system:nodes'],
    usages: ['client'],
  });
  assert.equal((await get('/api/v1/pods?fieldSelector=spec.nodeName%3Dx', { cert, key })).status, 200);
  assert.equal((await get('/api/v1/pods', { cert, key })).status, 403);
  assert.equal((await get('/api/v1/secrets', { cert, key })).status, 403);
});

async function tokenOf(name: string): Promise<string> {
  const { cert, key } = https.pki.admin;
  const response = await https.api.world.net.fetch(`${https.server}/api/v1/namespaces/default/serviceaccounts/${name}/token`, {
    method: 'POST',
    tls: { ca: https.pki.ca.cert, cert, key },
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }),
  });
  const object = JSON.parse(await response.text()) as { status: { token: string } };
  return object.status.token;
}

test('a token lets its account in until the account is gone', async () => {
  const accounts = https.api.client.resource(ServiceAccounts);
  await accounts.create({ metadata: { name: 'bot', namespace: 'default' } });
  const authorization = `Bearer ${await tokenOf('bot')}`;
  const path = '/api/v1/namespaces/default/pods';
  const known = await get(path, {}, { authorization });
  assert.equal(known.status, 403);
  assert.match(String(known.object['message']), /^pods is forbidden: User "system:serviceaccount:default:bot" cannot list/);
  assert.equal((await get('/apis', {}, { authorization })).status, 200);
  await accounts.delete('bot', { namespace: 'default' });
  assert.equal((await get(path, {}, { authorization })).status, 401);
  // An account of the same name is another one.
  await accounts.create({ metadata: { name: 'bot', namespace: 'default' } });
  assert.equal((await get(path, {}, { authorization })).status, 401);
});

test("others can check tokens with the issuer's documents", async () => {
  const accounts = https.api.client.resource(ServiceAccounts);
  await accounts.create({ metadata: { name: 'checked', namespace: 'default' } });
  const token = await tokenOf('checked');
  const headers = { authorization: `Bearer ${token}` };
  const configuration = await get('/.well-known/openid-configuration', {}, headers);
  assert.equal(configuration.status, 200);
  assert.equal(configuration.object['issuer'], 'https://kubernetes.default.svc.cluster.local');
  assert.equal(configuration.object['jwks_uri'], 'https://kubernetes.default.svc.cluster.local/openid/v1/jwks');
  const { keys } = (await get('/openid/v1/jwks', {}, headers)).object as { keys: { kid: string; alg: string; use: string }[] };
  const { createLocalJWKSet, jwtVerify } = await import('jose');
  const { payload } = await jwtVerify(token, createLocalJWKSet({ keys } as never), {
    issuer: 'https://kubernetes.default.svc.cluster.local',
    audience: 'https://kubernetes.default.svc.cluster.local',
  });
  assert.equal(payload.sub, 'system:serviceaccount:default:checked');
});

test('keys are made once, kept private, and made anew only when they must be', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'tutti-pki-'));
  try {
    const world = createWorld({ logLevel: 'error' });
    const options = { dir: join(dir, 'pki'), ips: ['10.96.0.1', 'fd00::1'], dnsNames: ['node-1'], clusterDomain: 'cluster.local' };
    const first = await ensurePki(world, options);
    for (const name of await readdir(options.dir)) {
      const { mode } = await stat(join(options.dir, name));
      assert.equal(mode & 0o777, name === 'ca.crt' ? 0o644 : 0o600, name);
    }
    const info = world.pki.parseCert(first.serving.cert);
    for (const name of ['kubernetes', 'kubernetes.default.svc.cluster.local', 'localhost', 'node-1'])
      assert.ok(info.dnsNames.includes(name), name);
    assert.ok(info.ips.includes('10.96.0.1') && info.ips.includes('127.0.0.1'));
    assert.ok(world.pki.signedBy(first.admin.cert, first.ca.cert));
    assert.deepEqual(world.pki.parseCert(first.admin.cert).organizations, ['system:masters']);

    const second = await ensurePki(world, options);
    assert.deepEqual(
      [second.ca, second.serving, second.admin, second.serviceAccount],
      [first.ca, first.serving, first.admin, first.serviceAccount],
    );

    const moved = await ensurePki(world, { ...options, ips: [...options.ips, '192.0.2.7'] });
    assert.equal(moved.ca.cert, first.ca.cert);
    assert.notEqual(moved.serving.cert, first.serving.cert);
    assert.equal(moved.admin.cert, first.admin.cert);

    const later = { ...world, clock: { ...world.clock, now: () => world.clock.now() + 320 * 86_400_000 } };
    const renewed = await ensurePki(later, options);
    assert.equal(renewed.ca.cert, first.ca.cert);
    assert.notEqual(renewed.admin.cert, first.admin.cert);

    await writeFile(join(options.dir, 'admin.pem'), 'half a fi');
    const repaired = await ensurePki(world, options);
    assert.ok(world.pki.signedBy(repaired.admin.cert, repaired.ca.cert));
    assert.match(await readFile(join(options.dir, 'admin.pem'), 'utf8'), /BEGIN CERTIFICATE[\s\S]+PRIVATE KEY/);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
