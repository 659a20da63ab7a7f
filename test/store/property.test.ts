// Random histories on every engine, compared with the model step by step. A failure prints its seed: STORE_SEED replays it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Random } from '#base/random.ts';
import { below, pick, seededRandom } from '#base/seeded.ts';
import { createWorld } from '#host/world.ts';
import { openEtcdStore } from '#store/etcd/store.ts';
import { CompactedError, type Compare, type Operation, type Store } from '#store/kv.ts';
import { openLmdbStore } from '#store/lmdb.ts';
import { createMemoryStore } from '#store/memory.ts';
import { etcdMissing, startEtcd } from '../support/etcd.ts';
import { Model } from './model.ts';

const keys = ['/a/1', '/a/2', '/a/10', '/ab', '/b/1', '/b/2', '/b/3', '/c'];
const prefixes = ['/', '/a', '/a/', '/b/', '/none/'];

function randomTxn(random: Random, model: Model): { compare: Compare[]; operations: Operation[] } {
  const chosen = keys.filter(() => random.next() < 0.25);
  const operations = chosen.map(
    (key): Operation =>
      random.next() < 0.35 ? { type: 'delete', key } : { type: 'put', key, value: Buffer.from(String(below(random, 1_000))) },
  );
  const compare = keys
    .filter(() => random.next() < 0.15)
    .map((key) => ({ key, modRevision: random.next() < 0.85 ? (model.newest.get(key)?.mod ?? 0) : below(random, model.revision + 1) }));
  return { compare, operations };
}

async function compareReads(store: Store, model: Model, random: Random): Promise<void> {
  const revision = random.next() < 0.4 ? 0 : 1 + below(random, model.revision);
  const prefix = pick(random, prefixes);
  const from = random.next() < 0.5 ? pick(random, keys) : undefined;
  const limit = random.next() < 0.5 ? 1 + below(random, 4) : undefined;
  if (revision !== 0 && revision < model.compacted) {
    await assert.rejects(store.list(prefix, { revision }), CompactedError);
    return;
  }
  const state = [...(model.states.get(revision || model.revision) ?? [])]
    .filter(([key]) => key.startsWith(prefix) && (from === undefined || key >= from))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const list = await store.list(prefix, { revision, from, limit });
  assert.deepEqual(
    list.entries.map((entry) => [
      entry.key,
      { value: Buffer.from(entry.value).toString(), create: entry.createRevision, mod: entry.modRevision, version: entry.version },
    ]),
    state.slice(0, limit),
  );
  assert.equal(list.count, state.length);
  assert.equal(list.more, limit !== undefined && state.length > limit);
  assert.equal(list.revision, revision || model.revision);
}

async function compareWatch(store: Store, model: Model, random: Random): Promise<void> {
  const from = Math.max(model.compacted, 1) + below(random, model.revision - Math.max(model.compacted, 1) + 1);
  const prefix = pick(random, prefixes);
  const stop = new AbortController();
  let expected = from;
  for await (const batch of store.watch({ prefix, fromRevision: from, signal: stop.signal })) {
    for (; expected < batch.revision; expected++) assert.deepEqual(model.events(expected, prefix), [], `revision ${expected} was left out`);
    const lines = batch.events.map((event) =>
      event.type === 'put' ? `put ${event.entry.key}=${Buffer.from(event.entry.value).toString()}` : `delete ${event.key}`,
    );
    assert.deepEqual(lines.sort(), model.events(batch.revision, prefix));
    expected = batch.revision + 1;
    if (batch.revision === model.revision) break;
  }
}

async function history(open: () => Promise<Store>, seed: string, steps: number): Promise<void> {
  const random = seededRandom(seed);
  const model = new Model();
  let store = await open();
  try {
    for (let step = 0; step < steps; step++) {
      const { compare, operations } = randomTxn(random, model);
      const [result, expected] = [await store.txn(compare, operations), model.txn(compare, operations)];
      assert.equal(result.ok, expected);
      assert.equal(result.revision, model.revision);
      await compareReads(store, model, random);
      if (random.next() < 0.1) await compareWatch(store, model, random);
      if (random.next() < 0.03) {
        const to = Math.max(model.compacted, 1) + below(random, model.revision - Math.max(model.compacted, 1) + 1);
        await store.compact(to);
        model.compacted = Math.max(model.compacted, to);
      }
      if (random.next() < 0.02 && (await store.size()) > 0) {
        await store[Symbol.asyncDispose]();
        store = await open();
        assert.equal(store.revision(), model.revision);
      }
    }
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    await store[Symbol.asyncDispose]();
  }
}

describe('random histories agree with the model', () => {
  const seeds = process.env['STORE_SEED'] === undefined ? Array.from({ length: 10 }, (_, i) => `store-${i}`) : [process.env['STORE_SEED']];
  const world = createWorld({ logLevel: 'silent' });

  it('memory', async () => {
    for (const seed of seeds) await history(async () => createMemoryStore(), seed, 400);
  });

  it('etcd', { skip: etcdMissing }, async () => {
    for (const seed of seeds.slice(0, 3)) {
      await using etcd = await startEtcd();
      await history(() => openEtcdStore(world, { servers: [etcd.url] }), seed, 120);
    }
  });

  for (const volatile of [undefined, (key: string) => key.startsWith('/a')]) {
    it(`lmdb${volatile ? ' with volatile keys' : ''}`, async () => {
      for (const seed of seeds.slice(0, 4)) {
        const path = mkdtempSync(join(tmpdir(), 'tutti-store-'));
        try {
          await history(() => openLmdbStore(path, world, { volatile }), seed, 250);
        } finally {
          rmSync(path, { recursive: true, force: true });
        }
      }
    });
  }
});
