// The life of objects through every verb, over the loopback.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ConfigMaps, Pods } from '#api/refs.ts';
import { isAlreadyExists, isConflict, isNotFound, StatusError } from '#api/status.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';

describe('verbs', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });
  const maps = () => api.client.resource(ConfigMaps);

  it('creates, reads, replaces and deletes', async () => {
    const created = await maps().create({ metadata: { name: 'a', namespace: 'default' }, data: { k: 'v' } });
    assert.equal(created.kind, 'ConfigMap');
    assert.ok(created.metadata.uid && created.metadata.creationTimestamp && created.metadata.resourceVersion);
    await assert.rejects(maps().create({ metadata: { name: 'a', namespace: 'default' } }), isAlreadyExists);
    const read = await maps().get('a', { namespace: 'default' });
    assert.deepEqual(read, created);
    const updated = await maps().update({ ...read, data: { k: 'w' } });
    assert.notEqual(updated.metadata.resourceVersion, read.metadata.resourceVersion);
    await assert.rejects(maps().update({ ...read, data: { k: 'x' } }), isConflict);
    const same = await maps().update(updated);
    assert.equal(same.metadata.resourceVersion, updated.metadata.resourceVersion);
    const answer = (await maps().delete('a', { namespace: 'default' })) as { status: string; details: { uid: string } };
    assert.equal(answer.status, 'Success');
    assert.equal(answer.details.uid, created.metadata.uid);
    await assert.rejects(maps().get('a', { namespace: 'default' }), isNotFound);
  });

  it('patches', async () => {
    await maps().create({ metadata: { name: 'p', namespace: 'default', labels: { a: '1' } }, data: { k: 'v' } });
    const target = { namespace: 'default' };
    let map = await maps().patch('p', { data: { b: '2' } }, { ...target, type: 'merge' });
    assert.deepEqual(map.data, { k: 'v', b: '2' });
    map = await maps().patch('p', [{ op: 'remove', path: '/data/k' }], { ...target, type: 'json' });
    assert.deepEqual(map.data, { b: '2' });
    map = await maps().patch('p', { metadata: { labels: { a: null, c: 'd' } } }, { ...target, type: 'strategic' });
    assert.deepEqual(map.metadata.labels, { c: 'd' });
    await assert.rejects(
      maps().patch('p', [{ op: 'test', path: '/data/b', value: 'no' }], { ...target, type: 'json' }),
      (error: StatusError) => error.code === 422,
    );
  });

  it('lists in pages at one revision', async () => {
    const names = Array.from({ length: 7 }, (_, i) => `page-${i}`);
    for (const name of names) await maps().create({ metadata: { name, namespace: 'kube-public', labels: { page: 'yes' } } });
    const first = await maps().list({ namespace: 'kube-public', limit: 3 });
    assert.equal(first.metadata.remainingItemCount, 4);
    await maps().delete('page-4', { namespace: 'kube-public' });
    const second = await maps().list({ namespace: 'kube-public', limit: 10, continue: first.metadata.continue as string });
    assert.deepEqual(
      [...first.items, ...second.items].map((item) => item.metadata.name),
      names,
    );
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    const selected = await maps().list({ labelSelector: 'page=yes', fieldSelector: 'metadata.name!=page-0' });
    assert.equal(selected.items.length, 5);
  });

  it('watches with selector transitions', async () => {
    const list = await maps().list({ namespace: 'default' });
    const abort = new AbortController();
    const events: string[] = [];
    const watching = (async () => {
      for await (const event of maps().watch({
        namespace: 'default',
        labelSelector: 'w=1',
        resourceVersion: list.metadata.resourceVersion as string,
        signal: abort.signal,
      })) {
        events.push(`${event.type} ${event.object.metadata.name} ${event.object.data?.['n'] ?? ''}`);
        if (events.length === 4) abort.abort();
      }
    })();
    const made = await maps().create({ metadata: { name: 'w', namespace: 'default', labels: { w: '1' } }, data: { n: '1' } });
    const two = await maps().update({ ...made, data: { n: '2' } });
    const out = await maps().update({ ...two, metadata: { ...two.metadata, labels: {} }, data: { n: '3' } });
    await maps().update({ ...out, metadata: { ...out.metadata, labels: { w: '1' } }, data: { n: '4' } });
    await watching;
    assert.deepEqual(events, ['ADDED w 1', 'MODIFIED w 2', 'DELETED w 2', 'ADDED w 4']);
  });

  it('generates names and refuses bad objects', async () => {
    const made = await maps().create({ metadata: { generateName: 'gen-', namespace: 'default' } });
    assert.match(made.metadata.name, /^gen-[a-z0-9]{5}$/);
    await assert.rejects(maps().create({ metadata: { namespace: 'default' } }), (error: StatusError) => {
      assert.equal(error.code, 422);
      assert.equal(error.message, 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required');
      return true;
    });
    await assert.rejects(api.client.resource(Pods).create({ metadata: { name: 'x', namespace: 'nowhere' } }), (error: StatusError) => {
      assert.equal(error.message, 'namespaces "nowhere" not found');
      return true;
    });
  });
});
