import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { ServiceAccount } from '#api/core/v1/serviceaccount.ts';
import { parseReference } from '../images/reference.ts';
import { readProviders } from './config.ts';
import { matchesImage } from './match.ts';
import { readAnswer } from './plugin.ts';
import { CredentialProviders } from './providers.ts';

const v1 = 'credentialprovider.kubelet.k8s.io/v1';
const provider = { name: 'vault', matchImages: ['*.registry.io'], defaultCacheDuration: '10m', apiVersion: v1 };
const config = (...providers: object[]): string =>
  JSON.stringify({ apiVersion: 'kubelet.config.k8s.io/v1', kind: 'CredentialProviderConfig', providers });

const rows: readonly (readonly [string, string, boolean])[] = [
  ['*.registry.io', 'a.registry.io/team/app', true],
  ['*.registry.io', 'a.b.registry.io/team/app', false],
  ['*.registry.io', 'registry.io/app', false],
  ['registry.io:8080/team', 'registry.io:8080/team/app:1', true],
  ['registry.io/team', 'registry.io:8080/team/app', false],
  ['registry.io:8080/other', 'registry.io:8080/team/app', false],
  ['a?.registry.io', 'ab.registry.io/app', true],
  ['docker.io', 'busybox', true],
];
for (const [pattern, image, expected] of rows) {
  test(`${pattern} is ${expected ? '' : 'not '}for ${image}`, () => {
    const reference = parseReference(image);
    assert.ok(reference);
    assert.equal(matchesImage(pattern, reference), expected);
  });
}

const refused: readonly (readonly [object, RegExp])[] = [
  [{ ...provider, name: 'a/b' }, /providers\[0\].name: provider name cannot contain path separators/],
  [{ ...provider, matchImages: [] }, /at least 1 item in matchImages is required/],
  [{ ...provider, apiVersion: 'v1' }, /apiVersion: "v1" is not supported/],
  [{ ...provider, defaultCacheDuration: undefined }, /defaultCacheDuration: Required value/],
  [{ ...provider, tokenAttributes: { serviceAccountTokenAudience: 'x', requireServiceAccount: true } }, /cacheType: must be/],
];
for (const [entry, problem] of refused) test(`refused: ${problem}`, () => assert.throws(() => readProviders(config(entry)), problem));
test('no providers, or one twice', () => {
  assert.throws(() => readProviders(config()), /at least 1 item in plugins is required/);
  assert.throws(() => readProviders(config(provider, provider)), /Duplicate value: "vault"/);
});

test('what a plugin may answer', () => {
  const answer = (more: object): string =>
    JSON.stringify({ kind: 'CredentialProviderResponse', apiVersion: v1, cacheKeyType: 'Image', ...more });
  assert.deepEqual(readAnswer(answer({ cacheDuration: '5m0s', auth: { 'a.io': { username: 'u', password: 'p' } } }), v1), {
    cacheKeyType: 'Image',
    cacheDuration: 300_000,
    auth: { 'a.io': { username: 'u', password: 'p' } },
  });
  assert.throws(() => readAnswer(answer({ cacheKeyType: 'Any' }), v1), /valid cacheKeyType/);
  assert.throws(() => readAnswer(answer({ apiVersion: 'x' }), v1), /did not match expected apiVersion/);
  assert.throws(() => readAnswer('nothing', v1));
});

interface Asked {
  readonly command: string;
  readonly input: Record<string, unknown>;
}

/** A world in which every plugin answers with the user that counts its calls. */
function world(cacheKeyType: string, cacheDuration?: string): { asked: Asked[]; now: { ms: number }; world: World } {
  const asked: Asked[] = [];
  const now = { ms: 0 };
  const run = (command: string, _args: readonly string[], { input }: { input: string }) => {
    asked.push({ command, input: JSON.parse(input) as Record<string, unknown> });
    const auth = { '*.registry.io': { username: `user-${asked.length}`, password: 'p' } };
    const answer = { kind: 'CredentialProviderResponse', apiVersion: v1, cacheKeyType, cacheDuration, auth };
    return Promise.resolve({ code: 0, stdout: JSON.stringify(answer), stderr: '' });
  };
  const parts = {
    exec: { run },
    clock: { now: () => now.ms },
    log: { warn: () => undefined },
    digest: { sha256: (text: string) => `#${text}` },
  };
  return { asked, now, world: parts as unknown as World };
}

