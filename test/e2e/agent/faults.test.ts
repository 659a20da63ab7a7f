// Faults around a node's pods: nothing is started twice, nothing is missed, nothing is left.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Pods } from '#api/refs.ts';
import { until } from '../../support/until.ts';
import { type AgentNode, inNamespace, isReady, shellPod, startAgentNode } from './support.ts';

const namespace = 'default';
const restarts = (pod: { status?: { containerStatuses?: readonly { restartCount?: number }[] } }): number =>
  pod.status?.containerStatuses?.[0]?.restartCount ?? 0;

/** Processes whose command line has all these parts. */
function processes(...parts: string[]): number[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return parts.every((part) => line.includes(part)) ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
}

async function remove(node: AgentNode, ...names: string[]): Promise<void> {
  await Promise.all(names.map((name) => node.client.resource(Pods).delete(name, { namespace, options: { gracePeriodSeconds: 0 } })));
  await Promise.all(names.map((name) => node.untilGone(name)));
}

/** Every pod of these has one sandbox that is up, and one container that runs. */
async function single(node: AgentNode, names: readonly string[]): Promise<void> {
  const { runtime } = node.instance;
  const sandboxes = (await runtime.listSandboxes()).filter(({ state }) => state === 'SANDBOX_READY');
  const containers = (await runtime.listContainers()).filter(({ state }) => state === 'CONTAINER_RUNNING');
  for (const name of names) {
    const own = sandboxes.filter(({ metadata }) => metadata.name === name);
    assert.equal(own.length, 1, `sandboxes of ${name}`);
    assert.equal(containers.filter(({ podSandboxId }) => podSandboxId === own[0]?.id).length, 1, `containers of ${name}`);
  }
}

if (await inNamespace(import.meta.filename)) {
  test('faults', async (t) => {
    await using node = await startAgentNode({ backoffInitial: 200, backoffMax: 1000 });
    const { runtime } = node.instance;
    const idle = (name: string, script = 'sleep 100000') => shellPod(name, script, { spec: { terminationGracePeriodSeconds: 0 } });
    const paths = node.instance.paths;

    await t.test('the API server is away: pods go on, die and come back; their status catches up', async () => {
      const names = ['goes-on', 'dies', 'goes'];
      for (const name of names) await node.createPod(idle(name));
      const pods = await Promise.all(names.map((name) => node.until(name, isReady)));
      const id = (index: number): string => pods[index]?.status?.containerStatuses?.[0]?.containerID?.slice('containerd://'.length) ?? '';
      node.road.cut();
      await runtime.stopContainer(id(1), 0);
      await node.client.resource(Pods).delete('goes', { namespace, options: { gracePeriodSeconds: 0 } });
      await until(
        'the container runs again',
        async () =>
          (await runtime.listContainers()).some(
            ({ state, labels, metadata }) =>
              state === 'CONTAINER_RUNNING' && labels['io.kubernetes.pod.name'] === 'dies' && metadata.attempt === 1,
          ),
        20_000,
      );
      assert.equal(restarts(await node.client.resource(Pods).get('dies', { namespace })), 0);
      node.road.mend();
      await node.until('dies', (pod) => isReady(pod) && restarts(pod) === 1);
      await until(
        'the pod that was deleted meanwhile is gone',
        async () => (await runtime.listSandboxes()).every(({ metadata }) => metadata.name !== 'goes'),
        20_000,
      );
      const still = await node.until('goes-on', isReady);
      assert.equal(still.status?.containerStatuses?.[0]?.containerID, `containerd://${id(0)}`);
      await single(node, ['goes-on', 'dies']);
      await remove(node, 'goes-on', 'dies');
    });

    await t.test('containerd is killed while pods start', async () => {
      const names = [1, 2, 3, 4, 5].map((n) => `crash-${n}`);
      for (const name of names) await node.createPod(idle(name));
      await until('the first sandbox', async () => (await runtime.listSandboxes()).length > 0, 20_000);
      const daemons = processes('containerd', `--config ${paths.config}`);
      assert.equal(daemons.length, 1);
      for (const pid of daemons) process.kill(pid, 'SIGKILL');
      await Promise.all(names.map((name) => node.until(name, isReady, 60_000)));
      await single(node, names);
      await remove(node, ...names);
    });

    await t.test('the agent goes away while pods start, again and again', async () => {
      const names = [1, 2, 3, 4].map((n) => `agent-${n}`);
      for (const name of names) await node.createPod(idle(name));
      for (const ms of [40, 150, 300]) {
        await node.world.clock.sleep(ms);
        await node.restartAgent();
      }
      await Promise.all(names.map((name) => node.until(name, isReady, 60_000)));
      await single(node, names);
      await remove(node, ...names);
    });

    await t.test('a container’s init and a shim are killed', async () => {
      await node.createPod(idle('init', 'sleep 54321'));
      await node.createPod(idle('shim'));
      await Promise.all(['init', 'shim'].map((name) => node.until(name, isReady)));
      for (const pid of processes('sleep 54321')) process.kill(pid, 'SIGKILL');
      const killed = await node.until('init', (pod) => isReady(pod) && restarts(pod) === 1);
      assert.equal(killed.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 137);
      const sandbox = (await runtime.listSandboxes()).find(({ metadata }) => metadata.name === 'shim');
      const shims = processes('containerd-shim-runc-v2', sandbox?.id ?? '?');
      assert.ok(shims.length > 0);
      for (const pid of shims) process.kill(pid, 'SIGKILL');
      await node.until('shim', (pod) => isReady(pod) && restarts(pod) >= 1, 60_000);
      await single(node, ['init', 'shim']);
      await remove(node, 'init', 'shim');
    });

    await t.test('a network plugin fails, then works', async () => {
      const { fs } = node.world;
      const plugin = `${paths.cniBin}/ptp`;
      await fs.rename(plugin, `${plugin}.away`);
      await fs.write(plugin, '#!/bin/sh\necho \'{"cniVersion":"0.4.0","code":100,"msg":"no such luck"}\'\nexit 1\n', { mode: 0o755 });
      await node.createPod(idle('network'));
      await until(
        'the event',
        async () => (await node.events('network')).some((text) => /^FailedCreatePodSandBox: .*no such luck/.test(text)),
        20_000,
      );
      await fs.remove(plugin);
      await fs.rename(`${plugin}.away`, plugin);
      await node.until('network', isReady, 30_000);
      await single(node, ['network']);
      await remove(node, 'network');
    });

    await t.test('nothing is left', async () => {
      const lines = (command: string): string[] =>
        execFileSync('sh', ['-c', command], { encoding: 'utf8' })
          .split('\n')
          .filter((line) => line !== '');
      const left = async (): Promise<string[]> => [
        ...(await runtime.listSandboxes()).map(({ metadata }) => `sandbox of ${metadata.name}`),
        ...(await runtime.listContainers()).map(({ metadata }) => `container ${metadata.name}`),
        ...(await node.world.fs.list(`${node.dataDir}/pods`)),
        ...(await node.world.fs.list(`${node.dataDir}/logs`)),
        ...lines('ip -o link show type veth'),
        ...lines(`grep ${node.dataDir}/pods/ /proc/self/mountinfo || true`),
        ...lines(`find /sys/fs/cgroup -type d -path '*${node.cgroup}*/pod*' 2>/dev/null || true`),
        ...processes('containerd-shim-runc-v2', paths.socket).map((pid) => `shim ${pid}`),
      ];
      let last: string[] = [];
      await until('nothing is left', async () => (last = await left()).length === 0, 20_000).catch(() => undefined);
      assert.deepEqual(last, []);
    });
  });
}
