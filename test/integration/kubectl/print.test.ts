// How stock kubectl prints: every output format, selections, watches, describe.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { type Kubectl, kubectlPath } from '../../support/kubectl.ts';
import { type KubectlBench, startKubectlBench, table } from '../../support/kubectlbench.ts';
import { until } from '../../support/until.ts';

let bench: KubectlBench;
let k: Kubectl;
before(async () => {
  bench = await startKubectlBench();
  k = bench.k;
  await k.ok('create', 'deployment', 'web', '--image=nginx:1', '--replicas=3');
  await k.ok('create', 'deployment', 'api', '--image=node:1', '--replicas=1');
  await k.ok('label', 'deploy', 'web', 'tier=front');
  await k.ok('create', 'ns', 'other');
  await k.ok('create', 'cm', 'far', '-n', 'other');
});
after(() => bench[Symbol.asyncDispose]());

test('yaml and json are whole objects', async () => {
  const object = JSON.parse(await k.ok('get', 'deploy', 'web', '-o', 'json'));
  assert.equal(object.kind, 'Deployment');
  assert.equal(object.apiVersion, 'apps/v1');
  assert.equal(object.metadata.managedFields, undefined);
  const yaml = await k.ok('get', 'deploy', 'web', '-o', 'yaml');
  assert.match(yaml, /^apiVersion: apps\/v1\nkind: Deployment\nmetadata:\n {2}creationTimestamp: "20/);
  const list = JSON.parse(await k.ok('get', 'deploy', '-o', 'json'));
  assert.equal(list.kind, 'List');
  assert.deepEqual(
    list.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ['api', 'web'],
  );
  const managed = JSON.parse(await k.ok('get', 'deploy', 'web', '-o', 'json', '--show-managed-fields'));
  assert.ok(managed.metadata.managedFields.length > 0);
});

test('jsonpath, templates, columns, names, sorting', async () => {
  assert.equal(await k.ok('get', 'deploy', '-o', 'jsonpath={range .items[*]}{.metadata.name}={.spec.replicas};{end}'), 'api=1;web=3;');
  assert.equal(await k.ok('get', 'deploy', 'web', '-o', 'go-template={{.spec.replicas}}'), '3');
  assert.equal(
    await k.ok('get', 'deploy', '-o', 'custom-columns=N:.metadata.name,R:.spec.replicas', '--sort-by=.spec.replicas'),
    'N     R\napi   1\nweb   3\n',
  );
  assert.equal(await k.ok('get', 'deploy', '-o', 'name'), 'deployment.apps/api\ndeployment.apps/web\n');
  const sorted = table(await k.ok('get', 'deploy', '--sort-by={.metadata.creationTimestamp}', '--no-headers'));
  assert.deepEqual(sorted.map(([name]) => name).sort(), ['api', 'web']);
});

test('selections and all namespaces', async () => {
  assert.equal(await k.ok('get', 'deploy', '-l', 'tier=front', '-o', 'name'), 'deployment.apps/web\n');
  assert.equal(await k.ok('get', 'deploy', '-l', '!tier', '-o', 'name'), 'deployment.apps/api\n');
  assert.equal(await k.ok('get', 'cm', '-A', '--field-selector=metadata.name=far', '-o', 'name'), 'configmap/far\n');
  const [head] = table(await k.ok('get', 'cm', '-A'));
  assert.deepEqual(head, ['NAMESPACE', 'NAME', 'DATA', 'AGE']);
  assert.deepEqual(table(await k.ok('get', 'deploy', 'web', '--show-labels', '--no-headers'))[0]?.at(-1), 'app=web,tier=front');
  assert.deepEqual(table(await k.ok('get', 'deploy', '-L', 'tier'))[0]?.at(-1), 'TIER');
  const none = await k('get', 'pods', '-n', 'other');
  assert.equal(none.stderr, 'No resources found in other namespace.\n');
  const bad = await k('get', 'pods', '--field-selector=spec.nothing=1');
  assert.match(bad.stderr, /field label not supported: spec\.nothing/);
  const limited = await k.ok('get', 'deploy', '--chunk-size=1', '-o', 'name');
  assert.equal(limited, 'deployment.apps/api\ndeployment.apps/web\n');
});

test('get several kinds and all', async () => {
  const text = await k.ok('get', 'all');
  assert.match(text, /^deployment\.apps\/web +0\/3 +0 +0 +\d[\dms]*$/m);
  assert.match(text, /^service\/kubernetes +ClusterIP +10\.96\.0\.1 +<none> +443\/TCP +\d[\dms]*$/m);
  const raw = JSON.parse(await k.ok('get', '--raw', '/apis/apps/v1/namespaces/default/deployments/web'));
  assert.equal(raw.metadata.name, 'web');
  assert.equal(await k.ok('get', '--raw', '/readyz'), 'ok');
});

test('get -w prints changes as they come', async () => {
  const child = spawn(kubectlPath(), ['get', 'cm', '-n', 'other', '-w', '--no-headers'], {
    env: { KUBECONFIG: bench.https.kubeconfig, HOME: bench.https.dir, PATH: process.env['PATH'] ?? '' },
  });
  let seen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen += text;
  });
  const closed = once(child, 'close');
  const line = (pattern: RegExp): Promise<boolean> => until(String(pattern), () => pattern.test(seen));
  try {
    await line(/^far +0 +\d[\dms]*$/m);
    await k.ok('create', 'cm', 'near', '--from-literal=a=1', '-n', 'other');
    await line(/^near +1 +\d[\dms]*$/m);
  } finally {
    child.kill();
    await closed;
  }
});

