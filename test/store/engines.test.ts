import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createWorld } from '#host/world.ts';
import { openLmdbStore } from '#store/lmdb.ts';
import { createMemoryStore } from '#store/memory.ts';
import { contract } from './contract.ts';

const world = createWorld({ logLevel: 'error' });
const folders: string[] = [];
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'tutti-store-'));
  folders.push(path);
  return path;
};
after(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

contract('memory', async () => createMemoryStore({ clock: world.clock }));
contract('lmdb', () => openLmdbStore(folder(), world));

test('lmdb: everything is there after a restart, and revisions go on', async () => {
  const path = folder();
  {
    await using store = await openLmdbStore(path, world);
    await store.txn([], [{ type: 'put', key: '/a', value: Buffer.from('1') }]);
    await store.txn([], [{ type: 'put', key: '/b', value: Buffer.from('1') }]);
    await store.txn([], [{ type: 'delete', key: '/a' }]);
    await store.txn([], [{ type: 'put', key: '/b', value: Buffer.from('2') }]);
    await store.compact(3);
  }
  await using store = await openLmdbStore(path, world);
  assert.equal(store.revision(), 5);
  assert.equal(store.compactRevision(), 3);
  assert.deepEqual(
    (await store.list('/')).entries.map((entry) => [entry.key, Buffer.from(entry.value).toString(), entry.version]),
    [['/b', '2', 2]],
  );
  assert.equal(Buffer.from((await store.get('/a', 3))?.value ?? []).toString(), '1');
});

test('lmdb: a second process may not open the folder', async () => {
  const path = folder();
  await using _store = await openLmdbStore(path, world);
  const child = fork(join(import.meta.dirname, 'writer.ts'), [path, '1'], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let text = '';
  child.stderr?.on('data', (chunk) => (text += chunk));
  const code = await new Promise((resolve) => child.on('exit', resolve));
  assert.equal(code, 1);
  assert.match(text, /is in use by process/);
});

test('lmdb: what was acknowledged survives kill -9, at any moment', { timeout: 120_000 }, async () => {
  const path = folder();
  const acknowledged = new Map<string, string>();
  let lastRevision = 0;
  for (let round = 0; round < 12; round++) {
    const child = fork(join(import.meta.dirname, 'writer.ts'), [path, String(round)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (message) => {
      const [key, value, revision] = message as [string, string, number];
      acknowledged.set(key, value);
      lastRevision = Math.max(lastRevision, revision);
    });
    await new Promise((resolve) => child.once('message', resolve));
    await new Promise((resolve) => setTimeout(resolve, 20 + ((round * 37) % 90)));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.on('close', resolve));
    await using store = await openLmdbStore(path, world);
    assert.ok(store.revision() >= lastRevision, `revision ${store.revision()} after ${lastRevision}`);
    for (const [key, value] of acknowledged)
      assert.equal(
        Buffer.from((await store.get(key))?.value ?? [])
          .toString()
          .slice(0, value.length),
        value,
        key,
      );
    // Two keys are always written in one change: half a change must never be seen.
    const pairs = new Map((await store.list('/pair/')).entries.map((entry) => [entry.key, entry.modRevision]));
    for (const [key, revision] of pairs)
      assert.equal(pairs.get(key.endsWith('a') ? key.replace(/a$/, 'b') : key.replace(/b$/, 'a')), revision, key);
  }
  assert.ok(acknowledged.size > 100, `${acknowledged.size} writes were acknowledged`);
});
