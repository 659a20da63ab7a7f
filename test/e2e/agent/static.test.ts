// Static pods: run from files of the node, shown by mirrors, with and without an API server. And room made for critical pods.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { Nodes, Pods } from '#api/refs.ts';
import { until } from '../../support/until.ts';
import { inNamespace, isReady, shellPod, startAgentNode } from './support.ts';

const namespace = 'default';

const manifest = (name: string, script: string, more: { metadata?: object; spec?: object } = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...more.metadata },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image: 'busybox:1', command: ['/bin/sh', '-c', script] }],
      ...more.spec,
    },
  });

const containerOf = (pod: Pod): string => pod.status.containerStatuses?.[0]?.containerID ?? '';

if (await inNamespace(import.meta.filename)) {
  test('static pods', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'tutti-manifests-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    /** Puts a whole file into the directory at once. */
    const put = (file: string, text: string): void => {
      mkdirSync(join(directory, '.new'), { recursive: true });
      writeFileSync(join(directory, '.new', file), text);
      renameSync(join(directory, '.new', file), join(directory, file));
    };
    put('early.json', manifest('early', 'sleep 100000', { metadata: { labels: { app: 'early' } } }));
    await using node = await startAgentNode({ staticPodPath: directory, fileCheckFrequency: 1_000, backoffInitial: 200 });
    const pods = node.client.resource(Pods);
    const running = async (name: string): Promise<number> =>
      (await node.instance.runtime.listContainers({ state: 'CONTAINER_RUNNING' })).filter(
        ({ labels }) => labels['io.kubernetes.pod.name'] === name,
      ).length;

    await t.test('a pod that was there before the agent has its mirror, owned by the node', async () => {
      const mirror = await node.until('early-node1', isReady);
      const { annotations = {}, ownerReferences = [], labels } = mirror.metadata;
      assert.equal(annotations['kubernetes.io/config.source'], 'file');
      assert.equal(annotations['kubernetes.io/config.mirror'], annotations['kubernetes.io/config.hash']);
      assert.ok(annotations['kubernetes.io/config.seen']);
      assert.deepEqual(
        ownerReferences.map(({ kind, name, controller }) => ({ kind, name, controller })),
        [{ kind: 'Node', name: 'node1', controller: true }],
      );
      assert.equal(labels?.['app'], 'early');
      assert.equal(mirror.status.phase, 'Running');
      assert.ok(mirror.status.podIP);
    });

    await t.test('a mirror that is deleted comes back; its pod goes on', async () => {
      const before = await node.until('early-node1', isReady);
      await pods.delete('early-node1', { namespace });
      const after = await node.until('early-node1', (pod) => pod.metadata.uid !== before.metadata.uid && isReady(pod));
      assert.equal(containerOf(after), containerOf(before));
      await pods.delete('early-node1', { namespace, options: { gracePeriodSeconds: 0 } });
      const again = await node.until('early-node1', (pod) => pod.metadata.uid !== after.metadata.uid && isReady(pod));
      assert.equal(containerOf(again), containerOf(before));
    });

    await t.test('a mirror cannot be made anything else', async () => {
      const remove = { metadata: { annotations: { 'kubernetes.io/config.mirror': null } } };
      await assert.rejects(
        pods.patch('early-node1', remove, { type: 'merge', namespace }),
        /may not remove or update mirror pod annotation/,
      );
      // What an update may change is changed in the mirror only.
      const before = await node.until('early-node1', isReady);
      await pods.patch('early-node1', { spec: { containers: [{ name: 'main', image: 'busybox:2' }] } }, { type: 'strategic', namespace });
      const after = await node.until('early-node1', isReady);
      assert.equal(containerOf(after), containerOf(before));
    });

    await t.test('a restart of the agent adopts the pod', async () => {
      const before = await node.until('early-node1', isReady);
      await node.restartAgent();
      const after = await node.until('early-node1', isReady);
      assert.equal(containerOf(after), containerOf(before));
      assert.equal(after.metadata.uid, before.metadata.uid);
      assert.equal(await running('early-node1'), 1);
    });

    await t.test('a changed manifest replaces the pod, after the old one has ended', async () => {
      const before = await node.until('early-node1', isReady);
      put('early.json', manifest('early', 'sleep 200000', { metadata: { labels: { app: 'other' } } }));
      const after = await node.until('early-node1', (pod) => pod.metadata.labels?.['app'] === 'other' && isReady(pod));
      assert.notEqual(containerOf(after), containerOf(before));
      assert.notEqual(
        after.metadata.annotations?.['kubernetes.io/config.hash'],
        before.metadata.annotations?.['kubernetes.io/config.hash'],
      );
      assert.equal(await running('early-node1'), 1);
    });

    await t.test('a manifest that is removed ends the pod and its mirror', async () => {
      rmSync(join(directory, 'early.json'));
      await node.untilGone('early-node1');
      await until('nothing runs', async () => (await running('early-node1')) === 0);
      await until('its sandbox is gone', async () =>
        (await node.instance.runtime.listSandboxes()).every(({ metadata }) => metadata.name !== 'early-node1'),
      );
    });

    await t.test('without an API server static pods start, and are told of when it is back', async () => {
      node.road.cut();
      put('alone.yaml', manifest('alone', 'sleep 100000'));
      await until('it runs', async () => (await running('alone-node1')) === 1);
      await assert.rejects(pods.get('alone-node1', { namespace }));
      node.road.mend();
      await node.until('alone-node1', isReady);
      assert.equal(await running('alone-node1'), 1);
    });

    await t.test('a broken manifest takes its pod away at the next regular look, not at once', async () => {
      writeFileSync(join(directory, 'alone.yaml'), 'apiVersion: v1\nkind: Pod\nmeta');
      writeFileSync(join(directory, 'alone.yaml'), manifest('alone', 'sleep 100000'));
      const pod = await node.until('alone-node1', isReady);
      writeFileSync(join(directory, 'alone.yaml'), 'no pod');
      await node.untilGone('alone-node1');
      assert.ok(containerOf(pod));
    });

    await t.test('a static pod that has succeeded stays as it is', async () => {
      put('once.json', manifest('once', 'exit 0', { spec: { restartPolicy: 'Never' } }));
      const done = await node.until('once-node1', (pod) => pod.status.phase === 'Succeeded');
      await pods.delete('once-node1', { namespace });
      const again = await node.until('once-node1', (pod) => pod.metadata.uid !== done.metadata.uid && pod.status.phase === 'Succeeded');
      assert.equal(containerOf(again), containerOf(done));
      rmSync(join(directory, 'once.json'));
      await node.untilGone('once-node1');
    });

    await t.test('room is made for a critical pod', async () => {
      const half = { requests: { cpu: '1500m' } };
      const cpus = Number((await node.client.resource(Nodes).get('node1')).status?.capacity?.['cpu']);
      assert.ok(cpus >= 1);
      const most = { requests: { cpu: `${cpus * 1000 - 500}m` } };
      await node.createPod(shellPod('weak', 'sleep 100000', { container: { resources: most } }));
      await node.createPod(shellPod('bystander', 'sleep 100000'));
      await Promise.all(['weak', 'bystander'].map((name) => node.until(name, isReady)));
      put(
        'vital.json',
        manifest('vital', 'sleep 100000', {
          spec: { containers: [{ name: 'main', image: 'busybox:1', command: ['sleep', '9999'], resources: cpus > 1 ? half : most }] },
        }),
      );
      const weak = await node.until('weak', (pod) => pod.status.phase === 'Failed');
      assert.equal(weak.status.reason, 'Preempting');
      assert.equal(weak.status.message, 'Preempted in order to admit critical pod');
      const target = weak.status.conditions?.find(({ type }) => type === 'DisruptionTarget');
      assert.deepEqual([target?.status, target?.reason], ['True', 'TerminationByKubelet']);
      await node.told('weak', 'Preempting: Preempted in order to admit critical pod');
      await node.until('vital-node1', isReady);
      await node.until('bystander', isReady);
      // A pod that is nobody's favourite is refused, as ever.
      await node.createPod(shellPod('late', 'sleep 100000', { container: { resources: most } }));
      const late = await node.until('late', (pod) => pod.status.phase === 'Failed');
      assert.equal(late.status.reason, 'OutOfcpu');
      rmSync(join(directory, 'vital.json'));
      for (const name of ['weak', 'bystander', 'late']) await pods.delete(name, { namespace, options: { gracePeriodSeconds: 0 } });
      await Promise.all(['vital-node1', 'weak', 'bystander', 'late'].map((name) => node.untilGone(name)));
    });
  });
}
