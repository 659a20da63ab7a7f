// Writes as fast as it can and tells of each acknowledged write; the test kills it.
import { createWorld } from '#host/world.ts';
import { openLmdbStore } from '#store/lmdb.ts';

const [, , path = '', round = '0'] = process.argv;
const padding = 'x'.repeat(1500);
try {
  const store = await openLmdbStore(path, createWorld({ logLevel: 'error' }));
  const worker = async (id: number): Promise<void> => {
    for (let i = 0; i < 5_000; i++) {
      const key = `/k/${round}-${id}-${i % 50}`;
      const value = `${round}-${i}`;
      const pair = ['a', 'b'].map((side) => ({ type: 'put', key: `/pair/${id}-${i % 20}${side}`, value: Buffer.from(value) }) as const);
      const result = await store.txn([], [{ type: 'put', key, value: Buffer.from(`${value} ${padding}`) }]);
      process.send?.([key, `${value} `, result.revision]);
      await store.txn([], pair);
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, id) => worker(id)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