test('describe', async () => {
  const deployment = await k.ok('describe', 'deploy', 'web');
  for (const pattern of [
    /^Name: +web$/m,
    /^Labels: +app=web\n +tier=front$/m,
    /^Replicas: +3 desired \| 0 updated \| 0 total \| 0 available \| 0 unavailable$/m,
    /^StrategyType: +RollingUpdate$/m,
    /^RollingUpdateStrategy: +25% max unavailable, 25% max surge$/m,
    /^ {4}Image: +nginx:1$/m,
    /^Events: +<none>$/m,
  ]) {
    assert.match(deployment, pattern);
  }
  await k.ok('run', 'solo', '--image=busybox', '--env=A=b');
  const pod = await k.ok('describe', 'pod', 'solo');
  for (const pattern of [
    /^Service Account: +default$/m,
    /^Node: +<none>$/m,
    /^Status: +Pending$/m,
    /^ {6}A: +b$/m,
    /^QoS Class: +BestEffort$/m,
    /^Tolerations: +node\.kubernetes\.io\/not-ready:NoExecute op=Exists for 300s$/m,
  ]) {
    assert.match(pod, pattern);
  }
  assert.match(await k.ok('describe', 'ns', 'other'), /^Status: +Active$/m);
  assert.match(await k.ok('describe', 'svc', 'kubernetes'), /^TargetPort: +6443\/TCP$|^TargetPort: +\d+\/TCP$/m);
});

test('events', async () => {
  const pod = JSON.parse(await k.ok('get', 'pod', 'solo', '-o', 'json'));
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'solo.1', namespace: 'default' },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'solo', namespace: 'default', uid: pod.metadata.uid },
    reason: 'Tried',
    message: 'It was tried.',
    type: 'Warning',
    source: { component: 'test' },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
  await k.pipe(JSON.stringify(event), 'create', '-f', '-');
  const [head, row] = table(await k.ok('get', 'events'));
  assert.deepEqual(head, ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE']);
  assert.deepEqual(row?.slice(1).join('|').replace(/ +/g, ' '), 'Warning|Tried|pod/solo|It was tried.');
  assert.match(await k.ok('events', '--for', 'pod/solo'), /Warning +Tried +Pod\/solo +It was tried\./);
  assert.match(await k.ok('describe', 'pod', 'solo'), /Warning +Tried +\d[\dms]* +test +It was tried\./);
  const [wide] = table(await k.ok('get', 'events', '-o', 'wide'));
  assert.deepEqual(wide, ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'SUBOBJECT', 'SOURCE', 'MESSAGE', 'FIRST SEEN', 'COUNT', 'NAME']);
  const [modern] = table(await k.ok('get', 'events.events.k8s.io', '--no-headers'));
  assert.equal(modern?.[3], 'pod/solo');
});
