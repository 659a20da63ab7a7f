// Changing objects with stock kubectl: apply in both forms, diff, edit, patch, set, label, annotate, replace, kustomize.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Kubectl } from '../../support/kubectl.ts';
import { type KubectlBench, startKubectlBench } from '../../support/kubectlbench.ts';

let bench: KubectlBench;
let k: Kubectl;
before(async () => {
  bench = await startKubectlBench();
  k = bench.k;
});
after(() => bench[Symbol.asyncDispose]());

const deployment = (name: string, replicas: unknown, image: string, more = ''): string => `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
      - name: web
        image: ${image}
        ports: [{containerPort: 80}]
${more}`;
const field = (name: string, path: string): Promise<string> => k.ok('get', 'deploy', name, '-o', `jsonpath={${path}}`);

test('apply creates, leaves alone, changes and removes', async () => {
  assert.equal(
    await k.pipe(deployment('a', 2, 'nginx:1', '        env: [{name: X, value: "1"}]'), 'apply', '-f', '-'),
    'deployment.apps/a created\n',
  );
  assert.equal(
    await k.pipe(deployment('a', 2, 'nginx:1', '        env: [{name: X, value: "1"}]'), 'apply', '-f', '-'),
    'deployment.apps/a unchanged\n',
  );
  await k.ok('set', 'env', 'deploy/a', 'Y=2');
  assert.equal(
    await k.pipe(deployment('a', 3, 'nginx:2', '        env: [{name: Z, value: "3"}]'), 'apply', '-f', '-'),
    'deployment.apps/a configured\n',
  );
  assert.equal(await field('a', '.spec.replicas'), '3');
  assert.equal(await field('a', '.spec.template.spec.containers[0].image'), 'nginx:2');
  // What apply had set is gone, what somebody else set stays.
  assert.equal(await field('a', '.spec.template.spec.containers[0].env'), '[{"name":"Z","value":"3"},{"name":"Y","value":"2"}]');
});

test('mistakes are refused with their place', async () => {
  const unknown = await k.with({ input: deployment('b', 1, 'nginx').replace('replicas', 'replicsa') })('apply', '-f', '-');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /strict decoding error: unknown field "spec\.replicsa"/);
  const wrong = await k.with({ input: deployment('b', 'many', 'nginx') })('apply', '-f', '-');
  assert.match(wrong.stderr, /cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32/);
  const invalid = await k.with({ input: deployment('b', -1, 'nginx') })('apply', '-f', '-');
  assert.match(invalid.stderr, /The Deployment "b" is invalid: spec\.replicas: Invalid value: -1: must be greater than or equal to 0/);
  const name = await k.with({ input: deployment('b', 1, 'nginx').replace('name: b', 'name: B_') })('apply', '-f', '-');
  assert.match(name.stderr, /metadata\.name: Invalid value: "B_": a lowercase RFC 1123 subdomain must consist of/);
  const kind = await k.with({ input: 'apiVersion: v1\nkind: Nothing\nmetadata: {name: x}\n' })('apply', '-f', '-');
  assert.match(kind.stderr, /no matches for kind "Nothing" in version "v1"/);
  const warned = await k.with({ input: deployment('b', 1, 'nginx').replace('replicas', 'replicsa') })(
    'apply',
    '--validate=warn',
    '-f',
    '-',
  );
  assert.equal(warned.code, 0);
  assert.match(warned.stderr, /Warning: unknown field "spec\.replicsa"/);
});

test('diff shows what would change and exits with 1', async () => {
  const env = '        env: [{name: Z, value: "3"}]';
  const same = await k.with({ input: deployment('a', 3, 'nginx:2', env) })('diff', '-f', '-');
  assert.equal(same.code, 0, same.stderr);
  const other = await k.with({ input: deployment('a', 4, 'nginx:2', env) })('diff', '-f', '-');
  assert.equal(other.code, 1, other.stderr);
  assert.match(other.stdout, /^- {2}replicas: 3\n\+ {2}replicas: 4$/m);
  assert.equal(await field('a', '.spec.replicas'), '3');
});

test('server-side apply', async () => {
  assert.equal(await k.pipe(deployment('s', 2, 'nginx:1'), 'apply', '--server-side', '-f', '-'), 'deployment.apps/s serverside-applied\n');
  await k.ok('scale', 'deploy/s', '--replicas=5');
  const conflict = await k.with({ input: deployment('s', 2, 'nginx:1') })('apply', '--server-side', '-f', '-');
  assert.equal(conflict.code, 1);
  assert.match(
    conflict.stderr,
    /^error: Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps\/v1: \.spec\.replicas/,
  );
  assert.equal(await field('s', '.spec.replicas'), '5');
  await k.pipe(deployment('s', 2, 'nginx:1'), 'apply', '--server-side', '--force-conflicts', '-f', '-');
  assert.equal(await field('s', '.spec.replicas'), '2');
  // A field that its only manager does not apply any more is removed.
  await k.pipe(deployment('s', 2, 'nginx:1').replace('        ports: [{containerPort: 80}]\n', ''), 'apply', '--server-side', '-f', '-');
  assert.equal(await field('s', '.spec.template.spec.containers[0].ports'), '');
});

