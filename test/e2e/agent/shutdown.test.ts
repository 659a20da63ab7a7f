// The machine goes down: pods end in order, the API knows, new ones are not taken. A restart of the agent ends nothing
// (restart.test.ts).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Nodes, Pods } from '#api/refs.ts';
import { until } from '../../support/until.ts';
import { nothingLeft } from './leaks.ts';
import { inNamespace, isReady, shellPod, startAgentNode } from './support.ts';

const namespace = 'default';

if (await inNamespace(import.meta.filename)) {
  test('graceful shutdown of the node', async (t) => {
    await using node = await startAgentNode({
      shutdown: [
        // Longer than the test waits: whoever has ended is not waited for.
        { priority: 0, seconds: 600 },
        { priority: 2_000_000_000, seconds: 600 },
      ],
    });
    const pods = node.client.resource(Pods);
    const names = ['plain', 'stubborn', 'critical', 'done'];
    const polite = "trap 'exit 0' TERM; touch /tmp/set; sleep 100000 & wait";
    const container = { readinessProbe: { exec: { command: ['test', '-e', '/tmp/set'] }, periodSeconds: 1, timeoutSeconds: 20 } };

    await t.test('pods end, critical ones last', async () => {
      await node.createPod(shellPod('plain', polite, { container, spec: { terminationGracePeriodSeconds: 600 } }));
      await node.createPod(shellPod('stubborn', "trap '' TERM; while :; do sleep 1; done", { spec: { terminationGracePeriodSeconds: 2 } }));
      await node.createPod(
        shellPod('critical', polite, {
          container,
          spec: { terminationGracePeriodSeconds: 600, priorityClassName: 'system-cluster-critical' },
        }),
      );
      await node.createPod(shellPod('done', 'exit 0', { spec: { restartPolicy: 'Never' } }));
      await Promise.all(['plain', 'stubborn', 'critical'].map((name) => node.until(name, isReady)));
      await node.until('done', (pod) => pod.status.phase === 'Succeeded');
      let down = false;
      const ending = node.agent.shutDown().then(() => (down = true));
      await until('the node is down', () => down);
      await ending;
      const ended = new Map<string, number>();
      for (const name of ['plain', 'stubborn', 'critical']) {
        const pod = await pods.get(name, { namespace });
        assert.deepEqual(
          [pod.status.phase, pod.status.reason, pod.status.message],
          ['Failed', 'Terminated', 'Pod was terminated in response to imminent node shutdown.'],
        );
        const target = pod.status.conditions?.find(({ type }) => type === 'DisruptionTarget');
        assert.deepEqual([target?.status, target?.reason, target?.message], ['True', 'TerminationByKubelet', pod.status.message]);
        const terminated = pod.status.containerStatuses?.[0]?.state?.terminated;
        assert.equal(terminated?.exitCode, name === 'stubborn' ? 137 : 0);
        ended.set(name, Date.parse(terminated?.finishedAt ?? ''));
      }
      // To the second: the stubborn one takes two.
      const [plain = NaN, stubborn = NaN, critical = NaN] = names.map((name) => ended.get(name) ?? NaN);
      assert.ok(critical >= stubborn && critical >= plain, `plain ${plain}, stubborn ${stubborn}, critical ${critical}`);
      assert.equal((await pods.get('done', { namespace })).status.phase, 'Succeeded');
    });

    await t.test('the node is not ready and takes no more pods', async () => {
      const nodes = node.client.resource(Nodes);
      const condition = async () => (await nodes.get(node.nodeName)).status.conditions?.find(({ type }) => type === 'Ready');
      await until('the node is not ready', async () => (await condition())?.status === 'False');
      assert.deepEqual([(await condition())?.reason, (await condition())?.message], ['KubeletNotReady', 'node is shutting down']);
      await node.createPod(shellPod('late', 'sleep 100000'));
      const late = await node.until('late', (pod) => pod.status.phase === 'Failed');
      assert.deepEqual([late.status.reason, late.status.message], ['NodeShutdown', 'Pod was rejected as the node is shutting down.']);
    });

    await t.test('after the restart of the machine the pods stay ended', async () => {
      await node.restartAgent();
      for (const name of ['plain', 'critical']) assert.equal((await pods.get(name, { namespace })).status.phase, 'Failed');
      for (const name of [...names, 'late']) await pods.delete(name, { namespace, options: { gracePeriodSeconds: 0 } });
      await Promise.all([...names, 'late'].map((name) => node.untilGone(name)));
      await nothingLeft(node);
    });
  });
}
