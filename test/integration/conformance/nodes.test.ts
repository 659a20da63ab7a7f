// Conformance of nodes that a client makes while others run: their life, and the life of pods whose status is written from outside.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { Nodes, Pods } from '#api/refs.ts';
import { assertNewer, at, type Suite, startSuite } from '../../support/suite.ts';
import { until } from '../../support/until.ts';

let suite: Suite;
before(async () => {
  suite = await startSuite(1);
});
after(async () => suite?.[Symbol.asyncDispose]());

const isReady = ({ status }: Pod, wanted: 'True' | 'False' = 'True'): boolean =>
  status.conditions?.some(({ type, status: state }) => type === 'Ready' && state === wanted) ?? false;
const podOf = (name: string, labels: Readonly<Record<string, string>>): Draft<Pod> => ({
  metadata: { name, labels },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'agnhost:1' }] },
});

describe('nodes and pods', { concurrency: 4 }, () => {
  test('the life of a node that nobody runs', async () => {
    const nodes = at(suite.client, Nodes);
    const name = 'e2e-fake-node-abc12';
    const conditions = [{ type: 'Ready', status: 'True' as const, reason: 'E2E', message: 'Set from e2e test' }];
    const made = await nodes.create({ metadata: { name }, status: { phase: 'Running', conditions } } as Draft<Node>);
    assert.equal((await nodes.get(name)).metadata.uid, made.metadata.uid);
    const patched = await nodes.patch(name, 'strategic', { metadata: { labels: { [name]: 'patched' } } });
    assert.equal(patched.metadata.labels?.[name], 'patched');
    assertNewer(patched, made);
    const updated = await nodes.change(name, (node) => ({
      ...node,
      metadata: { ...node.metadata, labels: { ...node.metadata.labels, [name]: 'updated' } },
    }));
    assert.equal(updated.metadata.labels?.[name], 'updated');
    const told = await nodes.patch(
      name,
      'strategic',
      { status: { conditions: [{ type: 'NetworkUnavailable', status: 'False', reason: 'E2E' }] } },
      'status',
    );
    assert.ok(told.status.conditions?.some(({ type, reason }) => type === 'NetworkUnavailable' && reason === 'E2E'));
    await nodes.removeAll(`${name}=updated`);
    await until('it is gone', async () => (await nodes.find(name)) === undefined, 120_000);
  });

  test('the life of a pod and of its status, seen by watches', () =>
    suite.inNamespace('pods', async (namespace) => {
      const pods = at(suite.client, Pods, namespace);
      const labelSelector = 'test-pod-static=true';
      const start = (await pods.list({ labelSelector })).metadata.resourceVersion;
      await pods.create(podOf('pod-test', { 'test-pod-static': 'true' }));
      const watch = await pods.watch({ labelSelector, resourceVersion: start });
      await watch.next('ADDED');
      await watch.next('MODIFIED', (pod) => pod.status.phase === 'Running' && isReady(pod));
      const spec = { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'agnhost:2' }] };
      await pods.patch('pod-test', 'strategic', { metadata: { labels: { 'test-pod': 'patched' } }, spec });
      await watch.next('MODIFIED', ({ metadata }) => metadata.labels?.['test-pod'] === 'patched');
      const patched = await pods.get('pod-test');
      assert.equal(patched.spec.containers[0]?.image, 'agnhost:2');
      const statuses = at(suite.dynamic, Pods, namespace);
      await statuses.get('pod-test', 'status');
      const unready = await statuses.change(
        'pod-test',
        (pod) => ({
          ...pod,
          status: {
            ...pod.status,
            conditions: pod.status.conditions?.map((one) => (one.type === 'Ready' ? { ...one, status: 'False' as const } : one)) ?? [],
          },
        }),
        'status',
      );
      assert.ok(isReady(unready, 'False'));
      await watch.next('MODIFIED', (pod) => isReady(pod, 'False'));
      await pods.removeAll(labelSelector);
      await watch.next('DELETED');
      assert.equal(await pods.find('pod-test'), undefined);
      watch.stop();
    }));

  test('a message that a client writes into the status of a pod is taken', () =>
    suite.inNamespace('pods', async (namespace) => {
      const pods = at(suite.client, Pods, namespace);
      await pods.create(podOf('pod-status', {}));
      await until('it runs', async () => isReady(await pods.get('pod-status')), 120_000);
      const patched = await pods.patch('pod-status', 'strategic', { status: { message: 'Patched by e2e test', reason: 'E2E' } }, 'status');
      assert.deepEqual([patched.status.message, patched.status.reason], ['Patched by e2e test', 'E2E']);
    }));

  test('pods are deleted by their label, all of them', () =>
    suite.inNamespace('pods', async (namespace) => {
      const pods = at(suite.client, Pods, namespace);
      for (const name of ['test-pod-1', 'test-pod-2', 'test-pod-3']) await pods.create(podOf(name, { type: 'Testing' }));
      await until('all run', async () => (await pods.list({ labelSelector: 'type=Testing' })).items.every((pod) => isReady(pod)), 120_000);
      await pods.removeAll('type=Testing');
      await until('all are gone', async () => (await pods.list({ labelSelector: 'type=Testing' })).items.length === 0, 120_000);
    }));
});
