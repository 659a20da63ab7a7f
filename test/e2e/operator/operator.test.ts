// The example operator in pods with its ServiceAccount: both versions of its kind, its webhooks, leader election, an upgrade, and
// its end.
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { operatorImage, operatorImageName } from '../../images/operator.ts';

const folder = resolve(import.meta.dirname, '../../../examples/operator/k8s');
const home = 'greetings-system';
let cluster: TestCluster;
before(async () => {
  cluster = await startCluster({ images: [operatorImage] });
});
after(() => cluster?.[Symbol.asyncDispose]());

const k = (...args: string[]): Promise<string> => cluster.kubectl.ok(...args);
const apply = (object: object): Promise<string> => cluster.kubectl.pipe(JSON.stringify(object), 'apply', '-f', '-');
const greeting = (name: string, version: string, spec: object): object => ({
  apiVersion: `greetings.example.com/${version}`,
  kind: 'Greeting',
  metadata: { name },
  spec,
});
const page = (name: string): Promise<string> => k('get', 'cm', `${name}-page`, '-o', 'jsonpath={.data.index\\.html}');

async function made(name: string): Promise<void> {
  await until(`${name} has a page`, async () => (await cluster.kubectl('get', 'cm', `${name}-page`)).code === 0);
}

test('the operator is installed, and works from inside a pod', async () => {
  const { pki } = cluster.world;
  const ca = await pki.createCa('greetings-ca');
  const pair = await pki.issue(ca, { commonName: 'greetings', dnsNames: [`greetings.${home}.svc`], usages: ['server'] });
  await k('create', 'namespace', home);
  await apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'greetings-certs', namespace: home },
    stringData: { 'ca.crt': ca.cert, 'tls.crt': pair.cert, 'tls.key': pair.key },
  });
  await k('apply', '-k', folder);
  await k('-n', home, 'rollout', 'status', 'deploy/greetings', '--timeout=240s');
  await k('wait', '--for=condition=Established', 'crd/greetings.greetings.example.com', '--timeout=240s');

  await until('greetings are checked', async () => {
    const result = await cluster.kubectl.with({ input: JSON.stringify(greeting('rude', 'v1', { lines: ['Go away'] })) })(
      'create',
      '-f',
      '-',
    );
    if (result.code === 0) await k('delete', 'gr', 'rude');
    return (
      result.code !== 0 && /admission webhook "check.greetings.example.com" denied the request: "Go away" is not polite/.test(result.stderr)
    );
  });
  await apply(greeting('hello', 'v1', { lines: ['Good morning', 'Have a nice day'] }));
  await made('hello');
  assert.equal(await page('hello'), '<!-- operator 1 -->\n<p>Good morning</p>\n<p>Have a nice day</p>\n');
  await until('the status is told', async () => (await k('get', 'gr', 'hello', '-o', 'jsonpath={.status.page}')) === 'hello-page');
  assert.match(await k('get', 'gr'), /NAME\s+PAGE\s+AGE\nhello\s+hello-page\s+\d+[sm]/);
});

test('both versions are the same thing', async () => {
  await apply(greeting('old', 'v1alpha1', { message: 'Hi|there', loud: true }));
  await made('old');
  assert.equal(await page('old'), '<!-- operator 1 -->\n<p>HI</p>\n<p>THERE</p>\n');
  const read = (version: string, path: string): Promise<string> =>
    k('get', `greetings.${version}.greetings.example.com`, 'old', '-o', `jsonpath={${path}}`);
  assert.equal(await read('v1', '.spec.lines'), '["Hi","there"]');
  assert.equal(await read('v1alpha1', '.spec.message'), 'Hi|there');
  const rude = await cluster.kubectl.with({ input: JSON.stringify(greeting('x', 'v1alpha1', { message: 'a|a' })) })('create', '-f', '-');
  assert.match(rude.stderr, /denied the request: the same line twice/);
});

test('an upgrade hands the work over', async () => {
  const holder = (): Promise<string> => k('-n', home, 'get', 'lease', 'greetings-operator', '-o', 'jsonpath={.spec.holderIdentity}');
  const before = await holder();
  assert.match(before, /^greetings-/);
  await k('-n', home, 'set', 'image', 'deploy/greetings', `operator=${operatorImageName(2)}`);
  await k('-n', home, 'set', 'env', 'deploy/greetings', 'VERSION=2');
  await k('-n', home, 'rollout', 'status', 'deploy/greetings', '--timeout=240s');
  await until('the pages are made by version 2', async () => (await page('hello')).startsWith('<!-- operator 2 -->'));
  assert.notEqual(await holder(), before);
});

test('everything goes in order', async () => {
  await k('delete', 'gr', 'old', '--timeout=240s');
  assert.equal(await k('-n', home, 'get', 'cm', 'goodbyes', '-o', 'jsonpath={.data.default\\.old}'), 'goodbye');
  await until('its page is collected', async () => (await cluster.kubectl('get', 'cm', 'old-page')).code !== 0);
  // The operator is there until the last greeting is gone: it holds them by a finalizer.
  await k('delete', 'crd', 'greetings.greetings.example.com', '--timeout=240s');
  assert.equal(await k('-n', home, 'get', 'cm', 'goodbyes', '-o', 'jsonpath={.data.default\\.hello}'), 'goodbye');
  await k('delete', 'validatingwebhookconfiguration', 'greetings.greetings.example.com');
  await k('delete', '-k', folder, '--timeout=240s');
  assert.equal((await cluster.kubectl('get', 'greetings')).code, 1);
});
