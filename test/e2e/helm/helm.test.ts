// Stock helm on a real node: a chart with a definition, rights, a webhook with its certificates, and tests in pods.
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { helmPath, runCommand } from '../../support/kubectl.ts';
import { until } from '../../support/until.ts';

const chart = resolve(import.meta.dirname, 'chart');
const home = 'rulebooks';
const release = 'book';
let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
});
after(async () => cluster?.[Symbol.asyncDispose]());

async function helm(...args: readonly string[]): Promise<string> {
  const env = { HOME: cluster.dataDir, KUBECONFIG: cluster.kubeconfig };
  const result = await runCommand(helmPath(), ['-n', home, ...args], { env, timeout: 300_000 });
  assert.equal(result.code, 0, `helm ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}
const k = (...args: string[]): Promise<string> => cluster.kubectl.ok('-n', home, ...args);
const rule = (name: string, more: object): string =>
  JSON.stringify({ apiVersion: 'charts.example.com/v1', kind: 'Rule', metadata: { name, namespace: home }, ...more });
/** What the API says to a rule that nobody wants. */
async function judged(): Promise<void> {
  const input = rule('bad', { data: { 'webhook-e2e-test': 'webhook-disallow' } });
  const denied = /admission webhook "rules\.charts\.example\.com" denied the request: the custom resource contains unwanted data/;
  let last = '';
  // The way to the webhook opens a moment after its pod is ready.
  await until('it is refused', async () => {
    const { code, stderr } = await cluster.kubectl.with({ input })('create', '-f', '-');
    last = stderr;
    if (code === 0) await k('delete', 'rule', 'bad');
    return code === 1 && denied.test(stderr);
  }).catch((error: unknown) => {
    throw new Error(last, { cause: error });
  });
}
const rules = (): Promise<string> => k('get', 'rules', '-o', 'name');
const named = (...numbers: number[]): string => numbers.map((n) => `rule.charts.example.com/${release}-${n}\n`).join('');

test('a chart is installed, and its parts work together', async () => {
  assert.match(await helm('install', release, chart, '--create-namespace', '--wait', '--timeout=240s'), /STATUS: deployed\nREVISION: 1\n/);
  assert.equal(await rules(), named(0));
  assert.match(await k('get', 'ru'), /^NAME +WEIGHT\nbook-0 +1$/m);
  await judged();
  await cluster.kubectl.pipe(rule('good', { weight: 3 }), 'create', '-f', '-');
  const account = `--as=system:serviceaccount:${home}:${release}`;
  assert.equal(await k('auth', 'can-i', 'list', 'rules', account), 'yes\n');
  assert.equal((await cluster.kubectl('-n', home, 'auth', 'can-i', 'create', 'rules', account)).stdout, 'no\n');
});

test('its tests pass, and say so', async () => {
  const said = await helm('test', release, '--logs', '--timeout=240s');
  assert.match(said, /TEST SUITE: +book-test\n.*\n.*\nPhase: +Succeeded\n/);
  assert.match(said, /POD LOGS: book-test\nok/);
  assert.match(said, /"kind":"RuleList"/);
});

test('an upgrade changes what is wanted and keeps the rest', async () => {
  const certificate = await k('get', 'secret', `${release}-certs`, '-o', 'jsonpath={.data.tls\\.crt}');
  assert.match(await helm('upgrade', release, chart, '--set', 'replicas=2,rules=2', '--wait', '--timeout=240s'), /REVISION: 2\n/);
  assert.equal(await k('get', 'deploy', release, '-o', 'jsonpath={.status.readyReplicas}'), '2');
  assert.equal(await k('get', 'secret', `${release}-certs`, '-o', 'jsonpath={.data.tls\\.crt}'), certificate);
  assert.equal(await rules(), named(0, 1) + 'rule.charts.example.com/good\n');
  await judged();
  assert.match(await helm('rollback', release, '1', '--wait', '--timeout=240s'), /^Rollback was a success/);
  assert.equal(await k('get', 'deploy', release, '-o', 'jsonpath={.spec.replicas}'), '1');
});

test('it goes, and leaves only what helm never takes away', async () => {
  assert.equal(await helm('uninstall', release, '--wait', '--timeout=240s'), `release "${release}" uninstalled\n`);
  const labelled = await cluster.kubectl(
    '-n',
    home,
    'get',
    'deploy,svc,secret,sa,role,rolebinding',
    '-l',
    `app.kubernetes.io/instance=${release}`,
  );
  assert.equal(labelled.stderr, `No resources found in ${home} namespace.\n`);
  assert.equal((await cluster.kubectl('get', 'validatingwebhookconfiguration', `${release}-${home}`)).code, 1);
  // Nobody judges rules any more; the definition and its objects are the user's.
  const input = rule('bad', { data: { 'webhook-e2e-test': 'webhook-disallow' } });
  await until('it is let through', async () => (await cluster.kubectl.with({ input })('create', '-f', '-')).code === 0);
  assert.match(await rules(), /^rule\.charts\.example\.com\/bad$/m);
  await k('delete', 'crd', 'rules.charts.example.com', '--timeout=240s');
  await until(
    'the pods are gone',
    async () => (await k('get', 'pods', '-l', `app.kubernetes.io/instance=${release}`, '-o', 'name')) === '',
  );
});
