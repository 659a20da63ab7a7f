// Writes as fast as it can and tells of each acknowledged write; the crash test kills it.
import { createWorld } from '#host/world.ts';
import { openLmdbStore } from '#store/lmdb.ts';

const [, , path = '', round = '0', volatile = ''] = process.argv;
const padding = 'x'.repeat(1_500);
try {
  const store = await openLmdbStore(path, createWorld({ logLevel: 'silent' }), {
    volatile: volatile === '' ? undefined : (key) => key.startsWith(volatile),
    historyLimit: 2_000,
  });
  let told = store.revision();
  const tell = (entry: { key?: string; value?: string; revision: number }): void => {
    if (entry.revision < told && entry.key === undefined) return;
    told = Math.max(told, entry.revision);
    process.send?.(entry);
  };
  const durable = async (id: number): Promise<void> => {
    for (let i = 0; ; i++) {
      const key = `/k/${id}-${i % 50}`;
      const value = `${round}-${i} `;
      const { revision } = await store.txn([], [{ type: 'put', key, value: Buffer.from(value + padding) }]);
      tell({ key, value, revision });
      const pair = ['a', 'b'].map((side) => ({ type: 'put', key: `/pair/${id}-${i % 20}${side}`, value: Buffer.from(value) }) as const);
      await store.txn([], i % 7 === 6 ? pair.map(({ key: gone }) => ({ type: 'delete', key: gone })) : pair);
    }
  };
  const heartbeat = async (): Promise<void> => {
    for (let i = 0; ; i++) {
      const { revision } = await store.txn([], [{ type: 'put', key: `${volatile}node-${i % 5}`, value: Buffer.from(String(i)) }]);
      tell({ revision });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const compactor = async (): Promise<void> => {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 15));
      await store.compact(Math.max(1, store.revision() - 300));
    }
  };
  await Promise.all([...Array.from({ length: 16 }, (_, id) => durable(id)), compactor(), ...(volatile === '' ? [] : [heartbeat()])]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
