// The runtime against a real containerd: life of a pod, events, errors, adoption after a restart, recovery after a crash.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createPodCgroups } from '#agent/cgroups/pods.ts';
import { RuntimeError, type RuntimeEvent } from '#agent/runtime.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { containerConfig, runPod, sandboxConfig, startTestNode, until, type TestNode } from './support.ts';

let node: TestNode;
before(async () => {
  node = await startTestNode({ subnets: ['10.244.7.0/24', 'fd44:7::/64'] });
});
after(async () => {
  await node?.[Symbol.asyncDispose]();
});

test('version and status', async () => {
  const { runtime, machine } = node.instance;
  const version = await runtime.version();
  assert.equal(version.runtimeName, 'containerd');
  assert.match(version.runtimeVersion, new RegExp(machine.containerdVersion.replaceAll('.', '\\.')));
  const status = await until(node.world, 'NetworkReady', async () => {
    const now = await runtime.status();
    return now.conditions.every((condition) => condition.status) && now;
  });
  assert.deepEqual(status.conditions.map((condition) => condition.type).sort(), ['NetworkReady', 'RuntimeReady']);
});

test('a pod from sandbox to removal, with events', async () => {
  const { runtime } = node.instance;
  const abort = new AbortController();
  const events: RuntimeEvent[] = [];
  const listening = (async () => {
    for await (const event of runtime.events(abort.signal)) events.push(event);
  })();
  const config = sandboxConfig(node, 'life');
  const { sandboxId, containerId } = await runPod(
    node,
    'life',
    containerConfig(['sh', '-c', 'echo "out $X"; echo err >&2; exit 3'], { envs: [{ key: 'X', value: 'ä b' }] }),
    config,
  );

  const sandbox = await runtime.sandboxStatus(sandboxId);
  assert.equal(sandbox.state, 'SANDBOX_READY');
  assert.match(sandbox.network?.ip ?? '', /^10\.244\.7\.\d+$/);
  assert.match(sandbox.network?.additionalIps[0]?.ip ?? '', /^fd44:7::/);
  assert.deepEqual(sandbox.metadata, config.metadata);

  const status = await until(node.world, 'the container ends', async () => {
    const now = await runtime.containerStatus(containerId);
    return now.state === 'CONTAINER_EXITED' && now;
  });
  assert.equal(status.exitCode, 3);
  assert.equal(status.reason, 'Error');
  assert.ok(Math.abs(status.finishedAt - node.world.clock.now()) < 60_000);
  // A process may end before the daemon writes its start down, so that the end is not compared with the start.
  assert.ok(status.startedAt >= status.createdAt && status.finishedAt >= status.createdAt);
  const log = await node.world.fs.readText(status.logPath);
  assert.match(log, / stdout F out ä b\n/);
  assert.match(log, / stderr F err\n/);
  await until(node.world, 'the exit event', async () =>
    events.some((event) => event.type === 'stopped' && event.id === containerId && event.exitCode === 3),
  );

  assert.equal((await runtime.listContainers({ podSandboxId: sandboxId })).length, 1);
  assert.equal((await runtime.listContainers({ podSandboxId: sandboxId, state: 'CONTAINER_RUNNING' })).length, 0);
  assert.equal((await runtime.listSandboxes({ labelSelector: { app: 'life' } })).length, 1);
  await runtime.stopSandbox(sandboxId);
  await runtime.removeSandbox(sandboxId);
  await runtime.removeSandbox(sandboxId);
  assert.equal((await runtime.listSandboxes({ labelSelector: { app: 'life' } })).length, 0);
  abort.abort();
  await listening;
});

test('commands in containers, and their time-out', async () => {
  const { runtime } = node.instance;
  const { sandboxId, containerId } = await runPod(
    node,
    'exec',
    containerConfig(['sh', '-c', 'cat /proc/self/timerslack_ns > /own; mv /own /slack; exec sleep 1000']),
  );
  const result = await runtime.execSync(containerId, ['sh', '-c', 'echo hi; hostname; exit 4'], 60);
  assert.deepEqual([Buffer.from(result.stdout).toString(), result.exitCode], ['hi\nexec\n', 4]);
  // The daemon may be woken late; no process of a container is.
  const { fs } = node.world;
  const pid = (await fs.readText(node.instance.paths.pid)).trim();
  assert.equal(await fs.readText(`/proc/${pid}/timerslack_ns`), '1000000\n');
  const own = await fs.readText('/proc/self/timerslack_ns');
  const exact = await runtime.execSync(
    containerId,
    ['sh', '-c', 'until [ -e /slack ]; do sleep 0.05; done; cat /slack /proc/self/timerslack_ns'],
    60,
  );
  assert.equal(Buffer.from(exact.stdout).toString(), own + own);
  await assert.rejects(
    runtime.execSync(containerId, ['sleep', '20'], 1),
    (error) => error instanceof RuntimeError && error.code === 'deadlineExceeded',
  );
  assert.match(
    await runtime.execUrl({ containerId, command: ['sh'], stdin: true, stdout: true, stderr: false, tty: true }),
    /^http:\/\/127\.0\.0\.1:\d+\/exec\//,
  );
  assert.match(await runtime.portForwardUrl(sandboxId, [80]), /portforward/);

  await runtime.updateResources(containerId, { memoryLimitInBytes: 64 * 1024 * 1024, cpuShares: 512 });
  assert.equal((await runtime.containerStatus(containerId)).resources?.linux?.memoryLimitInBytes, 64 * 1024 * 1024);

  await runtime.stopContainer(containerId, 1);
  assert.equal((await runtime.containerStatus(containerId)).exitCode, 137);
  await runtime.stopSandbox(sandboxId);
  await runtime.removeSandbox(sandboxId);
});

