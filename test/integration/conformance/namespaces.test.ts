// Conformance of namespaces: labels, status and finalizers that clients write, and what goes with a namespace, in which order.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Namespace } from '#api/core/v1/namespace.ts';
import type { Draft } from '#api/object.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { ConfigMaps, Namespaces, Pods, Services } from '#api/refs.ts';
import { at, find, type Suite, startSuite } from '../../support/suite.ts';
import { until } from '../../support/until.ts';

let suite: Suite;
before(async () => {
  suite = await startSuite(1);
});
after(async () => suite?.[Symbol.asyncDispose]());

const namespaces = () => at(suite.client, Namespaces);
const gone = (name: string) => until(`${name} is gone`, async () => (await namespaces().find(name)) === undefined, 120_000);
const pause = (name: string): Draft<Pod> => ({ metadata: { name }, spec: { containers: [{ name: 'pause', image: 'pause' }] } });
const running = (namespace: string, name: string) =>
  until(`${name} runs`, async () => (await at(suite.client, Pods, namespace).get(name)).status.phase === 'Running', 120_000);

describe('namespaces', { concurrency: 4 }, () => {
  // Conformance: [sig-api-machinery] Namespaces [Serial] should patch a Namespace [Conformance]
  test('take a label by a patch', () =>
    suite.inNamespace('nspatchtest', async (name) => {
      await namespaces().patch(name, 'strategic', { metadata: { labels: { testLabel: 'testValue' } } });
      assert.equal((await namespaces().get(name)).metadata.labels?.['testLabel'], 'testValue');
    }));

  // Conformance: [sig-api-machinery] Namespaces [Serial] should apply an update to a Namespace [Conformance]
  test('take a label by an update', () =>
    suite.inNamespace('namespaces', async (name) => {
      const label = (object: Namespace): Namespace => ({
        ...object,
        metadata: { ...object.metadata, labels: { ...object.metadata.labels, [name]: 'updated' } },
      });
      const updated = await namespaces().change(name, label);
      assert.equal(updated.metadata.labels?.[name], 'updated');
      assert.equal(updated.metadata.labels?.['kubernetes.io/metadata.name'], name);
    }));

  // Conformance: [sig-api-machinery] Namespaces [Serial] should apply changes to a namespace status [Conformance]
  test('keep the conditions that a client writes', () =>
    suite.inNamespace('namespaces', async (name) => {
      const read = await at(suite.dynamic, Namespaces).get(name, 'status');
      assert.equal(read.status.phase, 'Active');
      assert.deepEqual(read.status.conditions ?? [], []);
      const condition = (type: string, message: string) => ({ type, status: 'True' as const, reason: 'E2E', message });
      const body = {
        metadata: { annotations: { 'e2e-patched-ns-status': name } },
        status: { conditions: [condition('StatusPatch', 'Patched by an e2e test')] },
      };
      const patched = await namespaces().patch(name, 'merge', body, 'status');
      assert.equal(patched.metadata.annotations?.['e2e-patched-ns-status'], name);
      assert.equal(patched.status.phase, 'Active');
      assert.deepEqual(
        patched.status.conditions?.map(({ type, message }) => [type, message]),
        [['StatusPatch', 'Patched by an e2e test']],
      );
      const updated = await namespaces().change(
        name,
        (object) => ({
          ...object,
          status: {
            ...object.status,
            conditions: [...(object.status.conditions ?? []), condition('StatusUpdate', 'Updated by an e2e test')],
          },
        }),
        'status',
      );
      assert.deepEqual(
        updated.status.conditions?.map(({ type }) => type),
        ['StatusPatch', 'StatusUpdate'],
      );
    }));

  test('take and lose a finalizer through the subresource', () =>
    suite.inNamespace('namespaces', async (name) => {
      const mine = 'e2e.example.com/fakeFinalizer';
      const added = await namespaces().change(
        name,
        (object) => ({ ...object, spec: { finalizers: [...(object.spec.finalizers ?? []), mine] } }),
        'finalize',
      );
      assert.deepEqual(added.spec.finalizers?.toSorted(), [mine, 'kubernetes']);
      const removed = await namespaces().change(
        name,
        (object) => ({ ...object, spec: { finalizers: object.spec.finalizers?.filter((one) => one !== mine) ?? [] } }),
        'finalize',
      );
      assert.deepEqual(removed.spec.finalizers, ['kubernetes']);
    }));

  // Conformance: [sig-api-machinery] Namespaces [Serial] should ensure that all services are removed when a namespace is deleted [Conformance]
  test('take their services with them', () =>
    suite.inNamespace('nsdeletetest', async (name) => {
      const selector = { foo: 'bar', baz: 'blah' };
      const ports = [{ port: 80, targetPort: 80 }];
      await at(suite.client, Services, name).create({ metadata: { name: 'test-service' }, spec: { selector, ports } });
      await namespaces().remove(name);
      await gone(name);
      await namespaces().create({ metadata: { name } });
      assert.equal(await find(suite.client, Services, 'test-service', name), undefined);
    }));

  test('take their running pods with them', () =>
    suite.inNamespace('nsdeletetest', async (name) => {
      await at(suite.client, Pods, name).create(pause('test-pod'));
      await running(name, 'test-pod');
      await namespaces().remove(name);
      await gone(name);
      await namespaces().create({ metadata: { name } });
      assert.equal(await find(suite.client, Pods, 'test-pod', name), undefined);
    }));

  // Conformance: [sig-api-machinery] OrderedNamespaceDeletion namespace deletion should delete pod first [Conformance]
  test('lose their pods before anything else', () =>
    suite.inNamespace('nsdeletetest', async (name) => {
      const pods = at(suite.client, Pods, name);
      const maps = at(suite.client, ConfigMaps, name);
      const held = pause('test-pod');
      await pods.create({ ...held, metadata: { ...held.metadata, finalizers: ['e2e.example.com/finalizer'] } });
      await running(name, 'test-pod');
      await maps.create({ metadata: { name: 'test-configmap' }, data: { foo: 'bar' } });
      await namespaces().remove(name);
      const told = (type: string) =>
        until(
          type,
          async () => (await namespaces().get(name)).status.conditions?.some((one) => one.type === type && one.status === 'True'),
          120_000,
        );
      await told('NamespaceContentRemaining');
      await told('NamespaceFinalizersRemaining');
      assert.ok((await pods.get('test-pod')).metadata.deletionTimestamp);
      assert.equal((await maps.get('test-configmap')).metadata.deletionTimestamp, undefined);
      await pods.patch('test-pod', 'merge', { metadata: { finalizers: null } });
      await gone(name);
    }));
});
