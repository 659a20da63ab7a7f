// How fast is the durable store? Prints one JSON line and appends it to bench/history/store.jsonl.
// Usage: node bench/store.ts [seconds] [keys] [URL of an etcd that is empty: measured instead of the embedded engine]
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createWorld } from '#host/world.ts';
import { openEtcdStore } from '#store/etcd/store.ts';
import type { Store } from '#store/kv.ts';
import { openLmdbStore } from '#store/lmdb.ts';

const seconds = Number(process.argv[2] ?? 3);
const keys = Number(process.argv[3] ?? 10_000);
const etcd = process.argv[4];
const writers = 64;
/** A network away each takes its time. */
const reads = etcd ? 2_000 : 50_000;
const value = Buffer.alloc(2_048, 'v');
const path = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'tutti-bench-'));
const world = createWorld({ logLevel: 'silent' });
const keyOf = (i: number): string => `/registry/pods/namespace-${i % 20}/pod-${String(i).padStart(6, '0')}`;
const round = (number: number, digits = 0): number => Number(number.toFixed(digits));

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; stall: number; result: T }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const started = performance.now();
  const result = await work();
  const ms = performance.now() - started;
  delay.disable();
  return { ms, stall: delay.percentile(99) / 1e6, result };
}

const open = (): Promise<Store> => (etcd ? openEtcdStore(world, { servers: [etcd] }) : openLmdbStore(path, world));

try {
  const store = await open();
  for (let from = 0; from < keys; from += 1_000) {
    const some = Array.from({ length: Math.min(1_000, keys - from) }, (_, i) => from + i);
    await Promise.all(some.map((i) => store.txn([], [{ type: 'put', key: keyOf(i), value }])));
  }
  const rss = process.memoryUsage().rss;

  const puts = await timed(async () => {
    const end = performance.now() + seconds * 1000;
    let count = 0;
    const writer = async (id: number): Promise<void> => {
      for (let i = id; performance.now() < end; i += writers) {
        await store.txn([], [{ type: 'put', key: keyOf(i % keys), value }]);
        count++;
      }
    };
    await Promise.all(Array.from({ length: writers }, (_, id) => writer(id)));
    return count;
  });

  const gets = await timed(async () => {
    for (let i = 0; i < reads; i++) {
      await store.get(keyOf((i * 7_919) % keys));
      if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  });
  const lists = await timed(() => store.list('/registry/pods/'));
  const compaction = await timed(() => store.compact(store.revision()));
  const size = await store.size();
  await store[Symbol.asyncDispose]();
  const reopen = await timed(open);
  await reopen.result[Symbol.asyncDispose]();

  const line = JSON.stringify({
    bench: 'store',
    engine: etcd ? 'etcd' : 'lmdb',
    date: new Date().toISOString(),
    writers,
    keys,
    putsPerSecond: round((puts.result / puts.ms) * 1000),
    putStallP99Ms: round(puts.stall, 1),
    getsPerSecond: round((reads / gets.ms) * 1000),
    listAllMs: round(lists.ms, 1),
    listStallP99Ms: round(lists.stall, 1),
    compactMs: round(compaction.ms),
    compactStallP99Ms: round(compaction.stall, 1),
    reopenMs: round(reopen.ms, 1),
    fileMiB: round(size / 2 ** 20),
    rssMiB: round(rss / 2 ** 20),
  });
  console.log(line);
  const history = join(import.meta.dirname, 'history');
  mkdirSync(history, { recursive: true });
  appendFileSync(join(history, 'store.jsonl'), `${line}\n`);
} finally {
  rmSync(path, { recursive: true, force: true });
}
