// The whole process is killed while pods start and end: afterwards everything is as it was asked for, once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { Deployments, Pods } from '#api/refs.ts';
import { startCluster, type OneNodeCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { agnhost, inSpace, isReady, pod } from '../conformance/support.ts';

let cluster: OneNodeCluster;
before(async () => {
  cluster = await startCluster();
});
after(async () => cluster?.[Symbol.asyncDispose]());

test('a crash while pods start, another while they end', () =>
  inSpace(cluster, async (space) => {
    const labels = { app: 'web' };
    await space.create(Pods, pod('before', { args: ['pause'] }));
    const first = await space.until(Pods, 'before', isReady);
    await space.create(Deployments, {
      metadata: { name: 'web' },
      spec: {
        replicas: 8,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: agnhost, args: ['pause'] }] },
        },
      },
    });
    const web = (): Promise<readonly Pod[]> => space.list(Pods, 'app=web');
    await until('some of them run', async () => (await web()).some(isReady));
    await cluster.crash();
    const ready = async (): Promise<readonly Pod[]> => (await web()).filter((one) => isReady(one) && !one.metadata.deletionTimestamp);
    await until('all of them run', async () => (await ready()).length === 8);
    for (const one of await ready()) assert.ok((one.status?.containerStatuses?.[0]?.restartCount ?? 0) <= 1, one.metadata.name);
    const same = await space.get(Pods, 'before');
    assert.equal(same.status?.containerStatuses?.[0]?.containerID, first.status?.containerStatuses?.[0]?.containerID);
    assert.equal(same.status?.containerStatuses?.[0]?.restartCount, 0);

    await space.of(Deployments).patch('web', { spec: { replicas: 2 } }, { type: 'merge', namespace: space.namespace });
    await until('some of them end', async () => {
      const now = await web();
      return now.length < 8 || now.some(({ metadata }) => metadata.deletionTimestamp);
    });
    await cluster.crash();
    await until('two are left', async () => (await web()).length === 2 && (await ready()).length === 2);
    // What is left in the runtime is looked for when the cluster is taken down.
    await space.remove(Deployments, 'web');
    await until('none is left', async () => (await web()).length === 0);
  }));
