// Deleting and waiting with stock kubectl: cascades, selections, grace, finalizers; the garbage collector is the real one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Kubectl } from '../../support/kubectl.ts';
import { type KubectlBench, startKubectlBench } from '../../support/kubectlbench.ts';

let bench: KubectlBench;
let k: Kubectl;
before(async () => {
  bench = await startKubectlBench({ controllers: true });
  k = bench.k;
});
after(() => bench[Symbol.asyncDispose]());

async function deployment(name: string): Promise<void> {
  await k.ok('create', 'deployment', name, '--image=nginx');
  await k.ok('wait', `deploy/${name}`, '--for=jsonpath={.status.replicas}=1', '--timeout=60s');
}
const names = (kind: string, label: string): Promise<string> => k.ok('get', kind, '-l', label, '-o', 'name');

test('delete takes what it owned along', async () => {
  await deployment('whole');
  assert.match(await names('rs,pods', 'app=whole'), /^replicaset\.apps\/whole-\w+\npod\/whole-\w+-\w+\n$/);
  assert.equal(await k.ok('delete', 'deploy', 'whole'), 'deployment.apps "whole" deleted from default namespace\n');
  await k.ok('wait', 'rs,pods', '-l', 'app=whole', '--for=delete', '--timeout=60s');
  assert.equal(await names('rs,pods', 'app=whole'), '');
});

test('--cascade=orphan leaves it', async () => {
  await deployment('left');
  await k.ok('delete', 'deploy', 'left', '--cascade=orphan');
  const [set, pod] = (await names('rs,pods', 'app=left')).trim().split('\n');
  assert.match(set ?? '', /^replicaset\.apps\/left-/);
  assert.match(pod ?? '', /^pod\/left-/);
  assert.equal(await k.ok('get', set ?? '', '-o', 'jsonpath={.metadata.ownerReferences}{.metadata.finalizers}'), '');
  await k.ok('delete', set ?? '', '--cascade=orphan');
  assert.equal(await k.ok('get', pod ?? '', '-o', 'jsonpath={.metadata.ownerReferences}'), '');
});

test('--cascade=foreground waits for what it owned', async () => {
  await deployment('front');
  assert.equal(
    await k.ok('delete', 'deploy', 'front', '--cascade=foreground', '--timeout=60s'),
    'deployment.apps "front" deleted from default namespace\n',
  );
  // No wait here: what depended on it went first.
  assert.equal(await names('deploy,rs,pods', 'app=front'), '');
});

test('delete by selector, all, name and file; what is missing', async () => {
  for (const name of ['a', 'b', 'c', 'd']) await k.ok('create', 'cm', name, '-n', 'kube-public');
  const p = (...args: string[]): Promise<string> => k.ok('delete', '-n', 'kube-public', ...args);
  await k.ok('label', 'cm', 'a', 'b', 'set=one', '-n', 'kube-public');
  const gone = (name: string): string => `configmap "${name}" deleted from kube-public namespace\n`;
  assert.equal(await p('cm', '-l', 'set=one'), gone('a') + gone('b'));
  assert.equal(await p('cm/c', '-o', 'name'), 'configmap/c\n');
  assert.equal(await p('cm', 'd', '--dry-run=server'), 'configmap "d" deleted from kube-public namespace (server dry run)\n');
  assert.match(await p('cm', '--all'), /configmap "d" deleted from kube-public namespace\n/);
  const missing = await k('delete', 'cm', 'd');
  assert.equal(missing.code, 1);
  assert.equal(missing.stderr, 'Error from server (NotFound): configmaps "d" not found\n');
  assert.equal((await k('delete', 'cm', 'd', '--ignore-not-found')).code, 0);
});

test('grace periods', async () => {
  await k.ok('run', 'one', '--image=busybox');
  assert.equal(await k.ok('delete', 'pod', 'one', '--grace-period=1'), 'pod "one" deleted from default namespace\n');
  await k.ok('run', 'two', '--image=busybox');
  const forced = await k('delete', 'pod', 'two', '--force');
  assert.equal(forced.stdout, 'pod "two" force deleted from default namespace\n');
  assert.match(forced.stderr, /^Warning: Immediate deletion does not wait for confirmation/);
  assert.equal((await k('get', 'pod', 'two')).code, 1);
});

test('a finalizer holds an object until it is taken away', async () => {
  await k.ok('create', 'cm', 'held');
  await k.ok('patch', 'cm', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":["example.com/hold"]}}');
  const slow = await k('delete', 'cm', 'held', '--timeout=3s');
  assert.equal(slow.code, 1);
  assert.match(slow.stderr, /timed out waiting for the condition on configmaps\/held/);
  assert.match(await k.ok('get', 'cm', 'held', '-o', 'jsonpath={.metadata.deletionTimestamp}'), /^\d{4}-/);
  const waiting = k('wait', 'cm/held', '--for=delete', '--timeout=60s');
  await k.ok('patch', 'cm', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
  assert.equal((await waiting).code, 0);
});

test('a namespace goes with all that is in it', async () => {
  await k.ok('create', 'ns', 'short');
  await k.ok('create', 'cm', 'inside', '-n', 'short');
  await k.ok('create', 'deployment', 'inside', '--image=nginx', '-n', 'short');
  assert.equal(await k.ok('delete', 'ns', 'short', '--timeout=60s'), 'namespace "short" deleted\n');
  const missing = await k('get', 'ns', 'short');
  assert.equal(missing.stderr, 'Error from server (NotFound): namespaces "short" not found\n');
  assert.equal((await k('get', 'cm,deploy', '-n', 'short', '-o', 'name')).stdout, '');
  const fixed = await k('delete', 'ns', 'default');
  assert.equal(fixed.stderr, 'Error from server (Forbidden): namespaces "default" is forbidden: this namespace may not be deleted\n');
});

test('wait', async () => {
  await deployment('slow');
  assert.equal(
    await k.ok('wait', 'deploy/slow', '--for=condition=Available=False', '--timeout=60s'),
    'deployment.apps/slow condition met\n',
  );
  const never = await k('wait', 'deploy/slow', '--for=condition=Available', '--timeout=3s');
  assert.equal(never.code, 1);
  assert.equal(never.stderr, 'error: timed out waiting for the condition on deployments/slow\n');
  assert.equal(
    await k.ok('wait', 'deploy/slow', '--for=jsonpath={.spec.replicas}=1', '--timeout=60s'),
    'deployment.apps/slow condition met\n',
  );
  const created = k('wait', 'cm/later', '--for=create', '--timeout=60s');
  await k.ok('create', 'cm', 'later');
  assert.equal((await created).stdout, 'configmap/later condition met\n');
});
