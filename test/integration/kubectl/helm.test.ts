// Stock helm (it applies on the server) against the API server: install, upgrade, history, rollback, uninstall.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { helmPath, runCommand } from '../../support/kubectl.ts';
import { type KubectlBench, startKubectlBench } from '../../support/kubectlbench.ts';

let bench: KubectlBench;
let chart: string;
before(async () => {
  bench = await startKubectlBench();
  chart = join(bench.https.dir, 'shop');
  mkdirSync(join(chart, 'templates'), { recursive: true });
  writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 1.0.0\n');
  writeFileSync(join(chart, 'values.yaml'), 'replicas: 2\nimage: nginx:1\n');
  writeFileSync(
    join(chart, 'templates/all.yaml'),
    `apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, labels: {app: shop}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: web, image: {{ .Values.image }}, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: shop}, ports: [{port: 80}]}
{{- if .Capabilities.APIVersions.Has "autoscaling/v2" }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data: {kube: {{ .Capabilities.KubeVersion.Version | quote }}}
{{- end }}
`,
  );
});
after(() => bench[Symbol.asyncDispose]());

async function helm(...args: readonly string[]): Promise<string> {
  const env = { HOME: bench.https.dir, KUBECONFIG: bench.https.kubeconfig };
  const result = await runCommand(helmPath(), args, { env });
  assert.equal(result.code, 0, `helm ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}
const field = (path: string): Promise<string> => bench.k.ok('get', 'deploy', 'mine', '-o', `jsonpath={${path}}`);

test('the life of a release', async () => {
  assert.match(await helm('install', 'mine', chart), /STATUS: deployed\nREVISION: 1\n/);
  assert.equal(await field('.spec.replicas'), '2');
  assert.match(await bench.k.ok('get', 'cm', 'mine', '-o', 'jsonpath={.data.kube}'), /^v1\.35\.0/);
  assert.match(await helm('upgrade', 'mine', chart, '--set', 'image=nginx:2,replicas=3'), /REVISION: 2\n/);
  assert.equal(await field('.spec.template.spec.containers[0].image'), 'nginx:2');
  const history = JSON.parse(await helm('history', 'mine', '-o', 'json')) as { revision: number; status: string }[];
  assert.deepEqual(
    history.map(({ revision, status }) => `${revision} ${status}`),
    ['1 superseded', '2 deployed'],
  );
  assert.match(await helm('rollback', 'mine', '1'), /^Rollback was a success/);
  assert.equal(await field('.spec.template.spec.containers[0].image'), 'nginx:1');
  assert.equal(await field('.spec.replicas'), '2');
  assert.match(await helm('list'), /^mine\s+default\s+3\s.*deployed\s+shop-1\.0\.0/m);
  assert.equal(await helm('uninstall', 'mine'), 'release "mine" uninstalled\n');
  const gone = await bench.k('get', 'deploy,svc,cm', '-l', 'app=shop');
  assert.equal(gone.stderr, 'No resources found in default namespace.\n');
});

test('a chart with a mistake is refused', async () => {
  const result = await runCommand(helmPath(), ['install', 'bad', chart, '--set', 'replicas=many'], {
    env: { HOME: bench.https.dir, KUBECONFIG: bench.https.kubeconfig },
  });
  assert.equal(result.code, 1);
  assert.match(result.stderr, /\.spec\.replicas: expected numeric \(int or float\), got string/);
});
