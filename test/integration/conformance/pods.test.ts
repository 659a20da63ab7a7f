// Conformance of pods as far as no container is needed: what admission and the scheduler make of them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RuntimeClass } from '#api/node/v1/runtimeclass.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { Pods, RuntimeClasses } from '#api/refs.ts';
import { StatusError } from '#api/status.ts';
import { at, type Suite, startSuite } from '../../support/suite.ts';
import { until } from '../../support/until.ts';

let suite: Suite;
before(async () => {
  suite = await startSuite(1);
});
after(async () => suite?.[Symbol.asyncDispose]());

const classes = () => at(suite.client, RuntimeClasses);
const forbidden = (error: unknown) => error instanceof StatusError && error.code === 403;
const podOf = (runtimeClassName: string): Draft<Pod> => ({
  metadata: { name: `test-runtimeclass-${runtimeClassName}` },
  spec: {
    runtimeClassName,
    containers: [{ name: 'test', image: 'busybox', command: ['true'] }],
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
  },
});

/** Creates a class and a pod of it, and waits until the pod has a node. */
async function scheduled(namespace: string, overhead?: RuntimeClass['overhead']): Promise<Pod> {
  const name = `${namespace}-preconfigured-handler`;
  await classes().create({ metadata: { name }, handler: 'test-handler', ...(overhead ? { overhead } : {}) });
  const pods = at(suite.client, Pods, namespace);
  const made = await pods.create(podOf(name));
  await until('it has a node', async () => (await pods.list()).items.every(({ spec }) => (spec.nodeName ?? '') !== ''), 120_000);
  const { items } = await pods.list();
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    [made.metadata.name],
  );
  await classes().remove(name);
  return items[0] as Pod;
}

describe('pods', { concurrency: 4 }, () => {
  // Conformance: [sig-node] RuntimeClass should reject a Pod requesting a non-existent RuntimeClass [NodeConformance] [Conformance]
  test('a runtime class must exist', () =>
    suite.inNamespace('runtimeclass', async (namespace) => {
      await assert.rejects(at(suite.client, Pods, namespace).create(podOf(`${namespace}-nonexistent`)), forbidden);
    }));

  // Conformance: [sig-node] RuntimeClass should reject a Pod requesting a deleted RuntimeClass [NodeConformance] [Conformance]
  test('a runtime class must exist still', () =>
    suite.inNamespace('runtimeclass', async (namespace) => {
      const name = `${namespace}-delete-me`;
      await classes().create({ metadata: { name }, handler: 'runc' });
      await classes().remove(name);
      await until('it is gone', async () => (await classes().find(name)) === undefined);
      await assert.rejects(at(suite.client, Pods, namespace).create(podOf(name)), forbidden);
    }));

  // Conformance: [sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass without PodOverhead [NodeConformance] [Conformance]
  test('a runtime class adds nothing by itself', () =>
    suite.inNamespace('runtimeclass', async (namespace) => {
      assert.equal((await scheduled(namespace)).spec.overhead, undefined);
    }));

  // Conformance: [sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass and initialize its Overhead [NodeConformance] [Conformance]
  test('a runtime class adds its overhead', () =>
    suite.inNamespace('runtimeclass', async (namespace) => {
      const podFixed = { cpu: '10m', memory: '1Mi' };
      assert.deepEqual((await scheduled(namespace, { podFixed })).spec.overhead, podFixed);
    }));

  // Conformance: [sig-node] Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu [Conformance]
  test('a pod that asks for what it is limited to is guaranteed', () =>
    suite.inNamespace('pods', async (namespace) => {
      const pods = at(suite.client, Pods, namespace);
      const amounts = { cpu: '100m', memory: '100Mi' };
      const qosOf = async (name: string, resources: object): Promise<string | undefined> => {
        await pods.create({
          metadata: { name, labels: { name } },
          spec: { containers: [{ name: 'agnhost', image: 'agnhost', resources }] },
        });
        return (await pods.get(name)).status.qosClass;
      };
      assert.equal(await qosOf('guaranteed', { requests: amounts, limits: amounts }), 'Guaranteed');
      assert.equal(await qosOf('limited', { limits: amounts }), 'Guaranteed');
      assert.equal(await qosOf('burstable', { requests: amounts }), 'Burstable');
      assert.equal(await qosOf('besteffort', {}), 'BestEffort');
    }));
});
