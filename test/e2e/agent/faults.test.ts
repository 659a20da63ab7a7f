// Faults around a node's pods: nothing is started twice, nothing is missed, nothing is left.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Leases, Pods } from '#api/refs.ts';
import { until } from '../../support/until.ts';
import { kill, nothingLeft, processes, single } from './leaks.ts';
import { type AgentNode, inNamespace, isReady, shellPod, startAgentNode } from './support.ts';

const namespace = 'default';
const restarts = (pod: { status?: { containerStatuses?: readonly { restartCount?: number }[] } }): number =>
  pod.status?.containerStatuses?.[0]?.restartCount ?? 0;

async function remove(node: AgentNode, ...names: string[]): Promise<void> {
  await Promise.all(names.map((name) => node.client.resource(Pods).delete(name, { namespace, options: { gracePeriodSeconds: 0 } })));
  await Promise.all(names.map((name) => node.untilGone(name)));
}

if (await inNamespace(import.meta.filename)) {
  test('faults', async (t) => {
    // The lease is short, so that an API server that is away for some seconds is away for longer than the node is believed.
    await using node = await startAgentNode({ backoffInitial: 200, backoffMax: 1000, leaseDurationSeconds: 2 });
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
      await until('the container runs again', async () =>
        (await runtime.listContainers()).some(
          ({ state, labels, metadata }) =>
            state === 'CONTAINER_RUNNING' && labels['io.kubernetes.pod.name'] === 'dies' && metadata.attempt === 1,
        ),
      );
      assert.equal(restarts(await node.client.resource(Pods).get('dies', { namespace })), 0);
      const renewed = async (): Promise<number> =>
        Date.parse((await node.client.resource(Leases).get('node1', { namespace: 'kube-node-lease' })).spec?.renewTime ?? '');
      const last = await renewed();
      await until('the lease has run out, twice over', async () => Date.now() - (await renewed()) > 4_000);
      assert.equal(await renewed(), last);
      node.road.mend();
      await until('the lease is renewed', async () => (await renewed()) > last);
      await node.until('dies', (pod) => isReady(pod) && restarts(pod) === 1);
      await until('the pod that was deleted meanwhile is gone', async () =>
        (await runtime.listSandboxes()).every(({ metadata }) => metadata.name !== 'goes'),
      );
      const still = await node.until('goes-on', isReady);
      assert.equal(still.status?.containerStatuses?.[0]?.containerID, `containerd://${id(0)}`);
      await single(node, ['goes-on', 'dies']);
      await remove(node, 'goes-on', 'dies');
    });

    await t.test('containerd is killed while pods start', async () => {
      const names = [1, 2, 3, 4, 5].map((n) => `crash-${n}`);
      for (const name of names) await node.createPod(idle(name));
      await until('the first sandbox', async () => (await runtime.listSandboxes()).length > 0);
      kill(Number(await node.world.fs.readText(paths.pid)));
      await Promise.all(names.map((name) => node.until(name, isReady)));
      await single(node, names);
      // A shim whose address containerd had no time to write down is one that it never finds again.
      const known = (await runtime.listSandboxes()).map(({ id }) => id);
      kill(...processes('containerd-shim-runc-v2', paths.socket).filter((pid) => !known.some((id) => processes(id).includes(pid))));
      await remove(node, ...names);
    });

    await t.test('the agent goes away while pods start, again and again', async () => {
      const names = [1, 2, 3, 4].map((n) => `agent-${n}`);
      for (const name of names) await node.createPod(idle(name));
      for (const ms of [40, 150, 300]) {
        await node.world.clock.sleep(ms);
        await node.restartAgent();
      }
      await Promise.all(names.map((name) => node.until(name, isReady)));
      await single(node, names);
      await remove(node, ...names);
    });

    await t.test('a container’s init and a shim are killed', async () => {
      await node.createPod(idle('init', 'sleep 54321'));
      await node.createPod(idle('shim'));
      await Promise.all(['init', 'shim'].map((name) => node.until(name, isReady)));
      kill(...processes('sleep 54321'));
      const killed = await node.until('init', (pod) => isReady(pod) && restarts(pod) === 1);
      assert.equal(killed.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 137);
      const sandbox = (await runtime.listSandboxes()).find(({ metadata }) => metadata.name === 'shim');
      const shims = processes('containerd-shim-runc-v2', sandbox?.id ?? '?');
      assert.ok(shims.length > 0);
      kill(...shims);
      await node.until('shim', (pod) => isReady(pod) && restarts(pod) >= 1);
      await single(node, ['init', 'shim']);
      await remove(node, 'init', 'shim');
    });

    await t.test('nothing is left', () => nothingLeft(node));
  });
}
