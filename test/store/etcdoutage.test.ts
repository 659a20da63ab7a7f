// What becomes of the store when etcd is not there, and of several servers that share one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { createWorld } from '#host/world.ts';
import { EtcdClient } from '#store/etcd/client.ts';
import { Compaction } from '#store/etcd/compaction.ts';
import { Keys } from '#store/etcd/keys.ts';
import { openEtcdStore } from '#store/etcd/store.ts';
import { follow } from '#store/etcd/watch.ts';
import { CompactedError, type Store, StoreUnavailableError, type WatchBatch } from '#store/kv.ts';
import { etcdMissing, startEtcd } from '../support/etcd.ts';
import { until } from '../support/until.ts';
import { put, take } from './contract.ts';

const world = createWorld({ logLevel: 'silent' });
/** Nobody listens there. */
const nowhere = 'http://127.0.0.1:9';

/** Collects the revisions and keys of a watch in the background. */
function collect(store: Store, prefix: string, fromRevision: number): { seen: string[]; stop: AbortController; done: Promise<void> } {
  const stop = new AbortController();
  const seen: string[] = [];
  const watch: AsyncIterable<WatchBatch> = store.watch({ prefix, fromRevision, signal: stop.signal });
  const done = (async () => {
    for await (const { events } of watch)
      for (const event of events) seen.push(event.type === 'put' ? `${event.entry.key}@${event.entry.modRevision}` : event.key);
  })();
  return { seen, stop, done };
}

