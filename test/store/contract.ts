// What every store engine must do. One suite, run for each engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompactedError, FutureRevisionError, type Store, type WatchBatch } from '#store/kv.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const put = (key: string, value: string) => ({ type: 'put', key, value: bytes(value) }) as const;
const remove = (key: string) => ({ type: 'delete', key }) as const;

async function collect(store: Store, prefix: string, fromRevision: number, count: number): Promise<string[]> {
  const abort = new AbortController();
  const seen: string[] = [];
  for await (const batch of store.watch({ prefix, fromRevision, signal: abort.signal })) {
    for (const event of batch.events)
      seen.push(
        event.type === 'put' ? `${batch.revision} ${event.entry.key}=${Buffer.from(event.entry.value)}` : `${batch.revision} -${event.key}`,
      );
    if (seen.length >= count) abort.abort();
  }
  return seen;
}

/** Registers the suite for an engine. */
export function contract(name: string, open: () => Promise<Store>): void {
  const check = (what: string, run: (store: Store) => Promise<void>): void => {
    test(`${name}: ${what}`, async () => {
      await using store = await open();
      await run(store);
    });
  };

  check('revisions grow by one with every change and guards are checked', async (store) => {
    assert.equal(store.revision(), 1);
    assert.deepEqual(await store.txn([{ key: '/a', modRevision: 0 }], [put('/a', '1')]), { ok: true, revision: 2 });
    const clash = await store.txn([{ key: '/a', modRevision: 0 }], [put('/a', '2')]);
    assert.ok(!clash.ok);
    assert.equal(clash.current[0]?.modRevision, 2);
    assert.deepEqual(await store.txn([{ key: '/a', modRevision: 2 }], [put('/a', '2')]), { ok: true, revision: 3 });
    const entry = await store.get('/a');
    assert.deepEqual(
      [entry?.createRevision, entry?.modRevision, entry?.version, Buffer.from(entry?.value ?? []).toString()],
      [2, 3, 2, '2'],
    );
  });

  check('reads at an old revision see the old state', async (store) => {
    await store.txn([], [put('/a', '1')]);
    await store.txn([], [put('/b', '1'), put('/c', '1')]);
    await store.txn([], [remove('/a')]);
    assert.equal(await store.get('/a'), undefined);
    assert.equal(Buffer.from((await store.get('/a', 3))?.value ?? []).toString(), '1');
    const old = await store.list('/', { revision: 2 });
    assert.deepEqual([old.entries.map((entry) => entry.key), old.revision], [['/a'], 2]);
    assert.deepEqual(
      (await store.list('/')).entries.map((entry) => entry.key),
      ['/b', '/c'],
    );
    await assert.rejects(store.get('/a', 99), FutureRevisionError);
  });

  check('lists are sorted, limited and counted', async (store) => {
    for (const key of ['/p/c', '/p/a', '/q/x', '/p/b']) await store.txn([], [put(key, key)]);
    const first = await store.list('/p/', { limit: 2 });
    assert.deepEqual([first.entries.map((entry) => entry.key), first.more, first.count], [['/p/a', '/p/b'], true, 3]);
    const rest = await store.list('/p/', { limit: 2, from: '/p/c', revision: first.revision });
    assert.deepEqual([rest.entries.map((entry) => entry.key), rest.more, rest.count], [['/p/c'], false, 1]);
    assert.equal((await store.list('/p/', { keysOnly: true })).entries[0]?.value.length, 0);
  });

  check('a watch gets everything from its revision on, in order, and only its prefix', async (store) => {
    await store.txn([], [put('/w/a', '1')]);
    await store.txn([], [put('/other', '1')]);
    await store.txn([], [put('/w/b', '1')]);
    const watching = collect(store, '/w/', 2, 4);
    await store.txn([], [put('/w/a', '2')]);
    await store.txn([], [remove('/w/b')]);
    assert.deepEqual(await watching, ['2 /w/a=1', '4 /w/b=1', '5 /w/a=2', '6 -/w/b']);
  });

  check('a deletion event carries the last state', async (store) => {
    await store.txn([], [put('/a', 'last')]);
    await store.txn([], [remove('/a')]);
    const abort = new AbortController();
    for await (const batch of store.watch({ prefix: '/', fromRevision: 3, signal: abort.signal })) {
      const event = (batch as WatchBatch).events[0];
      if (event === undefined) continue;
      assert.equal(Buffer.from(event.previous?.value ?? []).toString(), 'last');
      abort.abort();
    }
  });

  check('compaction forgets history and says so', async (store) => {
    for (let i = 0; i < 5; i++) await store.txn([], [put('/a', String(i))]);
    await store.txn([], [put('/gone', '1')]);
    await store.txn([], [remove('/gone')]);
    await store.compact(store.revision());
    await assert.rejects(store.get('/a', 2), CompactedError);
    await assert.rejects(collect(store, '/', 2, 1), CompactedError);
    assert.equal(Buffer.from((await store.get('/a'))?.value ?? []).toString(), '4');
    assert.equal(store.compactRevision(), store.revision());
  });

  check('many writers of one key: exactly one wins each round', async (store) => {
    await store.txn([], [put('/n', '0')]);
    const increment = async (): Promise<void> => {
      for (;;) {
        const entry = await store.get('/n');
        const next = String(Number(Buffer.from(entry?.value ?? [])) + 1);
        if ((await store.txn([{ key: '/n', modRevision: entry?.modRevision ?? 0 }], [put('/n', next)])).ok) return;
      }
    };
    await Promise.all(Array.from({ length: 20 }, increment));
    assert.equal(Buffer.from((await store.get('/n'))?.value ?? []).toString(), '20');
  });

  check('a revoked lease takes its keys with it', async (store) => {
    const lease = await store.grantLease(3600);
    await store.txn([], [{ ...put('/leased', '1'), lease }, put('/kept', '1')]);
    await store.revokeLease(lease);
    assert.deepEqual(
      (await store.list('/')).entries.map((entry) => entry.key),
      ['/kept'],
    );
    await assert.rejects(store.txn([], [{ ...put('/x', '1'), lease }]), /lease not found/);
  });

  check('no watcher misses a change under concurrent writes', async (store) => {
    const count = 300;
    const watchers = Array.from({ length: 5 }, () => collect(store, '/c/', 2, count));
    await Promise.all(Array.from({ length: count }, (_, i) => store.txn([], [put(`/c/${i}`, String(i))])));
    const [first, ...others] = await Promise.all(watchers);
    assert.equal(new Set(first).size, count);
    for (const other of others) assert.deepEqual(other, first);
  });
}
