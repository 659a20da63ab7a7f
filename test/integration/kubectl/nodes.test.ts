// Nodes in the hands of an administrator: cordon, taint, drain with disruption budgets; the nodes are objects made by hand.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Kubectl } from '../../support/kubectl.ts';
import { type KubectlBench, startKubectlBench } from '../../support/kubectlbench.ts';

let bench: KubectlBench;
let k: Kubectl;
before(async () => {
  bench = await startKubectlBench();
  k = bench.k;
  await k.pipe(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n1', labels: { 'node-role.kubernetes.io/worker': '', 'kubernetes.io/hostname': 'n1' } },
      spec: { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24'] },
    }),
    'create',
    '-f',
    '-',
  );
  const status = {
    capacity: { cpu: '4', memory: '8Gi', pods: '110' },
    allocatable: { cpu: '3500m', memory: '7Gi', pods: '110' },
    addresses: [
      { type: 'InternalIP', address: '192.0.2.7' },
      { type: 'Hostname', address: 'n1' },
    ],
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'kubelet is posting ready status',
        lastHeartbeatTime: '2030-01-01T00:00:00Z',
        lastTransitionTime: '2030-01-01T00:00:00Z',
      },
    ],
    nodeInfo: {
      kubeletVersion: 'v1.35.0',
      osImage: 'Test OS',
      kernelVersion: '6.1.0',
      containerRuntimeVersion: 'containerd://2.0.0',
      architecture: 'amd64',
      operatingSystem: 'linux',
      bootID: 'b',
      machineID: 'm',
      systemUUID: 's',
      kubeProxyVersion: '',
    },
  };
  await k.ok('patch', 'node', 'n1', '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }));
});
after(() => bench[Symbol.asyncDispose]());

const line = (): Promise<string> => k.ok('get', 'node', 'n1', '--no-headers');

function pod(name: string, labels: Record<string, string> = {}, cpu = '100m'): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: {
      nodeName: 'n1',
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image: 'c:1', resources: { requests: { cpu }, limits: { memory: '64Mi' } } }],
    },
  });
}

test('get and describe', async () => {
  assert.match(await line(), /^n1 +Ready +worker +\d[\dms]* +v1\.35\.0\n$/);
  const wide = await k.ok('get', 'node', 'n1', '-o', 'wide', '--no-headers');
  assert.match(wide, / 192\.0\.2\.7 +<none> +Test OS +6\.1\.0 +containerd:\/\/2\.0\.0\n$/);
  await k.pipe(pod('asks', {}, '700m'), 'create', '-f', '-');
  const text = await k.ok('describe', 'node', 'n1');
  for (const pattern of [
    /^Roles: +worker$/m,
    /^Unschedulable: +false$/m,
    /^ {2}Ready +True .* KubeletReady +kubelet is posting ready status$/m,
    /^PodCIDR: +10\.244\.0\.0\/24$/m,
    /^Non-terminated Pods: +\(1 in total\)$/m,
    /^ {2}default +asks +700m \(20%\) +0 \(0%\) +64Mi \(0%\) +64Mi \(0%\) +\d[\dms]*$/m,
    /^ {2}cpu +700m \(20%\) +0 \(0%\)$/m,
  ]) {
    assert.match(text, pattern);
  }
  await k.ok('delete', 'pod', 'asks', '--force');
});

test('cordon and uncordon', async () => {
  assert.equal(await k.ok('cordon', 'n1'), 'node/n1 cordoned\n');
  assert.match(await line(), /^n1 +Ready,SchedulingDisabled +worker /);
  assert.equal(await k.ok('cordon', 'n1'), 'node/n1 already cordoned\n');
  assert.equal(await k.ok('uncordon', 'n1'), 'node/n1 uncordoned\n');
  assert.match(await line(), /^n1 +Ready +worker /);
});

test('taint', async () => {
  const taints = (): Promise<string> => k.ok('get', 'node', 'n1', '-o', 'jsonpath={.spec.taints[?(@.key=="only")]}');
  assert.equal(await k.ok('taint', 'node', 'n1', 'only=gpu:NoSchedule'), 'node/n1 tainted\n');
  assert.equal(await taints(), '{"effect":"NoSchedule","key":"only","value":"gpu"}');
  const again = await k('taint', 'node', 'n1', 'only=cpu:NoSchedule');
  assert.match(again.stderr, /node n1 already has only taint\(s\) with same effect\(s\) and --overwrite is false/);
  assert.equal(await k.ok('taint', 'node', 'n1', 'only=cpu:NoSchedule', '--overwrite'), 'node/n1 modified\n');
  assert.equal(await k.ok('taint', 'node', 'n1', 'only-'), 'node/n1 untainted\n');
  assert.equal(await taints(), '');
});

test('drain refuses pods that nobody would make again', async () => {
  await k.pipe(pod('bare'), 'create', '-f', '-');
  const refused = await k('drain', 'n1');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /cannot delete Pods that declare no controller \(use --force to override\): default\/bare/);
  assert.match(await line(), /SchedulingDisabled/);
  const drained = await k('drain', 'n1', '--force', '--timeout=60s');
  assert.equal(drained.code, 0, drained.stderr);
  assert.match(drained.stdout, /^evicting pod default\/bare$|^pod\/bare evicted$/m);
  assert.match(drained.stdout, /^node\/n1 drained$/m);
  assert.equal((await k('get', 'pod', 'bare')).code, 1);
});

test('a disruption budget holds an eviction up', async () => {
  await k.pipe(pod('kept', { app: 'kept' }), 'create', '-f', '-');
  const ready = {
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
  await k.ok('patch', 'pod', 'kept', '--subresource=status', '--type=merge', '-p', JSON.stringify(ready));
  await k.ok('create', 'pdb', 'kept', '--selector=app=kept', '--min-available=1');
  const status = { status: { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 } };
  await k.ok('patch', 'pdb', 'kept', '--subresource=status', '--type=merge', '-p', JSON.stringify(status));
  const held = await k('drain', 'n1', '--force', '--timeout=3s');
  assert.equal(held.code, 1);
  assert.match(held.stderr, /Cannot evict pod as it would violate the pod's disruption budget\./);
  assert.equal((await k('get', 'pod', 'kept')).code, 0);
  await k.ok('delete', 'pdb', 'kept');
  assert.match(await k.ok('drain', 'n1', '--force', '--timeout=60s'), /node\/n1 drained/);
});

test('drain --dry-run and nodes that are not there', async () => {
  assert.match(await k.ok('drain', 'n1', '--dry-run=server'), /node\/n1 drained \(server dry run\)/);
  const missing = await k('cordon', 'n9');
  assert.match(missing.stderr, /nodes "n9" not found/);
});
