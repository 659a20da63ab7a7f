import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { below, seededRandom } from '#base/seeded.ts';
import { createWorld } from '#host/world.ts';
import type { Store } from '#store/kv.ts';
import { openLmdbStore } from '#store/lmdb.ts';
import { until } from '../support/until.ts';

const world = createWorld({ logLevel: 'silent' });
const writer = join(import.meta.dirname, 'writer.ts');
const rounds = 12;

interface Told {
  readonly key?: string;
  readonly value?: string;
  readonly revision: number;
}

function start(path: string, round: number, volatile: string): ChildProcess {
  return fork(writer, [path, String(round), volatile], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

/** Every version in the log hangs together: each event's previous is the state before it. */
async function checkHistory(store: Store): Promise<void> {
  const from = Math.max(2, store.compactRevision() + 1);
  if (from > store.revision()) return;
  const state = new Map((await store.list('/', { revision: from - 1 })).entries.map((entry) => [entry.key, entry.modRevision]));
  const stop = new AbortController();
  for await (const batch of store.watch({ prefix: '/', fromRevision: from, signal: stop.signal })) {
    for (const event of batch.events) {
      const key = event.type === 'put' ? event.entry.key : event.key;
      assert.equal(event.previous?.modRevision, state.get(key), `${key} at ${batch.revision}`);
      if (event.type === 'put') state.set(key, event.entry.modRevision);
      else state.delete(key);
    }
    if (batch.revision === store.revision()) break;
  }
  const newest = (await store.list('/')).entries.map((entry) => [entry.key, entry.modRevision]);
  assert.deepEqual([...state].sort(), newest.sort());
}

async function crash(volatile: string): Promise<number> {
  const path = mkdtempSync(join(tmpdir(), 'tutti-crash-'));
  const random = seededRandom(`crash${volatile}`);
  const acknowledged = new Map<string, Told>();
  let newest = 0;
  let count = 0;
  try {
    for (let round = 0; round < rounds; round++) {
      const child = start(path, round, volatile);
      child.on('message', (message) => {
        const told = message as Told;
        assert.ok(told.revision > 0);
        newest = Math.max(newest, told.revision);
        if (told.key === undefined) return;
        count++;
        const before = acknowledged.get(told.key);
        if (before === undefined || before.revision < told.revision) acknowledged.set(told.key, told);
      });
      const before = count;
      await until('some writes are acknowledged', () => count > before + 5, 60_000);
      await new Promise((resolve) => setTimeout(resolve, below(random, 120)));
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('close', resolve)); // after the last message
      await using store = await openLmdbStore(path, world, { volatile: volatile === '' ? undefined : (key) => key.startsWith(volatile) });
      assert.ok(store.revision() >= newest, `revision ${store.revision()} after ${newest} was seen`);
      if (volatile !== '') assert.ok(store.compactRevision() === store.revision(), 'whoever saw lost revisions has to list anew');
      for (const told of acknowledged.values()) {
        const entry = await store.get(told.key ?? '');
        assert.ok(entry !== undefined && entry.modRevision >= told.revision, `${told.key} was acknowledged at ${told.revision}`);
        if (entry.modRevision === told.revision)
          assert.ok(
            Buffer.from(entry.value)
              .toString()
              .startsWith(told.value ?? '?'),
          );
      }
      // Two keys are always written in one change: half a change must never be seen.
      const pairs = new Map((await store.list('/pair/')).entries.map((entry) => [entry.key, entry.modRevision]));
      for (const [key, revision] of pairs) assert.equal(pairs.get(key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a')), revision, key);
      await checkHistory(store);
      newest = Math.max(newest, store.revision());
    }
    return count;
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

describe('kill -9 of a process that writes', () => {
  it('loses nothing that was acknowledged and tears nothing', { timeout: 280_000 }, async () => {
    const count = await crash('');
    assert.ok(count > 50, `${count} writes were acknowledged`);
  });

  it('with volatile keys: the same for all others, and no revision is given out twice', { timeout: 280_000 }, async () => {
    const count = await crash('/leases/');
    assert.ok(count > 50, `${count} writes were acknowledged`);
  });

  it('leaves a lock that the next process takes over, and one that it does not', { timeout: 120_000 }, async () => {
    const path = mkdtempSync(join(tmpdir(), 'tutti-crash-'));
    try {
      const child = start(path, 0, '');
      await new Promise((resolve) => child.once('message', resolve));
      await assert.rejects(openLmdbStore(path, world), new RegExp(`in use by process ${child.pid}`));
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('close', resolve));
      await using store = await openLmdbStore(path, world);
      assert.ok(store.revision() > 1);
    } finally {
      rmSync(path, { recursive: true, force: true });
    }
  });
});
