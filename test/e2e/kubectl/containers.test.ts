// Stock kubectl and real containers: a whole one-node cluster in a network namespace of its own, started as a user starts it.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { containerdPaths } from '#agent/containerd/paths.ts';
import { importImage } from '#agent/images/import.ts';
import { place } from '#cmd/place.ts';
import { createWorld } from '#host/world.ts';
import { busyboxImage } from '../../images/busybox.ts';
import { type Kubectl, kubectlFor, kubectlPath, runCommand } from '../../support/kubectl.ts';
import { until } from '../../support/until.ts';

const root = resolve(import.meta.dirname, '../../..');
const netns = `tkube${process.pid % 100_000}`;
const via = ['nsenter', `--net=/run/netns/${netns}`];
const dataDir = mkdtempSync(join(tmpdir(), 'tutti-kubectl-'));
const sh = (command: string): string => execFileSync('sh', ['-ec', command], { encoding: 'utf8' });
const tutti = (...args: string[]) =>
  runCommand(process.execPath, [join(root, 'bin/tutti.mjs'), ...args, '--data-dir', dataDir], { via, cwd: root, timeout: 240_000 });
let k: Kubectl;

before(async () => {
  sh(`ip netns add ${netns}; ip -n ${netns} link set lo up; ip -n ${netns} link add up0 type bridge
    ip -n ${netns} addr add 192.0.2.1/24 dev up0; ip -n ${netns} link set up0 up; ip -n ${netns} route add default via 192.0.2.254`);
  const started = await tutti('up', '--detach', '--node-name', 'node-1');
  assert.equal(started.code, 0, started.stderr + started.stdout);
  const world = createWorld({ logLevel: 'warn' });
  const channel = world.grpc.connect(containerdPaths(place(dataDir).node, world.digest).socket);
  await importImage(world, channel, await busyboxImage(world));
  channel.close();
  k = kubectlFor(place(dataDir).kubeconfig, kubectlPath(), { via });
  const script = 'echo hello; sleep 1; echo trouble >&2; echo page > /tmp/index.html; exec httpd -f -p 8080 -h /tmp';
  await k.ok('run', 'web', '--image=busybox:1', '--port=8080', '--', 'sh', '-c', script);
  await k.ok('wait', 'pod/web', '--for=condition=Ready', '--timeout=240s');
});

after(async () => {
  const stopped = await tutti('down');
  sh(`ip netns del ${netns} || true`);
  rmSync(dataDir, { recursive: true, force: true });
  assert.equal(stopped.code, 0, stopped.stderr);
});

test('nodes and pods', async () => {
  assert.match(
    await k.ok('get', 'nodes', '-o', 'wide', '--no-headers'),
    /^node-1 +Ready +\S+ +\S+ +v1\.35\.0\S* +192\.0\.2\.1 +<none> .* containerd:\/\/\d/,
  );
  assert.match(
    await k.ok('get', 'pod', 'web', '-o', 'wide', '--no-headers'),
    /^web +1\/1 +Running +0 +\S+ +10\.244\.\d+\.\d+ +node-1 +<none> +<none>$/m,
  );
  for (const pattern of [
    /^Node: +node-1\/192\.0\.2\.1$/m,
    /State: +Running/,
    /Container ID: +containerd:\/\//,
    /Normal +Scheduled +.*Successfully assigned default\/web to node-1/,
    /Normal +Started/,
  ]) {
    await until(`${pattern}`, async () => pattern.test(await k.ok('describe', 'pod', 'web')));
  }
});

