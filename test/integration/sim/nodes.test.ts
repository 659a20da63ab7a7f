// `tutti up --nodes sim:N`, as a user starts it: stock kubectl sees nodes that run, roll, scale and end pods.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { nodeAddresses } from '#cmd/up.ts';
import { createWorld } from '#host/world.ts';
import { type Kubectl, kubectlFor, runCommand } from '../../support/kubectl.ts';
import { until } from '../../support/until.ts';

const root = resolve(import.meta.dirname, '../../..');

describe('simulated nodes', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tutti-sim-'));
  let kubectl: Kubectl;
  const tutti = (...args: string[]) =>
    runCommand(process.execPath, [join(root, 'bin/tutti.mjs'), ...args, '--data-dir', dataDir], { cwd: root, timeout: 240_000 });
  before(async () => {
    const up = await tutti('up', '--detach', '--nodes', 'sim:3', '--api-port', '0');
    assert.equal(up.code, 0, up.stderr + up.stdout);
    assert.match(up.stdout, /3 simulated nodes ready/);
    kubectl = kubectlFor(join(dataDir, 'kubeconfig'));
  });
  after(async () => {
    const down = await tutti('down');
    assert.equal(down.code, 0, down.stderr);
    assert.ok(!readdirSync(dataDir).includes('sim'));
    rmSync(dataDir, { recursive: true, force: true });
  });
  const json = async (...args: string[]) => JSON.parse(await kubectl.ok(...args, '-o', 'json'));
  const apply = (object: object) => kubectl.pipe(JSON.stringify(object), 'apply', '-f', '-');
  const deployment = (name: string, replicas: number, containers: object[], annotations: Record<string, string> = {}) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name }, annotations }, spec: { containers } },
    },
  });

  it('are nodes like others', async () => {
    const { items } = await json('get', 'nodes');
    assert.deepEqual(
      items.map((node: { metadata: { name: string } }) => node.metadata.name),
      ['sim-0', 'sim-1', 'sim-2'],
    );
    assert.equal(items[0].status.capacity.cpu, '8');
    await kubectl.ok('wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=60s');
    assert.match(await kubectl.ok('describe', 'node', 'sim-0'), /Container Runtime Version: +sim:\/\//);
  });

  it('know where the API server is, though it listens for no other machines', async () => {
    const outside = nodeAddresses(createWorld({ logLevel: 'error' }), '', '10.244.0.0/16').filter((address) => address !== '127.0.0.1');
    const { subsets = [] } = await json('get', 'endpoints', 'kubernetes');
    const addresses = subsets.flatMap((subset: { addresses: { ip: string }[] }) => subset.addresses.map(({ ip }) => ip));
    assert.deepEqual(addresses, outside);
    const { items } = await json('get', 'endpointslices', '-l', 'kubernetes.io/service-name=kubernetes');
    assert.deepEqual(
      items.flatMap((slice: { endpoints: { addresses: string[] }[] }) => slice.endpoints.flatMap((endpoint) => endpoint.addresses)),
      outside,
    );
    const token = await tutti('token', 'create', '--print-join-command');
    assert.equal(token.code, 2, token.stdout);
    assert.match(token.stderr, /this server listens for no other machines/);
  });

  it('run a Deployment through its life', async () => {
    await apply(deployment('web', 6, [{ name: 'web', image: 'web:1' }]));
    await kubectl.ok('rollout', 'status', 'deployment/web', '--timeout=60s');
    const { items } = await json('get', 'pods', '-l', 'app=web');
    assert.equal(new Set(items.map((pod: { spec: { nodeName: string } }) => pod.spec.nodeName)).size, 3);
    assert.equal(new Set(items.map((pod: { status: { podIP: string } }) => pod.status.podIP)).size, 6);
    await kubectl.ok('set', 'image', 'deployment/web', 'web=web:2');
    await kubectl.ok('rollout', 'status', 'deployment/web', '--timeout=60s');
    await kubectl.ok('delete', 'deployment', 'web', '--timeout=60s');
    await until('no pods', async () => (await json('get', 'pods', '-l', 'app=web')).items.length === 0, 60_000);
  });

  it('wait for what probes say', async () => {
    const probe = { httpGet: { path: '/', port: 80 }, periodSeconds: 1 };
    const script = { 'sim.tutti.dev/containers': JSON.stringify({ '*': { readySeconds: 3 } }) };
    await apply(deployment('slow', 1, [{ name: 'c', image: 'i', readinessProbe: probe }], script));
    await kubectl.ok('rollout', 'status', 'deployment/slow', '--timeout=60s');
    assert.equal((await json('get', 'deployment', 'slow')).status.readyReplicas, 1);
    const [{ status }] = (await json('get', 'pods', '-l', 'app=slow')).items;
    const ready = status.conditions.find(({ type }: { type: string }) => type === 'Ready');
    const waited = Date.parse(ready.lastTransitionTime) - Date.parse(status.containerStatuses[0].state.running.startedAt);
    assert.ok(waited >= 2_000, `ready ${waited} ms after its start`);
    await kubectl.ok('delete', 'deployment', 'slow');
  });

  it('end jobs as their commands end, and keep what they said', async () => {
    await kubectl.ok('create', 'job', 'good', '--image=busybox', '--', 'sh', '-c', 'echo done; sleep 1');
    await kubectl.ok('wait', '--for=condition=Complete', 'job/good', '--timeout=60s');
    assert.equal(await kubectl.ok('logs', 'job/good'), 'done\n');
    await apply({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'bad' },
      spec: {
        backoffLimit: 0,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox', command: ['sh', '-c', 'exit 3'] }] } },
      },
    });
    await kubectl.ok('wait', '--for=condition=Failed', 'job/bad', '--timeout=60s');
    const [pod] = (await json('get', 'pods', '-l', 'job-name=bad')).items;
    assert.equal(pod.status.containerStatuses[0].state.terminated.exitCode, 3);
  });

  it('feed the autoscaler with what containers use', async () => {
    const script = { 'sim.tutti.dev/containers': JSON.stringify({ '*': { cpuMillis: 300 } }) };
    await apply(deployment('busy', 1, [{ name: 'c', image: 'i', resources: { requests: { cpu: '100m' } } }], script));
    await kubectl.ok('rollout', 'status', 'deployment/busy', '--timeout=60s');
    await kubectl.ok('autoscale', 'deployment', 'busy', '--cpu-percent=100', '--min=1', '--max=3');
    await until('it has grown', async () => (await json('get', 'deployment', 'busy')).status.readyReplicas === 3, 90_000);
    assert.match(await kubectl.ok('top', 'pods', '-l', 'app=busy', '--no-headers'), /300m/);
  });

  it('have no containers to enter, and say so', async () => {
    const { code, stderr } = await kubectl('exec', 'deployment/busy', '--', 'true');
    assert.notEqual(code, 0);
    assert.match(stderr, /exec needs a real container: this node is simulated/);
  });
});
