// Front proxies before the API server: who may say in headers for whom he asks, and who may not.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { KeyPair } from '#base/pki.ts';
import { loadSecurity } from '#cmd/security.ts';
import { createWorld } from '#host/world.ts';
import { type HttpsApi, startHttpsApi } from '../../support/https.ts';

interface Told {
  readonly code: number;
  readonly user?: { username: string; uid?: string; groups: string[]; extra?: Record<string, string[]> };
}

/** Who the server takes the sender of headers for. */
async function whoAmI(https: HttpsApi, pair: KeyPair, headers: Record<string, string | readonly string[]>): Promise<Told> {
  const response = await https.api.world.net.fetch(`${https.server}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
    tls: { ca: https.pki.ca.cert, cert: pair.cert, key: pair.key },
  });
  const answer = JSON.parse(await response.text());
  return { code: response.status, user: answer.status?.userInfo };
}

test('the cluster’s own front proxy is believed, and nobody else', async () => {
  await using https = await startHttpsApi();
  const { pki } = https.api.world;
  const headers = {
    'x-remote-user': 'jane',
    'x-remote-uid': 'u-1',
    'x-remote-group': ['dev', 'ops'],
    'x-remote-extra-example.com%2fscopes': 'view',
  };
  assert.deepEqual(await whoAmI(https, https.pki.frontProxyClient, headers), {
    code: 201,
    user: {
      username: 'jane',
      uid: 'u-1',
      groups: ['dev', 'ops', 'system:authenticated'],
      extra: { 'example.com/scopes': ['view'] },
    },
  });
  // Without a user, a front proxy is nobody here.
  assert.equal((await whoAmI(https, https.pki.frontProxyClient, {})).code, 401);
  // A user's own certificate stays his own, whatever he claims.
  assert.equal((await whoAmI(https, https.pki.admin, headers)).user?.username, 'kubernetes-admin');
  // Of the right authority, but under another name; and of another authority under the right name.
  const other = await pki.issue(https.pki.frontProxyCa, { commonName: 'somebody', usages: ['client'] });
  assert.equal((await whoAmI(https, other, headers)).code, 401);
  const forged = await pki.issue(await pki.createCa('forged'), { commonName: 'front-proxy-client', usages: ['client'] });
  assert.equal((await whoAmI(https, forged, headers)).code, 401);
  const posing = await pki.issue(https.pki.ca, { commonName: 'front-proxy-client', usages: ['client'] });
  assert.equal((await whoAmI(https, posing, headers)).user?.username, 'front-proxy-client');
});

test('another front proxy is named by flags', async (t) => {
  const world = createWorld({ logLevel: 'error' });
  const dir = await mkdtemp(join(tmpdir(), 'tutti-proxy-'));
  t.after(() => rm(dir, { recursive: true }));
  const ca = await world.pki.createCa('gateway-ca');
  const requestheaderClientCaFile = join(dir, 'ca.crt');
  await writeFile(requestheaderClientCaFile, ca.cert);
  const security = {
    requestheaderClientCaFile,
    requestheaderAllowedNames: 'gateway, spare',
    requestheaderUsernameHeaders: 'X-Gateway-User',
    requestheaderGroupHeaders: 'X-Gateway-Group',
  };
  await using https = await startHttpsApi({ security });
  const gateway = await world.pki.issue(ca, { commonName: 'gateway', usages: ['client'] });
  const { user } = await whoAmI(https, gateway, { 'x-gateway-user': 'joe', 'x-gateway-group': 'dev', 'x-remote-user': 'root' });
  assert.deepEqual(user, { username: 'joe', groups: ['dev', 'system:authenticated'] });
  assert.equal((await whoAmI(https, https.pki.frontProxyClient, { 'x-gateway-user': 'joe' })).code, 401);

  await assert.rejects(loadSecurity(world, { requestheaderClientCaFile }, []), /needs --requestheader-username-headers/);
  await writeFile(requestheaderClientCaFile, 'no certificate');
  await assert.rejects(loadSecurity(world, security, []), /ca\.crt: holds no certificate/);
});