test('logs', async () => {
  await until('its words', async () => (await k.ok('logs', 'web')) === 'hello\ntrouble\n');
  assert.equal(await k.ok('logs', 'web', '--tail=1'), 'trouble\n');
  assert.match(await k.ok('logs', 'web', '--timestamps', '--limit-bytes=100'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z hello\n/);
  assert.equal(await k.ok('logs', 'web', '--since=1h', '--all-containers', '--prefix'), '[pod/web/web] hello\n[pod/web/web] trouble\n');
  await k.ok(
    'run',
    'talker',
    '--image=busybox:1',
    '--restart=Never',
    '--',
    'sh',
    '-c',
    'echo 1; until [ -e /tmp/go ]; do sleep 0.1; done; echo 2; echo 3',
  );
  await k.ok('wait', 'pod/talker', '--for=jsonpath={.status.containerStatuses[0].started}=true', '--timeout=240s');
  // Follows to the end of the container, and ends with it.
  const following = k.ok('logs', '-f', 'talker');
  await k.ok('exec', 'talker', '--', 'touch', '/tmp/go');
  assert.equal(await following, '1\n2\n3\n');
  const none = await k('logs', 'talker', '--previous');
  assert.match(none.stderr, /previous terminated container "talker" in pod "talker" not found/);
});

test('exec: output, errors, exit codes, input, a terminal', async () => {
  assert.equal(await k.ok('exec', 'web', '--', 'echo', 'a b'), 'a b\n');
  const failed = await k('exec', 'web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7');
  assert.deepEqual([failed.code, failed.stdout], [7, 'out\n']);
  assert.equal(failed.stderr, 'err\ncommand terminated with exit code 7\n');
  assert.equal(await k.pipe('some input', 'exec', '-i', 'web', '--', 'cat'), 'some input');
  const missing = await k('exec', 'web', '--', 'no-such-program');
  assert.notEqual(missing.code, 0);
  assert.match(missing.stderr, /no-such-program/);
  const session = await runCommand('script', ['-qec', `${kubectlPath()} exec -it web -- sh -c 'tty; echo done'`, '/dev/null'], {
    via,
    env: { KUBECONFIG: place(dataDir).kubeconfig, HOME: dataDir },
  });
  // The end of `script`'s own input may come as a character that is echoed in between.
  assert.match(session.stdout, /\/dev\/pts\/\d+\r\n(\^@)?done\r\n/);
});

test('attach and run -it', async () => {
  assert.match(
    await k.pipe(
      'line\n',
      'run',
      'once',
      '--image=busybox:1',
      '-i',
      '--rm',
      '--restart=Never',
      '--quiet',
      '--pod-running-timeout=4m',
      '--',
      'sed',
      's/^/got /',
    ),
    /got line\n/,
  );
  await until('it is gone', async () => (await k('get', 'pod', 'once')).stderr.includes('NotFound'));
});

test('cp in both directions', async () => {
  const file = join(dataDir, 'sent');
  writeFileSync(file, 'content\n'.repeat(10_000));
  await k.ok('cp', file, 'web:/tmp/got');
  assert.equal(await k.ok('exec', 'web', '--', 'wc', '-c', '/tmp/got'), '80000 /tmp/got\n');
  await k.ok('cp', 'web:/tmp/got', join(dataDir, 'back'));
  assert.equal(readFileSync(join(dataDir, 'back'), 'utf8'), readFileSync(file, 'utf8'));
});

test('port-forward', async () => {
  const child = spawn(via[0] ?? '', [...via.slice(1), kubectlPath(), 'port-forward', 'pod/web', '18080:8080'], {
    env: { KUBECONFIG: place(dataDir).kubeconfig, HOME: dataDir, PATH: process.env['PATH'] ?? '' },
  });
  const closed = once(child, 'close');
  let said = '';
  child.stdout.on('data', (chunk) => (said += String(chunk)));
  try {
    await until('forwarding', () => said.includes('Forwarding from 127.0.0.1:18080 -> 8080'));
    for (let i = 0; i < 3; i++) {
      const page = await runCommand('/bin/busybox', ['wget', '-qO-', 'http://127.0.0.1:18080/'], { via });
      assert.equal(page.stdout, 'page\n', page.stderr);
    }
  } finally {
    child.kill();
    await closed;
  }
});

test('the proxies of pods and services', async () => {
  assert.equal(await k.ok('get', '--raw', '/api/v1/namespaces/default/pods/web:8080/proxy/index.html'), 'page\n');
  await k.ok('expose', 'pod', 'web', '--port=80', '--target-port=8080');
  const read = async (): Promise<string> => (await k('get', '--raw', '/api/v1/namespaces/default/services/web/proxy/')).stdout;
  await until('the Service has its endpoint', async () => (await read()) === 'page\n');
  assert.match(await k.ok('get', '--raw', '/api/v1/nodes/node-1/proxy/healthz'), /^ok/);
});

test('top', async () => {
  await until('metrics', async () => (await k('top', 'pod', 'web')).code === 0 && (await k('top', 'node')).code === 0);
  assert.match(await k.ok('top', 'pod', 'web'), /^NAME +CPU\(cores\) +MEMORY\(bytes\) *\nweb +\d+m +\d+Mi *\n$/);
  assert.match(
    await k.ok('top', 'node'),
    /^NAME +CPU\(cores\) +CPU\(%\) +MEMORY\(bytes\) +MEMORY\(%\) *\nnode-1 +\d+m +\d+% +\d+Mi +\d+% *\n$/,
  );
});

test('a deployment rolls over and back', async () => {
  await k.ok('create', 'deployment', 'roll', '--image=busybox:1', '--replicas=2', '--', 'sleep', '1000');
  assert.match(await k.ok('rollout', 'status', 'deployment/roll', '--timeout=240s'), /deployment "roll" successfully rolled out\n$/);
  await k.ok('set', 'env', 'deployment/roll', 'A=1');
  assert.match(await k.ok('rollout', 'status', 'deployment/roll', '--timeout=240s'), /successfully rolled out\n$/);
  assert.equal(await k.ok('rollout', 'undo', 'deployment/roll'), 'deployment.apps/roll rolled back\n');
  assert.match(await k.ok('rollout', 'status', 'deployment/roll', '--timeout=240s'), /successfully rolled out\n$/);
  assert.equal(await k.ok('get', 'deploy', 'roll', '-o', 'jsonpath={.spec.template.spec.containers[0].env}'), '');
  await k.ok('delete', 'deployment', 'roll', '--grace-period=1');
});

test('what goes wrong with images and commands is told', async () => {
  await k.ok('run', 'absent', '--image=registry.invalid/no:1');
  await until('the pull fails', async () => /ErrImagePull|ImagePullBackOff/.test((await k('get', 'pod', 'absent', '--no-headers')).stdout));
  await k.ok('run', 'crash', '--image=busybox:1', '--', 'sh', '-c', 'exit 3');
  await until('it is restarted', async () =>
    /crash +0\/1 +(CrashLoopBackOff|Error) +[1-9]/.test((await k('get', 'pod', 'crash', '--no-headers')).stdout),
  );
  await k.ok('delete', 'pod', 'absent', 'crash', '--now');
});

test('debug adds a container to a running pod', async () => {
  const made = await k(
    'debug',
    'web',
    '--image=busybox:1',
    '--image-pull-policy=IfNotPresent',
    '-c',
    'dbg',
    '--',
    'sh',
    '-c',
    'echo inside; sleep 1000',
  );
  assert.equal(made.code, 0, made.stderr);
  await until('it says something', async () => (await k('logs', 'web', '-c', 'dbg')).stdout === 'inside\n');
});
