// Pods that write more than they may, and a node that runs short: who is evicted, and what is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evictionDefaults } from '#agent/eviction/thresholds.ts';
import { pauseImage } from '#agent/images/pause/image.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { Nodes, Pods } from '#api/refs.ts';
import { until } from '../../support/until.ts';
import { condition, inNamespace, isReady, shellPod, startAgentNode } from './support.ts';

const isEvicted = (pod: Pod): boolean => pod.status?.phase === 'Failed' && pod.status.reason === 'Evicted';
const limits = (amount: string) => ({ container: { resources: { limits: { 'ephemeral-storage': amount } } } });

if (await inNamespace(import.meta.filename)) {
  test('eviction', async (t) => {
    await using node = await startAgentNode();
    const fill = (path: string, megabytes: number): string => `dd if=/dev/zero of=${path} bs=1M count=${megabytes}; sleep 100000`;

    await t.test('limits of local storage: the root of a container, its log, a volume', async () => {
      const volume = (sizeLimit: string) => ({ volumes: [{ name: 'v', emptyDir: { sizeLimit } }] });
      const mounted = { container: { volumeMounts: [{ name: 'v', mountPath: '/v' }] } };
      await node.createPod(shellPod('root', fill('/file', 10), limits('5Mi')));
      await node.createPod(shellPod('log', 'dd if=/dev/zero bs=1M count=8 | tr "\\0" x | fold -w 1000; sleep 100000', limits('5Mi')));
      await node.createPod(shellPod('volume', fill('/v/file', 10), { ...mounted, spec: volume('5Mi') }));
      await node.createPod(shellPod('modest', fill('/v/file', 1), { ...mounted, spec: volume('5Mi') }));
      const ended = await Promise.all(['root', 'log', 'volume'].map((name) => node.until(name, isEvicted)));
      assert.deepEqual(
        ended.map((pod) => pod.status?.message),
        [
          'Pod ephemeral local storage usage exceeds the total limit of containers 5Mi. ',
          'Pod ephemeral local storage usage exceeds the total limit of containers 5Mi. ',
          'Usage of EmptyDir volume "v" exceeds the limit "5Mi". ',
        ],
      );
      assert.equal(condition(ended[0] as Pod, 'DisruptionTarget'), 'True');
      await node.told('volume', /^Evicted: Usage of EmptyDir volume "v"/);
      assert.ok(isReady(await node.until('modest', isReady)));
    });

    await t.test('a node short of memory says so, evicts one pod and takes no new ones that ask for nothing', async () => {
      const asks = { container: { resources: { requests: { memory: '64Mi' } } } };
      await node.createPod(shellPod('careful', 'sleep 100000', asks));
      await node.until('careful', isReady);
      await node.restartAgent({ eviction: { ...evictionDefaults, hard: { 'memory.available': '100%' } } });
      const evicted = await node.until('modest', isEvicted);
      assert.match(evicted.status?.message ?? '', /^The node was low on resource: memory\. Threshold quantity: \d+Ki, available: \d+Ki\. /);
      const found = evicted.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
      assert.equal(found?.reason, 'TerminationByKubelet');
      await until('the condition of the node', async () =>
        (await node.client.resource(Nodes).get('node1')).status.conditions?.some(
          ({ type, status, reason }) => type === 'MemoryPressure' && status === 'True' && reason === 'KubeletHasInsufficientMemory',
        ),
      );
      await node.createPod(shellPod('new', 'true'));
      const refused = await node.until('new', isEvicted);
      assert.equal(refused.status?.message, 'Pod was rejected: The node had condition: [MemoryPressure]. ');
    });

    await t.test('a node short of disk removes the images that nobody uses, then pods', async () => {
      const { runtime } = node.instance;
      const { items } = await node.client.resource(Pods).list({ namespace: 'default' });
      const remove = (name: string) =>
        node.client.resource(Pods).delete(name, { namespace: 'default', options: { gracePeriodSeconds: 0 } });
      await Promise.all(items.map(({ metadata }) => remove(metadata.name)));
      await Promise.all(items.map(({ metadata }) => node.untilGone(metadata.name)));
      assert.ok((await runtime.listImages()).length > 1);
      await node.restartAgent({ eviction: { ...evictionDefaults, hard: { 'nodefs.available': '100%' } } });
      await until('the images are gone', async () => (await runtime.listImages()).every(({ repoTags }) => repoTags.includes(pauseImage)));
      assert.ok(await runtime.imageStatus(pauseImage), 'sandboxes can still be made');
    });
  });
}
