import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createTestClock } from '#base/testclock.ts';
import { createWorld } from '#host/world.ts';
import { CompactedError } from '#store/kv.ts';
import { type LmdbStoreOptions, openLmdbStore } from '#store/lmdb.ts';
import { put, storeContract, take } from './contract.ts';

const world = createWorld({ logLevel: 'silent' });
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tutti-store-'));
  folders.push(path);
  return path;
}

// Disk work needs real turns of the event loop.
const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 2));
};

storeContract({
  name: 'lmdb',
  settle,
  open: (clock) => openLmdbStore(folder(), clock === undefined ? world : { ...world, clock }),
});

describe('lmdb store: volatile keys', () => {
  const options: LmdbStoreOptions = { volatile: (key) => key.startsWith('/leases/') };
  storeContract({
    name: 'lmdb with volatile keys',
    settle,
    open: (clock) => openLmdbStore(folder(), clock === undefined ? world : { ...world, clock }, { volatile: (key) => /[ace]/.test(key) }),
  });

  it('are visible at once, in order, and survive a clean restart', async () => {
    const path = folder();
    {
      await using store = await openLmdbStore(path, world, options);
      const stop = new AbortController();
      const watch = store.watch({ prefix: '/', fromRevision: 2, signal: stop.signal });
      const results = await Promise.all([
        put(store, '/leases/a', '1'),
        put(store, '/pods/a', '1'),
        put(store, '/leases/a', '2'),
        put(store, '/leases/b', '1'),
      ]);
      assert.deepEqual(results, [2, 3, 4, 5]);
      const events = await take(watch, 4);
      assert.deepEqual(
        events.map((event) => (event.type === 'put' ? event.entry.modRevision : 0)),
        [2, 3, 4, 5],
      );
      for (let i = 0; i < 100; i++) await put(store, '/leases/a', String(i));
      assert.equal(store.revision(), 105);
    }
    await using store = await openLmdbStore(path, world, options);
    assert.equal(store.revision(), 105);
    assert.equal((await store.get('/leases/a'))?.version, 102);
    assert.equal(Buffer.from((await store.get('/leases/a', 4))?.value ?? []).toString(), '2');
  });

  it('do not wait for the reserve of revisions to run out', async () => {
    await using store = await openLmdbStore(folder(), world, options);
    for (let i = 0; i < 12_000; i++) await put(store, '/leases/a', 'x');
    // More than one reserve later a put still needs no turn of the loop, let alone the disk.
    let seen = 0;
    const last = put(store, '/leases/a', 'x').then((revision) => (seen = revision));
    for (let i = 0; i < 50; i++) await Promise.resolve();
    assert.equal(seen, 12_002);
    await last;
  });
});

