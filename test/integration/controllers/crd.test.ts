// Controllers that must see custom resources: garbage collector, namespaces, quotas.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Unstructured } from '#api/object.ts';
import { ConfigMaps, CustomResourceDefinitions, Namespaces, ResourceQuotas, type ResourceRef } from '#api/refs.ts';
import { isNotFound, type StatusError } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import { startGarbageCollector } from '#controllers/garbagecollector/controller.ts';
import { startNamespaceController } from '#controllers/namespace/controller.ts';
import { startResourceQuotaController } from '#controllers/resourcequota/controller.ts';
import { withControllers } from '../../support/controllers.ts';
import { customRef, establish, versionOf } from '../../support/definitions.ts';
import { until } from '../../support/until.ts';

const gone = (client: Client, ref: ResourceRef<Unstructured>, name: string, namespace: string) =>
  until(`${name} is gone`, async () => {
    try {
      await client.resource(ref).get(name, { namespace });
      return false;
    } catch (error) {
      return isNotFound(error);
    }
  });

test('owners and dependents may be custom resources, also of definitions that come and change later', async () => {
  await using bench = await withControllers((deps) => [startGarbageCollector(deps)]);
  const { client } = bench;
  const crd = await establish(client, { versions: [versionOf('v1'), versionOf('v2', undefined, { storage: false })] });
  const ref = customRef(crd, 'v1');
  const tabs = client.resource(ref);
  const owner = await tabs.create({ metadata: { name: 'owner', namespace: 'default' } });
  const reference = { apiVersion: owner.apiVersion as string, kind: 'CronTab', name: 'owner', uid: owner.metadata.uid as string };
  await tabs.create({ metadata: { name: 'child', namespace: 'default', ownerReferences: [reference] } });
  await client.resource(ConfigMaps).create({ metadata: { name: 'map', namespace: 'default', ownerReferences: [reference] } });
  await tabs.delete('owner', { namespace: 'default' });
  await gone(client, ref, 'child', 'default');
  await gone(client, ConfigMaps as unknown as ResourceRef<Unstructured>, 'map', 'default');

  // Owners stay known when their version is no longer served.
  const next = client.resource(customRef(crd, 'v2'));
  const second = await next.create({ metadata: { name: 'second', namespace: 'default' } });
  const byOldVersion = { ...reference, name: 'second', uid: second.metadata.uid as string };
  await client.resource(ConfigMaps).create({ metadata: { name: 'kept', namespace: 'default', ownerReferences: [byOldVersion] } });
  const unserved = [
    { op: 'replace', path: '/spec/versions/0/served', value: false },
    { op: 'replace', path: '/spec/versions/0/storage', value: false },
    { op: 'replace', path: '/spec/versions/1/storage', value: true },
  ];
  await client.resource(CustomResourceDefinitions).patch(crd.metadata.name, unserved, { type: 'json' });
  await until('v1 is gone', async () => tabs.list().then(() => false, isNotFound));
  await next.create({
    metadata: { name: 'later', namespace: 'default', ownerReferences: [{ ...byOldVersion, apiVersion: 'stable.example.com/v2' }] },
  });
  await next.delete('second', { namespace: 'default', options: { propagationPolicy: 'Foreground' } });
  await gone(client, customRef(crd, 'v2'), 'later', 'default');
  await gone(client, ConfigMaps as unknown as ResourceRef<Unstructured>, 'kept', 'default');
});

test('a deleted namespace takes its custom resources along; quotas count them', async () => {
  await using bench = await withControllers((deps) => [startNamespaceController(deps), startResourceQuotaController(deps)]);
  const { client } = bench;
  await client.resource(Namespaces).create({ metadata: { name: 'team' } });
  const crd = await establish(client);
  const ref = customRef(crd);
  const tabs = client.resource(ref);
  const quotas = client.resource(ResourceQuotas);
  await tabs.create({ metadata: { name: 'one', namespace: 'team' } });
  await quotas.create({ metadata: { name: 'q', namespace: 'team' }, spec: { hard: { 'count/crontabs.stable.example.com': '2' } } });
  const used = async () => (await quotas.get('q', { namespace: 'team' })).status.used?.['count/crontabs.stable.example.com'];
  await until('the quota counts', async () => (await used()) === '1');
  await tabs.create({ metadata: { name: 'two', namespace: 'team' } });
  await assert.rejects(tabs.create({ metadata: { name: 'three', namespace: 'team' } }), (error: StatusError) => {
    assert.equal(
      error.message,
      'crontabs.stable.example.com "three" is forbidden: exceeded quota: q, requested: count/crontabs.stable.example.com=1, used: count/crontabs.stable.example.com=2, limited: count/crontabs.stable.example.com=2',
    );
    return true;
  });
  await tabs.delete('one', { namespace: 'team' });
  await until('the quota is free again', async () => (await used()) === '1');
  await client.resource(Namespaces).delete('team');
  await gone(client, ref, 'two', 'team');
  await until('the namespace is gone', async () =>
    client
      .resource(Namespaces)
      .get('team')
      .then(() => false, isNotFound),
  );
});
