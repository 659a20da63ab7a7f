// Two API servers on one etcd: what is written at one is seen at the other, and what is to be had once is had once.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ConfigMaps, EndpointSlices, EndpointsRes, ResourceQuotas, Services } from '#api/refs.ts';
import { isConflict, isForbidden, isInvalid, isServiceUnavailable, isTimeout, StatusError } from '#api/status.ts';
import { createWorld } from '#host/world.ts';
import { openEtcdStore } from '#store/etcd/store.ts';
import type { Store } from '#store/kv.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { type Etcd, etcdMissing, startEtcd } from '../../support/etcd.ts';
import { raw } from '../../support/raw.ts';
import { until } from '../../support/until.ts';

const world = createWorld({ logLevel: 'silent' });
const config = { nodePortRange: { from: 30_000, to: 30_009 }, serviceCidr: '10.96.0.0/24' };

describe('two API servers on one etcd', { skip: etcdMissing }, () => {
  let etcd: Etcd;
  const stores: Store[] = [];
  let one: TestApi;
  let two: TestApi;

  before(async () => {
    etcd = await startEtcd();
    for (let i = 0; i < 2; i++) stores.push(await openEtcdStore(world, { servers: [etcd.url], root: '/registry', prefix: '/cluster' }));
    // At the same time: what every cluster starts with is made once.
    const start = (store: Store | undefined): Promise<TestApi> =>
      startTestApi({ world, ...(store ? { store } : {}), config: { ...config, compactionInterval: 0 } });
    [one, two] = (await Promise.all(stores.map(start))) as [TestApi, TestApi];
  });

  after(async () => {
    await one?.[Symbol.asyncDispose]();
    await two?.[Symbol.asyncDispose]();
    for (const store of stores) await store[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
  });

  const side = (i: number): TestApi => (i % 2 === 0 ? one : two);
  const maps = (api: TestApi) => api.client.resource(ConfigMaps);
  const namespace = 'default';

  it('every read at one sees what the other has acknowledged', async () => {
    for (let i = 0; i < 20; i++) {
      const name = `seen-${i}`;
      const written = await maps(side(i)).create({ metadata: { name, namespace }, data: { i: String(i) } });
      const other = maps(side(i + 1));
      assert.deepEqual(await other.get(name, { namespace }), written);
      const { items, metadata } = await other.list({ namespace });
      assert.ok(items.some((item) => item.metadata.uid === written.metadata.uid));
      assert.ok(Number(metadata.resourceVersion) >= Number(written.metadata.resourceVersion));
      const changed = await other.update({ ...written, data: { i: 'changed' } });
      assert.equal((await maps(side(i)).get(name, { namespace })).metadata.resourceVersion, changed.metadata.resourceVersion);
      await maps(side(i)).delete(name, { namespace });
      await assert.rejects(other.get(name, { namespace }), (error) => error instanceof StatusError && error.reason === 'NotFound');
    }
  });

  it('a watch at one gets every change of both, in order', async () => {
    const stop = new AbortController();
    const { metadata } = await maps(one).list({ namespace });
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { type, object } of maps(two).watch({ namespace, resourceVersion: metadata.resourceVersion, signal: stop.signal }))
        if (object.metadata.name.startsWith('watched-')) seen.push(`${type} ${object.metadata.name} ${object.metadata.resourceVersion}`);
    })();
    const expected: string[] = [];
    for (let i = 0; i < 12; i++) {
      const { metadata: made } = await maps(side(i)).create({ metadata: { name: `watched-${i}`, namespace } });
      expected.push(`ADDED watched-${i} ${made.resourceVersion}`);
    }
    await until('the watch has seen all', () => seen.length >= expected.length);
    assert.deepEqual(seen, expected);
    stop.abort();
    await watching.catch(() => {});
  });

  it('of conflicting updates one wins', async () => {
    const { metadata } = await maps(one).create({ metadata: { name: 'fought-for', namespace } });
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) =>
        maps(side(i)).update({ metadata, data: { winner: String(i) } } as Awaited<ReturnType<ReturnType<typeof maps>['get']>>),
      ),
    );
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const result of results) if (result.status === 'rejected') assert.ok(isConflict(result.reason), String(result.reason));
    // Patches without a version are all applied, one after the other.
    await Promise.all(
      Array.from({ length: 8 }, (_, i) => maps(side(i)).patch('fought-for', { data: { [`p${i}`]: 'x' } }, { namespace, type: 'merge' })),
    );
    const { data } = await maps(two).get('fought-for', { namespace });
    assert.equal(Object.keys(data ?? {}).filter((key) => key.startsWith('p')).length, 8);
  });

  it('a quota is not overrun from both sides', async () => {
    const quotas = one.client.resource(ResourceQuotas);
    const hard = { 'count/services': '10' };
    const quota = await quotas.create({ metadata: { name: 'few', namespace: 'kube-public' }, spec: { hard } });
    await quotas.updateStatus({ ...quota, status: { hard, used: { 'count/services': '0' } } });
    await two.client.resource(ResourceQuotas).list({ namespace: 'kube-public' });
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) =>
        side(i)
          .client.resource(Services)
          .create({ metadata: { name: `counted-${i}`, namespace: 'kube-public' }, spec: { clusterIP: 'None', ports: [{ port: 80 }] } }),
      ),
    );
    const made = results.filter(({ status }) => status === 'fulfilled').length;
    for (const result of results)
      if (result.status === 'rejected') assert.ok(isForbidden(result.reason) || isConflict(result.reason), String(result.reason));
    const { items } = await two.client.resource(Services).list({ namespace: 'kube-public' });
    assert.equal(items.length, made);
    assert.ok(made >= 1 && made <= 10, `${made} were made`);
    assert.equal((await quotas.get('few', { namespace: 'kube-public' })).status?.used?.['count/services'], String(made));
  });

  it('node ports and cluster addresses are had once', async () => {
    const services = (i: number) => side(i).client.resource(Services);
    const create = (i: number, nodePort?: number) =>
      services(i).create({
        metadata: { name: `ported-${i}`, namespace },
        spec: { type: 'NodePort', ports: [{ port: 80, ...(nodePort ? { nodePort } : {}) }] },
      });
    // Left behind by a server that ended between its two writes: a port is not lost by that, and a young claim is respected.
    const claim = (port: number, since: number) =>
      stores[0]?.txn(
        [],
        [
          {
            type: 'put',
            key: `/registry/ranges/nodeports/${port}`,
            value: Buffer.from(JSON.stringify({ namespace, name: 'gone', uid: 'gone', since })),
          },
        ],
      );
    await claim(30_005, 0);
    await claim(30_006, world.clock.now());
    await assert.rejects(create(24, 30_006), isInvalid);
    await claim(30_006, 0);
    const results = await Promise.allSettled(Array.from({ length: 16 }, (_, i) => create(i)));
    const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    assert.equal(made.length, 10, 'as many as there are ports');
    assert.equal(new Set(made.map(({ spec }) => spec.ports?.[0]?.nodePort)).size, 10);
    assert.equal(new Set(made.map(({ spec }) => spec.clusterIP)).size, 10);
    // What one gives back the other can have, and asked for by number nobody gets what another has.
    const [first, second] = made;
    const [port, taken] = [first?.spec.ports?.[0]?.nodePort, second?.spec.ports?.[0]?.nodePort];
    await assert.rejects(create(20, taken), isInvalid);
    await assert.rejects(create(21, taken), isInvalid);
    await services(0).delete(first?.metadata.name ?? '', { namespace });
    const again = await until('the port is free at the other', () => create(23, port).catch(() => undefined));
    assert.equal(again.spec.ports?.[0]?.nodePort, port);
    await assert.rejects(create(22, port), isInvalid);
  });

  it('the kubernetes Service has the servers that are there', async () => {
    // Each tells again every ten seconds: a machine that stands still for longer loses a server for a moment.
    const has = (...wanted: string[]): Promise<boolean> =>
      until(`the Service has ${wanted.join(' and ')}`, async () => {
        const { subsets } = await two.client.resource(EndpointsRes).get('kubernetes', { namespace });
        const slice = await two.client.resource(EndpointSlices).get('kubernetes', { namespace });
        const found = (subsets ?? []).flatMap((subset) => (subset.addresses ?? []).map(({ ip }) => ip));
        const sliced = slice.endpoints.flatMap((endpoint) => endpoint.addresses);
        return found.join() === wanted.join() && sliced.join() === wanted.join();
      });
    const third = await startTestApi({
      world,
      store: stores[0] as Store,
      config: { ...config, compactionInterval: 0 },
    });
    await third.api.advertise('192.0.2.3', 6443);
    await has('192.0.2.3');
    await two.api.advertise('192.0.2.2', 6443);
    await has('192.0.2.2', '192.0.2.3');
    await third[Symbol.asyncDispose]();
    await has('192.0.2.2');
  });

  it('live on while etcd is away', async () => {
    const before = await maps(one).create({ metadata: { name: 'before', namespace } });
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      const { resourceVersion } = before.metadata;
      for await (const { object } of maps(two).watch({ namespace, resourceVersion, signal: stop.signal })) seen.push(object.metadata.name);
    })();
    assert.match((await raw(one, 'GET', '/readyz?verbose')).text, /\[\+\]etcd ok/);
    await etcd.kill();
    await until('the server says that it is not ready', async () => {
      const { code, text } = await raw(one, 'GET', '/readyz?verbose');
      return code === 500 && /\[-\]etcd failed/.test(text);
    });
    await assert.rejects(
      maps(one).create({ metadata: { name: 'meanwhile', namespace } }),
      (error) => isServiceUnavailable(error) || isTimeout(error),
    );
    // What the cache may answer, it answers.
    assert.ok((await maps(two).list({ namespace, resourceVersion: '0' })).items.length > 0);
    await etcd.restart();
    await until('both can be written to', async () => {
      try {
        for (const api of [one, two]) await maps(api).create({ metadata: { generateName: 'after-', namespace } });
        return true;
      } catch {
        return false;
      }
    });
    await until('the watch goes on', () => seen.filter((name) => name.startsWith('after-')).length >= 2);
    await until('the servers are ready', async () => (await raw(one, 'GET', '/readyz')).code === 200);
    stop.abort();
    await watching.catch(() => {});
  });
});
