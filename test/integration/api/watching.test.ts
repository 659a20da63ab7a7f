// Watches and the freshness of reads.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ConfigMaps } from '#api/refs.ts';
import { isGone, type StatusError } from '#api/status.ts';
import type { WatchEvent } from '#client/transport.ts';
import type { KubeObject } from '#api/object.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { raw } from '../../support/raw.ts';
import { until } from '../../support/until.ts';
import { virtualWorld } from '../../support/virtual.ts';

const ns = { namespace: 'default' };

describe('watching', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi({ config: { watchHistory: 10 } });
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });
  const maps = () => api.client.resource(ConfigMaps);
  const make = (name: string, labels: Record<string, string> = {}) => maps().create({ metadata: { name, namespace: 'default', labels } });

  async function collect(params: object, count: number): Promise<WatchEvent<KubeObject>[]> {
    const abort = new AbortController();
    const events: WatchEvent<KubeObject>[] = [];
    for await (const event of maps().watch({ ...ns, ...params, signal: abort.signal })) {
      events.push(event);
      if (events.length === count) abort.abort();
    }
    return events;
  }

  it('starts with the present state when asked', async () => {
    await make('i1', { t: 'initial' });
    await make('i2', { t: 'initial' });
    const selection = { labelSelector: 't=initial' };
    const plain = await collect(selection, 2);
    assert.deepEqual(
      plain.map((event) => `${event.type} ${event.object.metadata.name}`),
      ['ADDED i1', 'ADDED i2'],
    );
    const streamed = await collect({ ...selection, sendInitialEvents: true, allowWatchBookmarks: true }, 3);
    assert.deepEqual(
      streamed.map((event) => event.type),
      ['ADDED', 'ADDED', 'BOOKMARK'],
    );
    assert.equal(streamed[2]?.object.metadata.annotations?.['k8s.io/initial-events-end'], 'true');
    assert.ok(Number(streamed[2]?.object.metadata.resourceVersion) > 0);
  });

  it('ends by timeoutSeconds with a bookmark before', async () => {
    const world = virtualWorld();
    await using still = await startTestApi({ world });
    const all = still.client.resource(ConfigMaps);
    const { metadata } = await all.list(ns);
    await all.create({ metadata: { name: 'elsewhere', namespace: 'kube-system' } });
    const events: string[] = [];
    const before = world.clock.pending;
    const watching = (async () => {
      const params = { ...ns, resourceVersion: metadata.resourceVersion as string, timeoutSeconds: 4, allowWatchBookmarks: true };
      for await (const event of all.watch({ ...params, signal: new AbortController().signal })) events.push(event.type);
      events.push('end');
    })();
    await until('it watches', () => world.clock.pending > before);
    await world.clock.advance(1_999);
    assert.deepEqual(events, []);
    await world.clock.advance(2_000);
    assert.deepEqual(events, ['BOOKMARK']);
    await world.clock.advance(1);
    await watching;
    assert.deepEqual(events, ['BOOKMARK', 'end']);
  });

  it('starts from any revision that the store still has, without a gap', async () => {
    const first = await make('old', { t: 'replay' });
    for (let i = 0; i < 30; i++) await make(`fill-${i}`, { t: 'replay' });
    await maps().patch('fill-3', { metadata: { labels: { t: 'other' } } }, { ...ns, type: 'merge' });
    await maps().delete('fill-4', ns);
    for (let i = 30; i < 60; i++) await make(`fill-${i}`, { t: 'replay' });
    const events = await collect({ labelSelector: 't=replay', resourceVersion: first.metadata.resourceVersion }, 62);
    const made = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `ADDED fill-${from + i}`);
    assert.deepEqual(
      events.map((event) => `${event.type} ${event.object.metadata.name}`),
      [...made(0, 30), 'DELETED fill-3', 'DELETED fill-4', ...made(30, 60)],
    );
    const revisions = events.map((event) => Number(event.object.metadata.resourceVersion));
    assert.deepEqual(
      revisions,
      revisions.toSorted((a, b) => a - b),
    );
  });

  it('starts at a revision that is yet to come, and tells what happens after it', async () => {
    const future = api.store.revision() + 2;
    const params = { labelSelector: 't=future', resourceVersion: String(future) };
    const watching = collect(params, 2);
    const one = collect({ ...params, fieldSelector: 'metadata.name=future-2' }, 1);
    const names = ['future-0', 'future-1', 'future-2', 'future-3'];
    const made = [];
    for (const name of names) made.push(await make(name, { t: 'future' }));
    const above = made.filter(({ metadata }) => Number(metadata.resourceVersion) > future).map(({ metadata }) => metadata.name);
    assert.deepEqual(above, ['future-2', 'future-3']);
    for (const [events, wanted] of [
      [await watching, above],
      [await one, ['future-2']],
    ] as const)
      assert.deepEqual(
        events.map((event) => `${event.type} ${event.object.metadata.name}`),
        wanted.map((name) => `ADDED ${name}`),
      );
  });

  it('refuses the state at a revision that does not come', async () => {
    const url = '/api/v1/namespaces/default/configmaps';
    const far = 'resourceVersion=99999999';
    const initial = `watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
    await make('present');
    const paths = [`${url}?${far}`, `${url}?${far}&resourceVersionMatch=Exact`, `${url}/present?${far}`, `${url}?${initial}&${far}`];
    for (const { code, object } of await Promise.all(paths.map((path) => raw(api, 'GET', path)))) {
      assert.deepEqual([code, object.reason], [504, 'Timeout']);
      assert.deepEqual(object.details, {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      });
    }
  });

  it('says 410 in the stream when the start is compacted away', async () => {
    const first = await make('older');
    for (let i = 0; i < 30; i++) await make(`more-${i}`);
    await api.store.compact(api.store.revision());
    await assert.rejects(collect({ resourceVersion: first.metadata.resourceVersion }, 1), (error: StatusError) => {
      assert.ok(isGone(error));
      assert.match(error.message, /^too old resource version: \d+ \(\d+\)$/);
      return true;
    });
  });

  it('reads old revisions exactly, until they are compacted', async () => {
    const made = await make('exact');
    await maps().delete('exact', ns);
    const url = `/api/v1/namespaces/default/configmaps?resourceVersionMatch=Exact&resourceVersion=${made.metadata.resourceVersion}`;
    const then = await raw(api, 'GET', url);
    assert.ok(then.object.items?.some((item) => item.metadata.name === 'exact'));
    const page = await maps().list({ ...ns, limit: 1 });
    await make('later');
    await api.store.compact(api.store.revision());
    const gone = await raw(api, 'GET', url);
    assert.equal(gone.code, 410);
    assert.equal(gone.object.reason, 'Expired');
    const expired = await raw(api, 'GET', `/api/v1/namespaces/default/configmaps?limit=500&continue=${page.metadata.continue}`);
    assert.equal(expired.code, 410);
    const token = (expired.object.metadata as { continue?: string }).continue as string;
    const rest = await maps().list({ ...ns, continue: token });
    assert.ok(rest.items.some((item) => item.metadata.name === 'later'));
  });

  it('keeps a read after a write consistent', async () => {
    for (let i = 0; i < 50; i++) {
      await make(`consistent-${i}`);
      const list = await maps().list({ ...ns, fieldSelector: `metadata.name=consistent-${i}` });
      assert.equal(list.items.length, 1);
    }
  });

  it('survives many writers of one object', async () => {
    await maps().create({ metadata: { name: 'busy', namespace: 'default' }, data: {} });
    await Promise.all(Array.from({ length: 20 }, (_, i) => maps().patch('busy', { data: { [`k${i}`]: 'v' } }, { ...ns, type: 'merge' })));
    const map = await maps().get('busy', ns);
    assert.equal(Object.keys(map.data ?? {}).length, 20);
  });

  it('deletes collections by selector', async () => {
    await maps().deleteCollection({ ...ns, labelSelector: 't=initial' });
    const left = await maps().list(ns);
    assert.ok(!left.items.some((item) => item.metadata.labels?.['t'] === 'initial'));
    assert.ok(left.items.some((item) => item.metadata.name === 'busy'));
  });
});