describe('lmdb store: on disk', () => {
  it('goes on where it stopped', async () => {
    const path = folder();
    {
      await using store = await openLmdbStore(path, world);
      await put(store, '/a', '1'); // 2
      await put(store, '/b', '1'); // 3
      await put(store, '/a', '2'); // 4
      await store.txn([], [{ type: 'delete', key: '/b' }]); // 5
      await put(store, '/a', '3'); // 6
      await store.compact(3);
    }
    await using store = await openLmdbStore(path, world);
    assert.equal(store.revision(), 6);
    assert.equal(store.compactRevision(), 3);
    assert.equal(Buffer.from((await store.get('/a', 3))?.value ?? []).toString(), '1');
    assert.equal(Buffer.from((await store.get('/a', 4))?.value ?? []).toString(), '2');
    assert.equal((await store.get('/b', 4))?.modRevision, 3);
    assert.equal(await store.get('/b'), undefined);
    await assert.rejects(store.get('/a', 2), CompactedError);
    const events = await take(store.watch({ prefix: '/', fromRevision: 4, signal: new AbortController().signal }), 3);
    assert.deepEqual(
      events.map((event) => [event.type, event.type === 'put' ? event.entry.modRevision : event.revision, event.previous?.modRevision]),
      [
        ['put', 4, 2],
        ['delete', 5, 3],
        ['put', 6, 4],
      ],
    );
    assert.equal(await put(store, '/b', '2'), 7);
    const list = await store.list('/', { limit: 1 });
    assert.deepEqual([list.count, list.more], [2, true]);
  });

  it('keeps leases over a restart', async () => {
    const path = folder();
    const before = createTestClock({ settle });
    {
      await using store = await openLmdbStore(path, { ...world, clock: before });
      const lease = await store.grantLease(1);
      await put(store, '/e', 'x', lease);
      const long = await store.grantLease(1_000);
      await put(store, '/f', 'x', long);
    }
    const clock = createTestClock({ start: before.now() + 500, settle });
    await using store = await openLmdbStore(path, { ...world, clock });
    const stop = new AbortController();
    const watch = store.watch({ prefix: '/e', fromRevision: 0, signal: stop.signal });
    await clock.advance(499);
    assert.ok(await store.get('/e'), 'its time is not up');
    await clock.advance(1);
    await take(watch, 1);
    assert.deepEqual(
      (await store.list('/')).entries.map((entry) => entry.key),
      ['/f'],
    );
    assert.ok((await store.grantLease(1)) > 2);
  });

  it('gives disk space back to itself after compaction', async () => {
    await using store = await openLmdbStore(folder(), world);
    const value = 'v'.repeat(10_000);
    const round = async (): Promise<number> => {
      await Promise.all(Array.from({ length: 500 }, (_, i) => put(store, `/k${i % 10}`, value)));
      await store.compact(store.revision());
      return await store.size();
    };
    await round();
    await round();
    const settled = await round();
    for (let i = 0; i < 4; i++) await round();
    assert.ok((await store.size()) <= settled * 1.5, `${await store.size()} bytes after ${settled}`);
  });

  it('bounds its history by itself', async () => {
    await using store = await openLmdbStore(folder(), world, { historyLimit: 200 });
    for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 100 }, () => put(store, '/a', 'x')));
    assert.ok(store.compactRevision() > 600, String(store.compactRevision()));
    assert.equal((await store.get('/a'))?.version, 1_000);
  });

  it('is for one process at a time', async () => {
    const path = folder();
    await using store = await openLmdbStore(path, world);
    await assert.rejects(openLmdbStore(path, world), new RegExp(`in use by process ${process.pid}`));
    await put(store, '/a', '1');
  });

  it('takes over from a process that died', async () => {
    const path = folder();
    await world.fs.symlink('999999999:1', `${path}/lock`);
    await using store = await openLmdbStore(path, world);
    assert.equal(store.revision(), 1);
  });

  it('takes over when the process id was given to somebody else', async () => {
    const path = folder();
    await world.fs.symlink(`${process.pid}:1`, `${path}/lock`);
    await using store = await openLmdbStore(path, world);
    assert.equal(store.revision(), 1);
  });

  it('says what is wrong with a damaged file', async () => {
    const text = folder();
    await world.fs.write(`${text}/data.mdb`, 'this is no store'.repeat(1_000));
    await assert.rejects(openLmdbStore(text, world), /is damaged \(the header is not of a store\).*restore it from a backup/);
    const cut = folder();
    {
      await using store = await openLmdbStore(cut, world);
      for (let i = 0; i < 50; i++) await put(store, `/k${i}`, 'v'.repeat(5_000));
    }
    const file = await world.fs.read(`${cut}/data.mdb`);
    await world.fs.write(`${cut}/data.mdb`, file.subarray(0, file.length / 2));
    await assert.rejects(openLmdbStore(cut, world), /is damaged \(\d+ bytes expected, \d+ found\)/);
    // The lock was given back.
    await world.fs.write(`${cut}/data.mdb`, file);
    await using store = await openLmdbStore(cut, world);
    assert.equal((await store.list('/')).count, 50);
  });
});
