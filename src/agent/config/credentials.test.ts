import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Secret } from '#api/core/v1/secret.ts';
import { registryCredentials, registryMatches } from './credentials.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secret = (auths: object): Secret => ({
  metadata: { name: 's' },
  type: 'kubernetes.io/dockerconfigjson',
  data: { '.dockerconfigjson': base64(JSON.stringify({ auths })) },
});

test('registry keys', () => {
  const image = { domain: 'eu.registry.example', path: 'team/app' };
  for (const key of ['eu.registry.example', 'https://eu.registry.example/v2/', '*.registry.example', 'eu.registry.example/team'])
    assert.ok(registryMatches(key, image), key);
  for (const key of ['registry.example', '*.example', 'eu.registry.example/other']) assert.ok(!registryMatches(key, image), key);
  assert.ok(registryMatches('https://index.docker.io/v1/', { domain: 'docker.io', path: 'library/busybox' }));
});

test('the most specific credentials first', () => {
  const secrets = [
    secret({ 'r.example': { auth: base64('a:b:c') }, 'r.example/team': { username: 'u', password: 'p' } }),
    { metadata: { name: 'x' }, type: 'Opaque' },
  ];
  const found = registryCredentials('r.example/team/app:1', secrets, (text) => `#${text}`);
  const source = (credentialHash: string) => ({ kubernetesSecrets: [{ uid: '', namespace: '', name: 's', credentialHash }] });
  assert.deepEqual(found, [
    { auth: { username: 'u', password: 'p' }, source: source('#{"username":"u","password":"p"}') },
    { auth: { username: 'a', password: 'b:c' }, source: source('#{"username":"a","password":"b:c"}') },
  ]);
  assert.deepEqual(
    registryCredentials('busybox', secrets, (text) => text),
    [],
  );
});

test('credentials are told apart as kubelet does: by what they are, wherever they stand', () => {
  const hash = (auths: object): string | undefined =>
    registryCredentials('r.example/app', [secret(auths)], (text) => text)[0]?.source?.kubernetesSecrets?.[0]?.credentialHash;
  const entry = { username: 'u', password: '<p>', email: 'u@r.example' };
  assert.equal(hash({ 'r.example': entry }), String.raw`{"username":"u","password":"\u003cp\u003e","email":"u@r.example"}`);
  assert.equal(hash({ '*.example': entry, 'https://r.example/v2/': { ...entry, auth: base64('u:<p>') } }), hash({ 'r.example': entry }));
});
