// What survives: the agent's restart, a container's and a sandbox's death, pods deleted while nobody looked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Leases, Nodes, Pods } from '#api/refs.ts';
import { until } from '../../support/until.ts';
import { condition, inNamespace, isReady, shellPod, startAgentNode } from './support.ts';

if (await inNamespace(import.meta.filename)) {
  test('a node through restarts', async (t) => {
    await using node = await startAgentNode({ backoffInitial: 500, backoffMax: 2000 });
    const { client } = node;
    const namespace = 'default';
    const { runtime } = node.instance;

    await t.test('the node is registered, ready and renews its lease', async () => {
      const object = await until('the node is ready', async () => {
        const now = await client.resource(Nodes).get('node1');
        return now.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') && now;
      });
      assert.equal(object.metadata.labels?.['kubernetes.io/hostname'], 'node1');
      assert.equal(object.status.conditions?.find((candidate) => candidate.type === 'Ready')?.reason, 'KubeletReady');
      assert.equal(object.status.nodeInfo?.kubeletVersion, 'v1.35.0');
      assert.match(object.status.nodeInfo?.containerRuntimeVersion ?? '', /^containerd:\/\/\d/);
      assert.equal(object.status.daemonEndpoints?.kubeletEndpoint?.Port, node.agent.port);
      assert.ok(object.status.images?.some((image) => image.names?.includes('docker.io/library/busybox:1')));
      const lease = await until('its lease', () =>
        client
          .resource(Leases)
          .get('node1', { namespace: 'kube-node-lease' })
          .catch(() => undefined),
      );
      assert.equal(lease.spec?.holderIdentity, 'node1');
      assert.equal(lease.metadata.ownerReferences?.[0]?.uid, object.metadata.uid);
    });

    await t.test('the agent adopts what runs, and misses nothing that happened meanwhile', async () => {
      for (const name of ['stays', 'dies', 'deleted'])
        await node.createPod(shellPod(name, 'sleep 1000', { spec: { terminationGracePeriodSeconds: 1 } }));
      const before = await Promise.all(['stays', 'dies', 'deleted'].map((name) => node.until(name, isReady)));
      const ids = before.map((pod) => pod.status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '');
      await node.stopAgent();
      await runtime.stopContainer(ids[1] ?? '', 0);
      await client.resource(Pods).delete('deleted', { namespace, options: { gracePeriodSeconds: 0 } });
      await node.restartAgent();
      const stays = await node.until('stays', isReady);
      assert.equal(stays.status?.containerStatuses?.[0]?.containerID, `containerd://${ids[0]}`);
      assert.equal(stays.status?.containerStatuses?.[0]?.restartCount, 0);
      const dies = await node.until('dies', (pod) => isReady(pod) && pod.status?.containerStatuses?.[0]?.restartCount === 1);
      assert.equal(dies.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 137);
      await until('the sandbox of the deleted pod is gone', async () =>
        (await runtime.listSandboxes()).every((sandbox) => sandbox.metadata.name !== 'deleted'),
      );
      await Promise.all(['stays', 'dies'].map((name) => client.resource(Pods).delete(name, { namespace })));
      await Promise.all(['stays', 'dies'].map((name) => node.untilGone(name)));
    });

    await t.test('a dead sandbox is replaced, with init containers anew', async () => {
      await node.createPod(
        shellPod('sandbox', 'sleep 1000', {
          spec: { terminationGracePeriodSeconds: 1, initContainers: [{ name: 'init', image: 'busybox:1', command: ['true'] }] },
        }),
      );
      const first = await node.until('sandbox', isReady);
      const [sandbox] = (await runtime.listSandboxes()).filter((candidate) => candidate.metadata.name === 'sandbox');
      await runtime.stopSandbox(sandbox?.id ?? '');
      const second = await node.until('sandbox', (pod) => isReady(pod) && (pod.status?.containerStatuses?.[0]?.restartCount ?? 0) >= 1);
      assert.equal(second.status?.initContainerStatuses?.[0]?.restartCount, 1);
      assert.notEqual(second.status?.podIP, first.status?.podIP);
      await node.told('sandbox', 'SandboxChanged: Pod sandbox changed, it will be killed and re-created.');
      await client.resource(Pods).delete('sandbox', { namespace });
      await node.untilGone('sandbox');
    });

    await t.test('a changed image restarts the container', async () => {
      await node.createPod(shellPod('image', 'sleep 1000', { spec: { terminationGracePeriodSeconds: 1 } }));
      await node.until('image', isReady);
      await client
        .resource(Pods)
        .patch(
          'image',
          { spec: { containers: [{ name: 'main', image: 'registry.k8s.io/e2e-test-images/busybox:1.36.1-1' }] } },
          { type: 'strategic', namespace },
        );
      await node.until('image', (seen) => isReady(seen) && seen.status?.containerStatuses?.[0]?.restartCount === 1);
      await node.told('image', 'Killing: Container main definition changed, will be restarted');
      await client.resource(Pods).delete('image', { namespace });
      await node.untilGone('image');
    });

    await t.test('nothing of the pods is left', async () => {
      const left = async () => [
        ...(await runtime.listSandboxes()).map((sandbox) => sandbox.id),
        ...(await node.world.fs.list(`${node.dataDir}/pods`)),
        ...(await node.world.fs.list(`${node.dataDir}/logs`)),
      ];
      let last: string[] = [];
      await until('nothing is left', async () => (last = await left()).length === 0).catch(() => undefined);
      assert.deepEqual(last, []);
      assert.equal(condition(await node.createPod(shellPod('last', 'true')), 'Ready'), undefined);
    });
  });
}