test('patch in three forms', async () => {
  assert.equal(
    await k.ok('patch', 'deploy', 'a', '-p', '{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"nginx:3"}]}}}}'),
    'deployment.apps/a patched\n',
  );
  assert.equal(await field('a', '.spec.template.spec.containers[*].ports[0].containerPort'), '80');
  await k.ok('patch', 'deploy', 'a', '--type=merge', '-p', '{"spec":{"replicas":7},"metadata":{"labels":{"x":"y"}}}');
  assert.equal(await field('a', '.spec.replicas'), '7');
  await k.ok(
    'patch',
    'deploy',
    'a',
    '--type=json',
    '-p',
    '[{"op":"test","path":"/spec/replicas","value":7},{"op":"replace","path":"/spec/replicas","value":8}]',
  );
  assert.equal(await field('a', '.spec.replicas'), '8');
  assert.equal(
    await k.ok('patch', 'deploy', 'a', '--type=merge', '-p', '{"spec":{"replicas":8}}'),
    'deployment.apps/a patched (no change)\n',
  );
  const failed = await k('patch', 'deploy', 'a', '--type=json', '-p', '[{"op":"test","path":"/spec/replicas","value":7}]');
  assert.equal(failed.stderr, 'The request is invalid: the server rejected our request due to an error in our request\n');
  await k.ok('patch', 'deploy', 'a', '--subresource=status', '--type=merge', '-p', '{"status":{"replicas":8,"readyReplicas":2}}');
  assert.equal(await field('a', '.status.readyReplicas'), '2');
});

test('edit', async () => {
  const editor = join(bench.https.dir, 'editor.sh');
  writeFileSync(editor, '#!/bin/sh\nsed -i s/nginx:3/nginx:4/ "$1"\n', { mode: 0o755 });
  assert.equal(await k.with({ env: { KUBE_EDITOR: editor } }).ok('edit', 'deploy', 'a'), 'deployment.apps/a edited\n');
  assert.equal(await field('a', '.spec.template.spec.containers[0].image'), 'nginx:4');
  const idle = await k.with({ env: { KUBE_EDITOR: 'true' } })('edit', 'deploy', 'a');
  assert.equal(idle.stderr + idle.stdout, 'Edit cancelled, no changes made.\n');
});

test('set, label, annotate, scale, replace', async () => {
  assert.equal(await k.ok('set', 'image', 'deploy/a', 'web=nginx:5'), 'deployment.apps/a image updated\n');
  assert.equal(await k.ok('set', 'resources', 'deploy/a', '--requests=cpu=100m'), 'deployment.apps/a resource requirements updated\n');
  assert.equal(await k.ok('label', 'deploy', 'a', 'tier=front'), 'deployment.apps/a labeled\n');
  const taken = await k('label', 'deploy', 'a', 'tier=back');
  assert.match(taken.stderr, /'tier' already has a value \(front\), and --overwrite is false/);
  assert.equal(await k.ok('label', 'deploy', 'a', 'tier-'), 'deployment.apps/a unlabeled\n');
  assert.equal(await k.ok('annotate', 'deploy', 'a', 'note=hello'), 'deployment.apps/a annotated\n');
  assert.equal(await k.ok('scale', 'deploy', 'a', '--replicas=2', '--current-replicas=8'), 'deployment.apps/a scaled\n');
  const stale = await k('scale', 'deploy', 'a', '--replicas=1', '--current-replicas=8');
  assert.match(stale.stderr, /Expected replicas to be 8, was 2/);
  const whole = JSON.parse(await k.ok('get', 'deploy', 'a', '-o', 'json'));
  assert.equal(
    await k.pipe(JSON.stringify({ ...whole, spec: { ...whole.spec, replicas: 4 } }), 'replace', '-f', '-'),
    'deployment.apps/a replaced\n',
  );
  const old = await k.with({ input: JSON.stringify(whole) })('replace', '-f', '-');
  assert.match(
    old.stderr,
    /Operation cannot be fulfilled on deployments\.apps "a": the object has been modified; please apply your changes to the latest version and try again/,
  );
});

test('apply -k', async () => {
  const dir = join(bench.https.dir, 'kustomize');
  mkdirSync(dir);
  writeFileSync(join(dir, 'deployment.yaml'), deployment('kust', 1, 'nginx:1'));
  writeFileSync(
    join(dir, 'kustomization.yaml'),
    'resources: [deployment.yaml]\nnamePrefix: my-\nlabels: [{pairs: {team: shop}}]\nimages: [{name: nginx, newTag: "9"}]\nconfigMapGenerator: [{name: conf, literals: [a=1]}]\n',
  );
  const out = await k.ok('apply', '-k', dir);
  assert.match(out, /^configmap\/my-conf-\w+ created\ndeployment\.apps\/my-kust created\n$/);
  assert.equal(await field('my-kust', '.spec.template.spec.containers[0].image'), 'nginx:9');
  assert.match(await k.ok('delete', '-k', dir), /deployment\.apps "my-kust" deleted/);
});

test('apply --prune removes what is no longer there', async () => {
  const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, labels: {set: one}}\n---\n`;
  await k.pipe(map('one') + map('two'), 'apply', '-f', '-');
  const out = await k.pipe(map('one'), 'apply', '--prune', '-l', 'set=one', '--prune-allowlist=core/v1/ConfigMap', '-f', '-');
  assert.equal(out, 'configmap/one unchanged\nconfigmap/two pruned\n');
});
