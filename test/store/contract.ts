// What every engine must do: src/store/kv.ts in examples. Each engine's test file calls `storeContract`.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestClock, type TestClock } from '#base/testclock.ts';
import { CompactedError, FutureRevisionError, type KeyValue, type Store, type StoreEvent, type WatchBatch } from '#store/kv.ts';

export interface Engine {
  readonly name: string;
  /** An empty store. */
  open(clock?: TestClock): Promise<Store>;
  /** How to let the engine's own work (disk) run on while a test clock stands still. */
  readonly settle?: () => Promise<void>;
  /** Time passes for leases as it does outside, whatever a test clock says. */
  readonly realTime?: boolean;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (entry: KeyValue | undefined): string | undefined => (entry === undefined ? undefined : Buffer.from(entry.value).toString());

/** Puts without a guard; returns the revision. */
export async function put(store: Store, key: string, value: string, lease?: number): Promise<number> {
  const result = await store.txn([], [{ type: 'put', key, value: bytes(value), lease }]);
  assert.ok(result.ok);
  return result.revision;
}

async function remove(store: Store, key: string): Promise<number> {
  return (await store.txn([], [{ type: 'delete', key }])).revision;
}

/** Reads a watch until `count` events have come. */
export async function take(watch: AsyncIterable<WatchBatch>, count: number): Promise<StoreEvent[]> {
  const events: StoreEvent[] = [];
  for await (const batch of watch) {
    events.push(...batch.events);
    if (events.length >= count) break;
  }
  return events;
}

function brief(event: StoreEvent): string {
  return event.type === 'put'
    ? `put ${event.entry.key}=${text(event.entry)}@${event.entry.modRevision} was ${text(event.previous)}`
    : `delete ${event.key}@${event.revision} was ${text(event.previous)}`;
}

/** Runs the suite. */
export function storeContract(engine: Engine): void {
  describe(`${engine.name} store: keys`, () => {
    it('starts at revision 1 and counts every transaction', async () => {
      await using store = await engine.open();
      assert.equal(store.revision(), 1);
      assert.equal(await put(store, '/a', '1'), 2);
      assert.equal(await put(store, '/b', '1'), 3);
      assert.equal(store.revision(), 3);
    });

    it('keeps create revision, modification revision and version', async () => {
      await using store = await engine.open();
      await put(store, '/a', '1');
      await put(store, '/a', '2');
      const entry = await store.get('/a');
      assert.deepEqual({ ...entry, value: text(entry) }, { key: '/a', value: '2', createRevision: 2, modRevision: 3, version: 2 });
      await remove(store, '/a');
      assert.equal(await store.get('/a'), undefined);
      await put(store, '/a', '3');
      const again = await store.get('/a');
      assert.deepEqual([again?.createRevision, again?.modRevision, again?.version], [5, 5, 1]);
    });

    it('does not count what changes nothing', async () => {
      await using store = await engine.open();
      assert.deepEqual(await store.txn([], [{ type: 'delete', key: '/none' }]), { ok: true, revision: 1 });
      assert.deepEqual(await store.txn([], []), { ok: true, revision: 1 });
    });

    it('applies all operations at one revision', async () => {
      await using store = await engine.open();
      await put(store, '/c', 'x');
      const result = await store.txn(
        [],
        [
          { type: 'put', key: '/a', value: bytes('1') },
          { type: 'put', key: '/b', value: bytes('2') },
          { type: 'delete', key: '/c' },
        ],
      );
      assert.deepEqual(result, { ok: true, revision: 3 });
      assert.equal((await store.get('/a'))?.modRevision, 3);
      assert.equal((await store.get('/b'))?.modRevision, 3);
      assert.equal(await store.get('/c'), undefined);
    });

    it('refuses the same key twice in one transaction', async () => {
      await using store = await engine.open();
      await assert.rejects(
        store.txn(
          [],
          [
            { type: 'put', key: '/a', value: bytes('1') },
            { type: 'delete', key: '/a' },
          ],
        ),
        /duplicate key/,
      );
      assert.equal(store.revision(), 1);
    });

    it('checks guards and answers with the current state', async () => {
      await using store = await engine.open();
      await put(store, '/a', '1');
      const refused = await store.txn(
        [
          { key: '/a', modRevision: 99 },
          { key: '/none', modRevision: 0 },
        ],
        [{ type: 'put', key: '/a', value: bytes('2') }],
      );
      assert.ok(!refused.ok);
      assert.equal(refused.revision, 2);
      assert.deepEqual(refused.current.map(text), ['1', undefined]);
      assert.equal(text(await store.get('/a')), '1');
      assert.ok((await store.txn([{ key: '/a', modRevision: 2 }], [{ type: 'put', key: '/a', value: bytes('2') }])).ok);
      assert.ok(!(await store.txn([{ key: '/a', modRevision: 0 }], [{ type: 'put', key: '/a', value: bytes('3') }])).ok);
    });

    it('lets exactly one of many racing creators win', async () => {
      await using store = await engine.open();
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          store.txn([{ key: '/a', modRevision: 0 }], [{ type: 'put', key: '/a', value: bytes(String(i)) }]),
        ),
      );
      assert.equal(results.filter((result) => result.ok).length, 1);
      const winner = results.findIndex((result) => result.ok);
      for (const result of results) if (!result.ok) assert.equal(text(result.current[0]), String(winner));
      assert.equal(text(await store.get('/a')), String(winner));
      assert.equal(store.revision(), 2);
    });

    it('keeps empty and binary values', async () => {
      await using store = await engine.open();
      const value = Uint8Array.from({ length: 256 }, (_, i) => i);
      await store.txn([], [{ type: 'put', key: '/a', value }]);
      await store.txn([], [{ type: 'put', key: '/b', value: new Uint8Array(0) }]);
      assert.deepEqual(Buffer.from((await store.get('/a'))?.value ?? []), Buffer.from(value));
      assert.equal((await store.get('/b'))?.value.length, 0);
    });

    it('keeps large values', async () => {
      await using store = await engine.open();
      const value = Buffer.alloc(3 * 1024 * 1024, 7);
      await store.txn([], [{ type: 'put', key: '/a', value }]);
      assert.ok(Buffer.from((await store.get('/a'))?.value ?? []).equals(value));
    });
  });

  describe(`${engine.name} store: lists and history`, () => {
    it('lists a prefix in order, with limit, from, count and keys only', async () => {
      await using store = await engine.open();
      for (const key of ['/p/c', '/p/a', '/q/a', '/p/b', '/o/z', '/p']) await put(store, key, key);
      const all = await store.list('/p/');
      assert.deepEqual(
        all.entries.map((entry) => entry.key),
        ['/p/a', '/p/b', '/p/c'],
      );
      assert.deepEqual([all.revision, all.more, all.count], [7, false, 3]);
      const page = await store.list('/p/', { limit: 2 });
      assert.deepEqual(
        page.entries.map((entry) => entry.key),
        ['/p/a', '/p/b'],
      );
      assert.deepEqual([page.more, page.count], [true, 3]);
      const rest = await store.list('/p/', { from: '/p/b\0', limit: 2 });
      assert.deepEqual(
        rest.entries.map((entry) => entry.key),
        ['/p/c'],
      );
      assert.deepEqual([rest.more, rest.count], [false, 1]);
      assert.equal((await store.list('/p/', { keysOnly: true })).entries[0]?.value.length, 0);
      assert.deepEqual((await store.list('/none/')).entries, []);
      assert.equal((await store.list('')).count, 6);
    });

    it('reads at an old revision', async () => {
      await using store = await engine.open();
      await put(store, '/a', '1'); // 2
      await put(store, '/b', '1'); // 3
      await put(store, '/a', '2'); // 4
      await remove(store, '/b'); // 5
      await put(store, '/c', '1'); // 6
      assert.equal(text(await store.get('/a', 3)), '1');
      assert.equal(text(await store.get('/a', 4)), '2');
      assert.equal(text(await store.get('/b', 4)), '1');
      assert.equal(await store.get('/b', 5), undefined);
      assert.equal(await store.get('/a', 1), undefined);
      const old = await store.list('/', { revision: 4, limit: 1 });
      assert.deepEqual([old.entries.map((entry) => entry.key), old.revision, old.count, old.more], [['/a'], 4, 2, true]);
    });

    it('refuses revisions that do not exist yet', async () => {
      await using store = await engine.open();
      await assert.rejects(store.get('/a', 5), FutureRevisionError);
      await assert.rejects(store.list('/', { revision: 5 }), FutureRevisionError);
    });

    it('forgets below the compaction, and nothing that is still to be seen', async () => {
      await using store = await engine.open();
      await put(store, '/old', '1'); // 2
      await put(store, '/a', '1'); // 3
      await put(store, '/a', '2'); // 4
      await put(store, '/gone', '1'); // 5
      await remove(store, '/gone'); // 6
      await put(store, '/a', '3'); // 7
      await store.compact(6);
      assert.equal(store.compactRevision(), 6);
      await assert.rejects(store.get('/a', 5), CompactedError);
      await assert.rejects(store.list('/', { revision: 5 }), (error) => error instanceof CompactedError && error.compactRevision === 6);
      assert.equal(text(await store.get('/a', 6)), '2');
      assert.equal(text(await store.get('/old', 6)), '1');
      assert.equal(await store.get('/gone', 6), undefined);
      assert.equal(text(await store.get('/a')), '3');
      assert.deepEqual((await store.list('/', { revision: 6 })).entries.map(text), ['2', '1']);
      await store.compact(6); // again: nothing to do
      await assert.rejects(store.compact(100), FutureRevisionError);
      await put(store, '/gone', '2');
      assert.deepEqual([(await store.get('/gone'))?.createRevision, (await store.get('/gone'))?.version], [8, 1]);
    });

    it('handles many keys', async () => {
      await using store = await engine.open();
      const keys = Array.from({ length: 3_000 }, (_, i) => `/n/${String((i * 7_919) % 3_000).padStart(5, '0')}`);
      await Promise.all(keys.map((key) => put(store, key, key)));
      await Promise.all(keys.filter((_, i) => i % 3 === 0).map((key) => remove(store, key)));
      const kept = keys.filter((_, i) => i % 3 !== 0).sort();
      assert.deepEqual(
        (await store.list('/n/')).entries.map((entry) => entry.key),
        kept,
      );
      assert.equal((await store.list('/n/', { limit: 10 })).count, kept.length);
      assert.equal((await store.list('/n/', { limit: 10, from: '/n/02000' })).count, kept.filter((key) => key >= '/n/02000').length);
    });
  });

  describe(`${engine.name} store: watches`, () => {
    it('delivers what comes after now', async () => {
      await using store = await engine.open();
      await put(store, '/a', '0');
      const stop = new AbortController();
      const watch = store.watch({ prefix: '/', fromRevision: 0, signal: stop.signal });
      await put(store, '/a', '1');
      await put(store, '/b', '1');
      await remove(store, '/a');
      assert.deepEqual((await take(watch, 3)).map(brief), ['put /a=1@3 was 0', 'put /b=1@4 was undefined', 'delete /a@5 was 1']);
    });

    it('delivers from an old revision on, only its prefix', async () => {
      await using store = await engine.open();
      await put(store, '/p/a', '1'); // 2
      await put(store, '/q/a', '1'); // 3
      await put(store, '/p/a', '2'); // 4
      await put(store, '/p/b', '1'); // 5
      const stop = new AbortController();
      const events = await take(store.watch({ prefix: '/p/', fromRevision: 3, signal: stop.signal }), 2);
      assert.deepEqual(events.map(brief), ['put /p/a=2@4 was 1', 'put /p/b=1@5 was undefined']);
    });

    it('delivers a transaction as one batch', async () => {
      await using store = await engine.open();
      const stop = new AbortController();
      const watch = store.watch({ prefix: '/', fromRevision: 2, signal: stop.signal });
      await store.txn(
        [],
        ['/a', '/b', '/c'].map((key) => ({ type: 'put', key, value: bytes('1') })),
      );
      for await (const batch of watch) {
        assert.equal(batch.revision, 2);
        assert.equal(batch.events.length, 3);
        break;
      }
    });

    it('tells how far it is when nothing matched', async () => {
      await using store = await engine.open();
      const stop = new AbortController();
      const watch = store.watch({ prefix: '/p/', fromRevision: 0, signal: stop.signal });
      const first = watch[Symbol.asyncIterator]().next();
      await put(store, '/q', '1');
      assert.deepEqual((await first).value, { revision: 2, events: [] });
    });

    it('ends when its signal aborts and when the store closes', async () => {
      const store = await engine.open();
      const stop = new AbortController();
      const one = take(store.watch({ prefix: '/', fromRevision: 0, signal: stop.signal }), 1);
      stop.abort();
      assert.deepEqual(await one, []);
      const two = take(store.watch({ prefix: '/', fromRevision: 0, signal: new AbortController().signal }), 1);
      await store[Symbol.asyncDispose]();
      assert.deepEqual(await two, []);
      await assert.rejects(store.get('/a'), /closed/);
      await assert.rejects(store.txn([], []), /closed/);
    });

    it('says when its start was compacted, also when it fell behind', async () => {
      await using store = await engine.open();
      for (let i = 0; i < 10; i++) await put(store, '/a', String(i)); // 2…11
      const stop = new AbortController();
      const slow = store.watch({ prefix: '/', fromRevision: 3, signal: stop.signal })[Symbol.asyncIterator]();
      assert.equal((await slow.next()).value?.revision, 3);
      await store.compact(8);
      await assert.rejects(take(store.watch({ prefix: '/', fromRevision: 7, signal: stop.signal }), 1), CompactedError);
      await assert.rejects(slow.next(), CompactedError);
      const events = await take(store.watch({ prefix: '/', fromRevision: 8, signal: stop.signal }), 4);
      assert.deepEqual(events.map(brief), ['put /a=6@8 was 5', 'put /a=7@9 was 6', 'put /a=8@10 was 7', 'put /a=9@11 was 8']);
    });

    it('has no gap and no repetition while others write', async () => {
      await using store = await engine.open();
      const total = 400;
      const stop = new AbortController();
      const writers = Promise.all(
        Array.from({ length: 8 }, async (_, writer) => {
          for (let i = 0; i < total / 8; i++) await put(store, `/k/${(writer * 7 + i) % 13}`, `${writer}.${i}`);
        }),
      );
      const starts = [0, 1, 2, 3].map(async (delay) => {
        for (let i = 0; i < delay * 10; i++) await put(store, '/other', '');
        const { entries, revision } = await store.list('/k/');
        const state = new Map(entries.map((entry) => [entry.key, entry.modRevision]));
        let last = revision;
        for await (const batch of store.watch({ prefix: '/k/', fromRevision: revision + 1, signal: stop.signal })) {
          if (batch.events.length > 0) assert.ok(batch.revision > last, 'revisions grow');
          assert.ok(batch.revision >= last);
          last = batch.revision;
          for (const event of batch.events) {
            assert.ok(event.type === 'put');
            assert.equal(event.previous?.modRevision, state.get(event.entry.key), 'each event follows the one before');
            state.set(event.entry.key, event.entry.modRevision);
            if (event.entry.key === '/k/last') return state;
          }
        }
        return state;
      });
      await writers;
      await put(store, '/k/last', '');
      const final = new Map((await store.list('/k/')).entries.map((entry) => [entry.key, entry.modRevision]));
      for (const state of await Promise.all(starts)) assert.deepEqual([...state].sort(), [...final].sort());
      stop.abort();
    });
  });

  describe(`${engine.name} store: leases`, () => {
    it('deletes the keys of a lease when it ends', async () => {
      const clock = createTestClock({ settle: engine.settle });
      await using store = await engine.open(clock);
      const lease = await store.grantLease(engine.realTime ? 4 : 10);
      await put(store, '/e/1', 'x', lease);
      await put(store, '/e/2', 'x', lease);
      await put(store, '/e/3', 'x', lease);
      await put(store, '/e/3', 'y'); // without the lease: stays
      const stop = new AbortController();
      const watch = store.watch({ prefix: '/e/', fromRevision: 0, signal: stop.signal });
      await clock.advance(9_999);
      if (!engine.realTime) assert.equal((await store.list('/e/')).count, 3);
      await clock.advance(1);
      assert.deepEqual((await take(watch, 2)).map(brief), ['delete /e/1@6 was x', 'delete /e/2@6 was x']);
      assert.deepEqual(
        (await store.list('/e/')).entries.map((entry) => entry.key),
        ['/e/3'],
      );
      await assert.rejects(put(store, '/e/4', 'x', lease), /lease not found/);
    });

    it('revokes', async () => {
      await using store = await engine.open();
      const one = await store.grantLease(100);
      const two = await store.grantLease(100);
      assert.notEqual(one, two);
      await put(store, '/a', '1', one);
      await put(store, '/b', '1', two);
      await store.revokeLease(one);
      await store.revokeLease(one);
      assert.deepEqual(
        (await store.list('/')).entries.map((entry) => entry.key),
        ['/b'],
      );
      await assert.rejects(put(store, '/a', '1', one), /lease not found/);
    });
  });
}
