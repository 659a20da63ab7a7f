// Conformance of what pods are configured with, and of other objects that only lie there: config maps, secrets, templates,
// leases.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ConfigMap } from '#api/core/v1/configmap.ts';
import type { Lease } from '#api/coordination/v1/lease.ts';
import type { KubeObject } from '#api/object.ts';
import { ConfigMaps, Leases, PodTemplates, Secrets } from '#api/refs.ts';
import { StatusError } from '#api/status.ts';
import { assertNewer, at, type Suite, startSuite } from '../../support/suite.ts';

let suite: Suite;
before(async () => {
  suite = await startSuite(0);
});
after(async () => suite?.[Symbol.asyncDispose]());

const refused = (error: unknown) => error instanceof StatusError && error.code === 422;
const names = ({ items }: { items: readonly KubeObject[] }): string[] => items.map(({ metadata }) => metadata.name).toSorted();
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const template = { spec: { containers: [{ name: 'e2e-test', image: 'agnhost' }] } };

describe('configuration', { concurrency: 4 }, () => {
  // Conformance: [sig-node] ConfigMap should update ConfigMap successfully [NodeConformance] [Conformance]
  test('a config map is replaced, whoever has changed it meanwhile', () =>
    suite.inNamespace('configmap', async (namespace) => {
      const maps = at(suite.client, ConfigMaps, namespace);
      const wanted = { metadata: { name: 'configmap-test', namespace }, data: { 'data-1': 'value-1', 'data-2': 'value-2' } };
      await maps.create(wanted);
      await maps.update({ ...wanted, data: { data: 'value' } });
      assert.deepEqual((await maps.get('configmap-test')).data, { data: 'value' });
    }));

  test('a config map has no key without a name', () =>
    suite.inNamespace('configmap', async (namespace) => {
      const wanted = { metadata: { name: 'configmap-test-emptykey' }, data: { '': 'value-1' } };
      await assert.rejects(at(suite.client, ConfigMaps, namespace).create(wanted), refused);
    }));

  // Conformance: [sig-node] ConfigMap should run through a ConfigMap lifecycle [Conformance]
  test('the life of a config map', () =>
    suite.inNamespace('configmap', async (namespace) => {
      const maps = at(suite.client, ConfigMaps, namespace);
      const labels = { 'test-configmap-static': 'true' };
      await maps.create({ metadata: { name: 'test-configmap', labels }, data: { valueName: 'value' } });
      const read = await maps.get('test-configmap');
      assert.deepEqual([read.data, read.metadata.labels], [{ valueName: 'value' }, labels]);
      // As Go writes it: with a creation time that is null.
      const patch = { metadata: { creationTimestamp: null, labels: { 'test-configmap': 'patched' } }, data: { valueName: 'value1' } };
      await maps.patch('test-configmap', 'strategic', patch);
      const { items } = await at(suite.client, ConfigMaps).list({ labelSelector: 'test-configmap=patched' });
      const mine = items.filter((map) => map.metadata.namespace === namespace);
      assert.deepEqual(
        mine.map(({ data, metadata }) => [data, metadata.labels]),
        [[{ valueName: 'value1' }, { ...labels, 'test-configmap': 'patched' }]],
      );
      assert.ok(mine[0]?.metadata.creationTimestamp);
      await maps.removeAll('test-configmap-static=true');
      assert.deepEqual(names(await maps.list({ labelSelector: 'test-configmap-static=true' })), []);
    }));

  // Conformance: [sig-storage] ConfigMap should be immutable if `immutable` field is set [Conformance]
  test('an immutable config map stays as it is until it is deleted', () =>
    suite.inNamespace('configmap', async (namespace) => {
      const maps = at(suite.client, ConfigMaps, namespace);
      const data = { 'data-1': 'value-1', 'data-2': 'value-2', 'data-3': 'value-3' };
      const made = await maps.create({ metadata: { name: 'immutable' }, data });
      const bare = ({ metadata: { resourceVersion: _, managedFields: __, ...metadata }, ...rest }: ConfigMap): ConfigMap => ({
        ...rest,
        metadata,
      });
      // Not immutable yet: the data may change.
      const changed = await maps.update({ ...made, data: { ...data, 'data-4': 'value-4' } });
      assert.equal(changed.data?.['data-4'], 'value-4');
      const sealed = await maps.update({ ...changed, immutable: true });
      assert.equal(sealed.immutable, true);
      await assert.rejects(maps.update({ ...sealed, immutable: false }), refused);
      await assert.rejects(maps.update({ ...sealed, data: { ...sealed.data, 'data-5': 'value-5' } }), refused);
      const { immutable: _, ...open } = await maps.get('immutable');
      await assert.rejects(maps.update(open as ConfigMap), refused);
      const finalized = await maps.change('immutable', (map) => ({ ...map, metadata: { ...map.metadata, labels: { may: 'change' } } }));
      assert.equal(finalized.metadata.labels?.['may'], 'change');
      assert.deepEqual({ ...bare(finalized), metadata: {} }, { ...bare(sealed), metadata: {} });
      await maps.remove('immutable');
      assert.equal(await maps.find('immutable'), undefined);
    }));

  test('an immutable secret too', () =>
    suite.inNamespace('secrets', async (namespace) => {
      const secrets = at(suite.client, Secrets, namespace);
      const made = await secrets.create({ metadata: { name: 'immutable' }, data: { 'data-1': base64('value-1') } });
      const changed = await secrets.update({ ...made, data: { ...made.data, 'data-4': base64('value-4') } });
      const sealed = await secrets.update({ ...changed, immutable: true });
      await assert.rejects(secrets.update({ ...sealed, immutable: false }), refused);
      await assert.rejects(secrets.update({ ...sealed, data: { 'data-1': base64('other') } }), refused);
      await secrets.remove('immutable');
      assert.equal(await secrets.find('immutable'), undefined);
    }));

  // Conformance: [sig-node] Secrets should fail to create secret due to empty secret key [Conformance]
  test('a secret has no key without a name', () =>
    suite.inNamespace('secrets', async (namespace) => {
      const wanted = { metadata: { name: 'secret-emptykey-test' }, data: { '': base64('value-1\n') } };
      await assert.rejects(at(suite.client, Secrets, namespace).create(wanted), refused);
    }));

  // Conformance: [sig-node] Secrets should patch a secret [Conformance]
  test('a secret is patched, and deleted by its label', () =>
    suite.inNamespace('secrets', async (namespace) => {
      const secrets = at(suite.client, Secrets, namespace);
      const labels = { 'testsecret-constant': 'true' };
      const made = await secrets.create({ metadata: { name: 'test-secret', labels }, data: { key: base64('value') }, type: 'Opaque' });
      const everywhere = async () =>
        (await at(suite.client, Secrets).list({ labelSelector: 'testsecret-constant=true' })).items.filter(
          ({ metadata }) => metadata.namespace === namespace,
        );
      assert.equal((await everywhere()).length, 1);
      await secrets.patch('test-secret', 'strategic', {
        metadata: { labels: { testsecret: 'true' } },
        data: { key: base64(base64('value1')) },
      });
      const read = await secrets.get('test-secret');
      assertNewer(read, made);
      assert.equal(Buffer.from(Buffer.from(read.data?.['key'] ?? '', 'base64').toString(), 'base64').toString(), 'value1');
      await secrets.removeAll('testsecret=true');
      assert.deepEqual(await everywhere(), []);
    }));

  test('the life of a pod template', () =>
    suite.inNamespace('podtemplate', async (namespace) => {
      const templates = at(suite.client, PodTemplates, namespace);
      const labels = { 'podtemplate-static': 'true' };
      const made = await templates.create({ metadata: { name: 'nginx-pod-template', labels }, template });
      assert.equal((await at(suite.client, PodTemplates).list({ labelSelector: 'podtemplate-static=true' })).items.length, 1);
      const patch = { metadata: { creationTimestamp: null, labels: { podtemplate: 'patched' } } };
      await templates.patch('nginx-pod-template', 'strategic', patch);
      const read = await templates.get('nginx-pod-template');
      assert.equal(read.metadata.labels?.['podtemplate'], 'patched');
      assertNewer(read, made);
      await templates.remove('nginx-pod-template');
      assert.deepEqual(names(await at(suite.client, PodTemplates).list({ labelSelector: 'podtemplate-static=true' })), []);
    }));

  // Conformance: [sig-node] PodTemplates should delete a collection of pod templates [Conformance]
  test('pod templates are deleted by their label', () =>
    suite.inNamespace('podtemplate', async (namespace) => {
      const templates = at(suite.client, PodTemplates, namespace);
      const wanted = ['test-podtemplate-1', 'test-podtemplate-2', 'test-podtemplate-3'];
      for (const name of wanted) await templates.create({ metadata: { name, labels: { 'podtemplate-set': 'true' } }, template });
      const labelSelector = 'podtemplate-set=true';
      assert.deepEqual(names(await templates.list({ labelSelector })), wanted);
      await templates.removeAll(labelSelector);
      assert.deepEqual(names(await templates.list({ labelSelector })), []);
    }));

  // Conformance: [sig-node] PodTemplates should replace a pod template [Conformance]
  test('a pod template is replaced', () =>
    suite.inNamespace('podtemplate', async (namespace) => {
      const templates = at(suite.client, PodTemplates, namespace);
      await templates.create({ metadata: { name: 'podtemplate' }, template });
      const annotations = { updated: 'true' };
      const updated = await templates.change('podtemplate', (object) => ({ ...object, metadata: { ...object.metadata, annotations } }));
      assert.deepEqual(updated.metadata.annotations, annotations);
    }));

  // Conformance: [sig-node] Lease lease API should be available [Conformance]
  test('leases keep their times to the microsecond, from the first year on', () =>
    suite.inNamespace('lease-test', async (namespace) => {
      const leases = at(suite.client, Leases, namespace);
      const at1 = (seconds: number): string =>
        `0001-01-01T00:${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}.000000Z`;
      const spec = (holder: string, leaseDurationSeconds: number, acquired: number, renewed: number, leaseTransitions: number) =>
        ({
          holderIdentity: holder,
          leaseDurationSeconds,
          acquireTime: at1(acquired),
          renewTime: at1(renewed),
          leaseTransitions,
        }) as Lease['spec'];
      const first = spec('holder', 30, 2, 5, 0);
      const made = await leases.create({ metadata: { name: 'lease' }, spec: first });
      assert.deepEqual((await leases.get('lease')).spec, first);
      const second = spec('holder2', 30, 20, 50, 1);
      await leases.update({ ...made, spec: second });
      assert.deepEqual((await leases.get('lease')).spec, second);
      const third = spec('holder3', 60, 50, 70, 2);
      await leases.patch('lease', 'strategic', { spec: third });
      const read = await leases.get('lease');
      assert.deepEqual(read.spec, third);
      assertNewer(read, made);
      await leases.create({ metadata: { name: 'lease2', labels: { deletecollection: 'true' } }, spec: first });
      assert.deepEqual(names(await leases.list()), ['lease', 'lease2']);
      await leases.removeAll('deletecollection=true');
      assert.deepEqual(names(await leases.list()), ['lease']);
      await leases.remove('lease');
      assert.equal(await leases.find('lease'), undefined);
      await at(suite.client, Leases).list();
    }));
});