test('errors have codes', async () => {
  const { runtime } = node.instance;
  const isCode = (code: string) => (error: unknown) => error instanceof RuntimeError && error.code === code;
  await assert.rejects(runtime.containerStatus('none'), isCode('notFound'));
  await assert.rejects(runtime.sandboxStatus('none'), isCode('notFound'));
  assert.equal(await runtime.imageStatus('docker.io/library/none:1'), undefined);
  await runtime.stopContainer('none', 1);
  await runtime.removeContainer('none');
  await runtime.stopSandbox('none');
});

test('images are listed with their names', async () => {
  const { runtime } = node.instance;
  const image = await runtime.imageStatus('busybox:1');
  assert.ok(image?.repoTags.includes('docker.io/library/busybox:1'), JSON.stringify(image));
  assert.ok((await runtime.listImages()).some((item) => item.id === image?.id));
  const [usage] = await runtime.imageFsInfo();
  assert.match(usage?.mountpoint ?? '', /io\.containerd\.snapshotter/);
});

test('a restart of the agent finds the daemon and its containers as they were', async () => {
  const { containerId } = await runPod(node, 'stays', containerConfig(['sleep', '1000']));
  const pid = (await node.world.fs.readText(node.instance.paths.pid)).trim();
  const instance = await node.restart();
  assert.equal((await node.world.fs.readText(instance.paths.pid)).trim(), pid);
  assert.equal((await instance.runtime.containerStatus(containerId)).state, 'CONTAINER_RUNNING');
});

test('containers outlive a crash of the daemon, which comes back', async () => {
  const { instance, world } = node;
  const { containerId } = await runPod(node, 'outlives', containerConfig(['sleep', '1000']));
  const pid = Number((await world.fs.readText(instance.paths.pid)).trim());
  world.exec.kill(pid, 'SIGKILL');
  const status = await until(world, 'the daemon is back', async () => {
    const now = await world.fs.readText(instance.paths.pid).catch(() => '');
    if (now === '' || Number(now.trim()) === pid) return undefined;
    return await instance.runtime.containerStatus(containerId).catch(() => undefined);
  });
  assert.equal(status.state, 'CONTAINER_RUNNING');
  await until(world, 'healthy again', async () => instance.health() === undefined);
});

test('a pod group limits processes and memory and goes away', async () => {
  const { world, instance, options } = node;
  const { runtime, machine } = instance;
  const groups = createPodCgroups(world, { layout: machine.cgroups, root: options.cgroup, podPids: 30, allowance: { cpuMilli: 2000 } });
  const resources = { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '500m', memory: '64Mi' } };
  const pod = { metadata: { name: 'g', uid: 'group-1' }, spec: { containers: [{ name: 'c', resources }] }, status: {} } as unknown as Pod;
  const cgroupParent = await groups.ensure(pod);
  assert.equal(cgroupParent, `${options.cgroup}/kubepods/burstable/podgroup-1`);
  const config = sandboxConfig(node, 'group');
  const sandbox = { ...config, linux: { ...config.linux, cgroupParent } };
  const { sandboxId, containerId } = await runPod(node, 'group', containerConfig(['sleep', '1000']), sandbox);
  const run = async (command: string): Promise<string> => {
    const result = await runtime.execSync(containerId, ['sh', '-c', command], 60);
    return Buffer.from(result.stdout).toString() + Buffer.from(result.stderr).toString();
  };
  assert.match(
    await run('i=0; while [ $i -lt 60 ]; do sleep 5 & i=$((i+1)); done; echo made'),
    /can't fork|Resource temporarily unavailable/,
  );
  assert.ok((await groups.present()).includes('group-1'));
  const limit = machine.cgroups.version === 1 ? 'memory.limit_in_bytes' : 'memory.max';
  assert.equal(
    (await world.fs.readText(`${machine.cgroups.controllers.get('memory')}${cgroupParent}/${limit}`)).trim(),
    String(64 * 2 ** 20),
  );
  await runtime.stopSandbox(sandboxId);
  await runtime.removeSandbox(sandboxId);
  await groups.remove('group-1');
  assert.deepEqual(await groups.present().then((uids) => uids.includes('group-1')), false);
});

test('the clean-up needs no daemon: after a crash the data directory is enough', async () => {
  const crashed = await startTestNode({ subnets: ['10.244.9.0/24'] });
  try {
    await runPod(crashed, 'left', containerConfig(['sh', '-c', 'trap "" TERM; while true; do sleep 1; done']));
    crashed.world.exec.kill(Number((await crashed.world.fs.readText(crashed.instance.paths.pid)).trim()), 'SIGKILL');
  } finally {
    // Fails when a process, mount, cgroup, rule or result is left.
    await crashed[Symbol.asyncDispose]();
  }
});