describe('etcd that goes away', { skip: etcdMissing }, () => {
  it('kill -9 in the middle of writes loses nothing that was acknowledged; watches go on without a gap', async () => {
    await using etcd = await startEtcd();
    await using store = await openEtcdStore(world, { servers: [etcd.url] });
    const acknowledged = new Map<string, number>();
    const watch = collect(store, '/k/', 1);
    let failures = 0;
    let over = false;
    const writer = async (id: number): Promise<void> => {
      for (let i = 0; !over; i++) {
        const key = `/k/${id}-${i}`;
        try {
          acknowledged.set(key, await put(store, key, 'x'.repeat(500)));
        } catch (error) {
          assert.ok(error instanceof StoreUnavailableError, String(error));
          failures++;
        }
      }
    };
    const writers = Promise.all(Array.from({ length: 8 }, (_, id) => writer(id)));
    for (let round = 0; round < 3; round++) {
      const before = acknowledged.size;
      await until('some writes are acknowledged', () => acknowledged.size > before + 50);
      await etcd.kill();
      await until('the store says that it does not work', () => store.health() !== undefined);
      await etcd.restart();
    }
    const before = acknowledged.size;
    await until('writes are acknowledged again', () => acknowledged.size > before + 50);
    over = true;
    await writers;
    await until('the store works', () => store.health() === undefined);
    assert.ok(failures > 0, 'what was under way has unknown fate');
    const { entries } = await store.list('/k/');
    const there = new Map(entries.map((entry) => [entry.key, entry.modRevision]));
    for (const [key, revision] of acknowledged) assert.equal(there.get(key), revision, `${key} was acknowledged`);
    // Every key was written once: the watch has seen each that is there, once, in the order of revisions.
    const expected = [...there].toSorted(([, a], [, b]) => a - b).map(([key, revision]) => `${key}@${revision}`);
    await until('the watch has seen all', () => watch.seen.length >= expected.length);
    assert.deepEqual(watch.seen, expected);
    watch.stop.abort();
    await watch.done;
  });

  it('does not say of a write that it failed for sure when it may have been done', async () => {
    await using etcd = await startEtcd();
    await using store = await openEtcdStore(world, { servers: [etcd.url] });
    process.kill(etcd.pid, 'SIGSTOP'); // takes the request and does not answer
    const refused = assert.rejects(put(store, '/a', '1'), (error) => error instanceof StoreUnavailableError && error.fate === 'unknown');
    await new Promise((resolve) => setTimeout(resolve, 200));
    await etcd.kill();
    await refused;
  });

  it('waits for etcd with reads, and goes to the next endpoint', async () => {
    await using etcd = await startEtcd();
    // As patient as a busy machine needs: a tenth of the time passes.
    const clock = { ...world.clock, monotonic: () => world.clock.monotonic() / 10 };
    await using store = await openEtcdStore({ ...world, clock }, { servers: [nowhere, etcd.url, nowhere] });
    assert.equal(await put(store, '/a', '1'), 2);
    await etcd.kill();
    const read = store.get('/a');
    await etcd.restart();
    assert.equal((await read)?.modRevision, 2);
    const { entry } = (await take(store.watch({ prefix: '/', fromRevision: 2, signal: new AbortController().signal }), 1))[0] as {
      entry?: { key: string };
    };
    assert.equal(entry?.key, '/a');
  });

  it('leaves an endpoint that takes connections and says nothing', async () => {
    await using etcd = await startEtcd();
    const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const sockets = new Set<Socket>();
    silent.on('connection', (socket) => sockets.add(socket));
    try {
      const { port } = silent.address() as AddressInfo;
      const options = { servers: [`http://127.0.0.1:${port}`, etcd.url], callTimeout: 2_000 };
      await using store = await openEtcdStore(world, options);
      const written = await put(store, '/a', '1');
      assert.equal((await store.get('/a'))?.modRevision, written);
      // A watch that begins there goes on elsewhere.
      const client = new EtcdClient(world, options);
      const watch = follow({
        client,
        clock: world.clock,
        keys: new Keys('', ''),
        prefix: '/',
        from: written,
        signal: new AbortController().signal,
        previous: false,
        compactRevision: () => 0,
        compacted: () => {},
        seen: () => {},
      });
      assert.equal((await watch.next()).value?.revision, written);
      client.close();
    } finally {
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });

  it('speaks TLS, and is believed by its certificate', async () => {
    const { pki } = world;
    const ca = await pki.createCa('etcd');
    const server = await pki.issue(ca, { commonName: 'etcd', ips: ['127.0.0.1'], usages: ['server', 'client'] });
    const client = await pki.issue(ca, { commonName: 'apiserver', usages: ['client'] });
    await using etcd = await startEtcd({ ca: ca.cert, ...server });
    const servers = [etcd.url];
    await using store = await openEtcdStore(world, { servers, tls: { ca: ca.cert, cert: client.cert, key: client.key } });
    const watch = collect(store, '/', 1);
    assert.equal(await put(store, '/a', '1'), 2);
    await until('the watch has seen it', () => watch.seen.length === 1);
    watch.stop.abort();
    await watch.done;
    const clock = { ...world.clock, monotonic: () => world.clock.monotonic() * 100 };
    await assert.rejects(openEtcdStore({ ...world, clock }, { servers, tls: { ca: ca.cert } }), StoreUnavailableError);
    const other = await pki.createCa('another');
    const stranger = openEtcdStore({ ...world, clock }, { servers, tls: { ca: other.cert, cert: client.cert, key: client.key } });
    await assert.rejects(stranger, StoreUnavailableError);
  });

  it('says when nobody answers at the start, and what', async () => {
    // A clock that runs a hundred times as fast: nobody waits for ten seconds here.
    const clock = { ...world.clock, monotonic: () => world.clock.monotonic() * 100 };
    await assert.rejects(openEtcdStore({ ...world, clock }, { servers: [nowhere] }), (error) => {
      assert.ok(error instanceof StoreUnavailableError && error.fate === 'none');
      assert.match(error.message, /ECONNREFUSED/);
      return true;
    });
  });
});

describe('several servers of one etcd', { skip: etcdMissing }, () => {
  it('see what the others have acknowledged, and get each revision once', async () => {
    await using etcd = await startEtcd();
    await using one = await openEtcdStore(world, { servers: [etcd.url] });
    await using two = await openEtcdStore(world, { servers: [etcd.url] });
    assert.ok(one.shared);
    for (let i = 0; i < 20; i++) {
      const written = await put(i % 2 ? one : two, '/a', String(i));
      const other = i % 2 ? two : one;
      assert.equal(await other.newest(), written);
      assert.equal((await other.get('/a'))?.modRevision, written);
    }
    const results = await Promise.all(
      [one, two, one, two].map((store) =>
        store.txn([{ key: '/a', modRevision: 21 }], [{ type: 'put', key: '/a', value: Buffer.from('mine') }]),
      ),
    );
    assert.equal(results.filter(({ ok }) => ok).length, 1);
    const revisions = await Promise.all(Array.from({ length: 40 }, (_, i) => put(i % 2 ? one : two, `/many/${i}`, '')));
    assert.equal(new Set(revisions).size, 40);
  });

  it('keep to their prefixes, and watches are told of revisions that are none of theirs', async () => {
    await using etcd = await startEtcd();
    await using one = await openEtcdStore(world, { servers: [etcd.url], root: '/registry', prefix: '/one' });
    await using two = await openEtcdStore(world, { servers: [etcd.url], root: '/registry', prefix: '/one-more' });
    await using all = await openEtcdStore(world, { servers: [etcd.url] });
    const watch = collect(one, '/registry/', 1);
    await put(one, '/registry/a', '1'); // 2
    await put(two, '/registry/a', '2'); // 3
    await put(one, '/registry/b', '1'); // 4
    assert.deepEqual(
      (await all.list('/one')).entries.map(({ key }) => key),
      ['/one-more/a', '/one/a', '/one/b'],
    );
    assert.deepEqual(
      (await two.list('/registry/')).entries.map(({ key }) => key),
      ['/registry/a'],
    );
    await until('the watch has seen its own', () => watch.seen.length === 2);
    assert.deepEqual(watch.seen, ['/registry/a@2', '/registry/b@4']);
    await assert.rejects(one.get('/elsewhere'), /does not begin with/);
    await put(two, '/registry/c', '2'); // 5
    const stop = new AbortController();
    for await (const batch of one.watch({ prefix: '/registry/', fromRevision: 5, signal: stop.signal })) {
      assert.deepEqual(batch, { revision: 5, events: [] });
      break;
    }
    watch.stop.abort();
    await watch.done;
  });

  it('compact one after the other, and only what was there a turn ago', async () => {
    await using etcd = await startEtcd();
    await using one = await openEtcdStore(world, { servers: [etcd.url] });
    await using two = await openEtcdStore(world, { servers: [etcd.url] });
    const clients = [one, two].map(() => new EtcdClient(world, { servers: [etcd.url] }));
    const [first, second] = [one, two].map((store, i) => new Compaction(world, clients[i] as EtcdClient, store)) as [
      Compaction,
      Compaction,
    ];
    try {
      for (let i = 0; i < 10; i++) await put(one, '/a', String(i)); // 2…11
      await first.turn(); // 12: the clock is moved, nothing is known of a turn ago
      await second.turn(); // learns the clock
      assert.equal((await one.get('/a', 3))?.modRevision, 3);
      const kept = await put(one, '/a', 'kept'); // 13
      await first.turn(); // 14: forgets what was before 12
      await second.turn(); // somebody else was faster: nothing
      await assert.rejects(two.get('/a', 10), (error) => error instanceof CompactedError && error.compactRevision >= 11);
      await assert.rejects(take(two.watch({ prefix: '/', fromRevision: 5, signal: new AbortController().signal }), 1), CompactedError);
      assert.equal((await two.get('/a', kept))?.modRevision, kept);
      const events = await take(two.watch({ prefix: '/a', fromRevision: kept, signal: new AbortController().signal }), 1);
      assert.equal(events[0]?.previous?.modRevision, 11, 'what was before is still known');
      assert.ok(two.compactRevision() > 5);
      await using late = await openEtcdStore(world, { servers: [etcd.url] });
      assert.equal(late.compactRevision(), two.compactRevision());
      // The first goes away: the other takes over a turn later.
      await put(two, '/a', 'x');
      await second.turn();
      await second.turn();
      assert.ok(two.compactRevision() >= kept);
    } finally {
      for (const client of clients) client.close();
    }
  });

  it('list more than one answer holds', async () => {
    await using etcd = await startEtcd();
    await using store = await openEtcdStore(world, { servers: [etcd.url] });
    const value = Buffer.alloc(3 * 1024 * 1024, 1);
    // More than 64 MB: the first page must be asked for again, in smaller ones.
    for (let i = 0; i < 24; i++) await store.txn([], [{ type: 'put', key: `/big/${String(i).padStart(3, '0')}`, value }]);
    const { entries, count, more } = await store.list('/big/');
    assert.deepEqual([entries.length, count, more], [24, 24, false]);
    const part = await store.list('/big/', { limit: 20, from: '/big/002' });
    assert.deepEqual([part.entries.length, part.count, part.more, part.entries[0]?.key], [20, 22, true, '/big/002']);
  });
});
