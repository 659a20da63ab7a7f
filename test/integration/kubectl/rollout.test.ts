// Rollouts with stock kubectl against the real controllers. No node runs the pods: histories and conditions tell, not completion.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Kubectl } from '../../support/kubectl.ts';
import { type KubectlBench, shows, startKubectlBench } from '../../support/kubectlbench.ts';

let bench: KubectlBench;
let k: Kubectl;
before(async () => {
  bench = await startKubectlBench({ controllers: true });
  k = bench.k;
  await k.ok('create', 'deployment', 'web', '--image=nginx:1', '--replicas=2');
  await revision('1');
});
after(() => bench[Symbol.asyncDispose]());

const field = (path: string): Promise<string> => k.ok('get', 'deploy', 'web', '-o', `jsonpath={${path}}`);
/** Waits until the controller has numbered the deployment's newest template. */
const revision = (number: string): Promise<string> =>
  k.ok('wait', 'deploy/web', `--for=jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}=${number}`, '--timeout=60s');

test('a deployment makes a replica set and pods, which stay Pending', async () => {
  await k.ok('wait', 'deploy/web', '--for=jsonpath={.status.unavailableReplicas}=2', '--timeout=60s');
  const [set] = (await k.ok('get', 'rs', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ');
  assert.match(set ?? '', /^web-[0-9bcdf-hj-np-tv-z]{6,10}$/);
  const wide = await k.ok('get', 'deploy', 'web', '-o', 'wide', '--no-headers');
  assert.match(wide, /^web +0\/2 +2 +0 +\d[\dms]* +nginx +nginx:1 +app=web$/m);
  const pods = await k.ok('get', 'pods', '-l', 'app=web', '--no-headers');
  assert.match(pods, new RegExp(`^(${set}-[a-z0-9]{5} +0/1 +Pending +0 +\\d[\\dms]*\\n){2}$`));
  const scaled = new RegExp(`ScalingReplicaSet .* deployment-controller +Scaled up replica set ${set} from 0 to 2`);
  const described = await shows(scaled, k, 'describe', 'deploy', 'web');
  assert.match(described, /^Replicas: +2 desired \| 2 updated \| 2 total \| 0 available \| 2 unavailable$/m);
  assert.match(described, /^ {2}Available +False +MinimumReplicasUnavailable$/m);
  assert.match(described, new RegExp(`^NewReplicaSet: +${set} \\(2/2 replicas created\\)$`, 'm'));
});

test('status tells how far it is', async () => {
  assert.equal(
    await k.ok('rollout', 'status', 'deploy/web', '--watch=false'),
    'Waiting for deployment "web" rollout to finish: 0 of 2 updated replicas are available...\n',
  );
  const slow = await k('rollout', 'status', 'deploy/web', '--timeout=3s');
  assert.equal(slow.code, 1);
  assert.equal(slow.stderr, 'error: timed out waiting for the condition\n');
});

test('history', async () => {
  assert.equal(await k.ok('annotate', 'deploy', 'web', 'kubernetes.io/change-cause=first'), 'deployment.apps/web annotated\n');
  await k.ok('wait', 'rs', '-l', 'app=web', '--for=jsonpath={.metadata.annotations.kubernetes\\.io/change-cause}=first', '--timeout=60s');
  assert.equal(await k.ok('set', 'image', 'deploy/web', 'nginx=nginx:2'), 'deployment.apps/web image updated\n');
  await revision('2');
  await k.ok('annotate', 'deploy', 'web', 'kubernetes.io/change-cause=second', '--overwrite');
  await k.ok('wait', 'rs', '--all', '--for=jsonpath={.metadata.annotations.kubernetes\\.io/change-cause}', '--timeout=60s');
  const history = await k.ok('rollout', 'history', 'deploy/web');
  assert.match(history, /^deployment\.apps\/web \nREVISION {2}CHANGE-CAUSE\n1 +first\n2 +(first|second)\n\n$/);
  const first = await k.ok('rollout', 'history', 'deploy/web', '--revision=1');
  assert.match(first, /^deployment\.apps\/web with revision #1\nPod Template:\n/);
  assert.match(first, /^ {4}Image:\tnginx:1$/m);
  const none = await k('rollout', 'history', 'deploy/web', '--revision=7');
  assert.equal(none.stderr, 'error: unable to find the specified revision\n');
});

test('undo brings the earlier template back under a new number', async () => {
  assert.equal(await k.ok('rollout', 'undo', 'deploy/web'), 'deployment.apps/web rolled back\n');
  await revision('3');
  assert.equal(await field('.spec.template.spec.containers[0].image'), 'nginx:1');
  assert.match(await k.ok('rollout', 'history', 'deploy/web'), /\n2 .*\n3 .*\n\n$/);
  assert.equal(await k.ok('rollout', 'undo', 'deploy/web', '--to-revision=2'), 'deployment.apps/web rolled back\n');
  await revision('4');
  assert.equal(await field('.spec.template.spec.containers[0].image'), 'nginx:2');
  const unknown = await k('rollout', 'undo', 'deploy/web', '--to-revision=99');
  assert.equal(unknown.stderr, 'error: unable to find specified revision 99 in history\n');
});

test('pause and resume', async () => {
  assert.equal(await k.ok('rollout', 'pause', 'deploy/web'), 'deployment.apps/web paused\n');
  assert.equal(await k.ok('set', 'env', 'deploy/web', 'A=b'), 'deployment.apps/web env updated\n');
  await k.ok(
    'wait',
    'deploy/web',
    '--for=jsonpath={.status.conditions[?(@.type=="Progressing")].reason}=DeploymentPaused',
    '--timeout=60s',
  );
  assert.equal(await field('.metadata.annotations.deployment\\.kubernetes\\.io/revision'), '4');
  const again = await k('rollout', 'pause', 'deploy/web');
  assert.equal(again.stderr, 'error: deployments.apps "web" is already paused\n');
  const refused = await k('rollout', 'undo', 'deploy/web');
  assert.match(refused.stderr, /you cannot rollback a paused deployment; resume it first/);
  assert.equal(await k.ok('rollout', 'resume', 'deploy/web'), 'deployment.apps/web resumed\n');
  await revision('5');
  assert.equal(await k.ok('set', 'env', 'deploy/web', '--list'), '# Deployment web, container nginx\nA=b\n');
});

test('restart', async () => {
  assert.equal(await k.ok('rollout', 'restart', 'deploy/web'), 'deployment.apps/web restarted\n');
  await revision('6');
  assert.match(await field('.spec.template.metadata.annotations.kubectl\\.kubernetes\\.io/restartedAt'), /^\d{4}-\d\d-\d\dT/);
});

test('scale, autoscale and expose a deployment', async () => {
  await k.ok('create', 'deployment', 'wide', '--image=nginx:1', '--replicas=3');
  await k.ok('wait', 'deploy/wide', '--for=jsonpath={.status.replicas}=3', '--timeout=60s');
  assert.equal(await k.ok('scale', 'deploy/wide', '--replicas=1'), 'deployment.apps/wide scaled\n');
  await k.ok('wait', 'deploy/wide', '--for=jsonpath={.status.replicas}=1', '--timeout=60s');
  assert.equal(await k.ok('expose', 'deploy', 'web', '--port=80', '--target-port=8080'), 'service/web exposed\n');
  const service = await k.ok('describe', 'svc', 'web');
  assert.match(service, /^Selector: +app=web$/m);
  assert.match(service, /^TargetPort: +8080\/TCP$/m);
  assert.match(service, /^Endpoints: *$/m);
  await k.ok('autoscale', 'deploy', 'web', '--min=1', '--max=3', '--cpu=80%');
  const hpa = await k.ok('describe', 'hpa', 'web');
  assert.match(hpa, /^Reference: +Deployment\/web$/m);
  assert.match(hpa, /resource cpu on pods +\(as a percentage of request\): +<unknown> \/ 80%/);
  assert.match(hpa, /^Min replicas: +1$/m);
});