const pod = (name: string, serviceAccountName = ''): Pod =>
  ({ metadata: { name, namespace: 'd' }, spec: { serviceAccountName, containers: [] } }) as unknown as Pod;

function providers(deps: { world: World }, entry: object = provider): CredentialProviders {
  return new CredentialProviders({
    world: deps.world,
    providers: readProviders(config(entry)),
    directory: '/plugins',
    tokens: { token: () => Promise.resolve({ token: 'secret', refreshAt: 0, expires: 0 }) },
    account: (_namespace, name) =>
      Promise.resolve({ metadata: { name, uid: `uid-${name}`, annotations: { 'a.io/role': 'puller' } } } as unknown as ServiceAccount),
  });
}

test('a plugin is asked with the image, and its answer is kept as it says', async () => {
  const fake = world('Registry');
  const all = providers(fake);
  const user = async (image: string): Promise<string | undefined> => (await all.credentials(image, pod('p')))[0]?.auth.username;
  assert.equal(await user('a.registry.io/app:1'), 'user-1');
  assert.deepEqual(fake.asked[0], {
    command: '/plugins/vault',
    input: { kind: 'CredentialProviderRequest', apiVersion: v1, image: 'a.registry.io/app' },
  });
  assert.equal(await user('a.registry.io/other'), 'user-1');
  assert.equal(await user('b.registry.io/app'), 'user-2');
  assert.equal(await user('docker.io/app'), undefined);
  // Without a token of the pod's account, the credentials are the node's.
  assert.equal((await all.credentials('a.registry.io/app', pod('p')))[0]?.source, undefined);
  fake.now.ms = 10 * 60_000;
  assert.equal(await user('a.registry.io/app:1'), 'user-3');
});

test('an answer that is good for no time is asked for again; pods that start together ask once', async () => {
  const fake = world('Global', '0s');
  const all = providers(fake);
  await Promise.all(['p', 'q'].map((name) => all.credentials('a.registry.io/app', pod(name))));
  assert.equal(fake.asked.length, 1);
  await all.credentials('a.registry.io/app', pod('r'));
  assert.equal(fake.asked.length, 2);
});

test('with tokens of service accounts: who asks matters', async () => {
  const fake = world('Registry');
  const tokenAttributes = {
    serviceAccountTokenAudience: 'registry',
    cacheType: 'ServiceAccount',
    requireServiceAccount: true,
    requiredServiceAccountAnnotationKeys: ['a.io/role'],
  };
  const all = providers(fake, { ...provider, tokenAttributes });
  assert.deepEqual(await all.credentials('a.registry.io/app', pod('static')), []);
  const [mine] = await all.credentials('a.registry.io/app', pod('p', 'one'));
  assert.deepEqual(mine?.source, { kubernetesServiceAccounts: [{ uid: 'uid-one', namespace: 'd', name: 'one' }] });
  await all.credentials('a.registry.io/app', pod('q', 'one'));
  await all.credentials('a.registry.io/app', pod('r', 'two'));
  assert.equal(fake.asked.length, 2);
  assert.equal(fake.asked[0]?.input['serviceAccountToken'], 'secret');
  assert.deepEqual(fake.asked[0]?.input['serviceAccountAnnotations'], { 'a.io/role': 'puller' });
  const strict = { ...tokenAttributes, requiredServiceAccountAnnotationKeys: ['a.io/none'] };
  assert.deepEqual(
    await providers(world('Image'), { ...provider, tokenAttributes: strict }).credentials('a.registry.io/app', pod('p', 'one')),
    [],
  );
});
