import { after, it } from 'node:test';
import { createWorld } from '#host/world.ts';
import { openEtcdStore } from '#store/etcd/store.ts';
import type { Store } from '#store/kv.ts';
import { type Etcd, etcdMissing, startEtcd } from '../support/etcd.ts';
import { storeContract } from './contract.ts';

const world = createWorld({ logLevel: 'silent' });

if (etcdMissing) it('etcd store', { skip: etcdMissing }, () => {});
else suite();

function suite(): void {
  /** Started ahead, so that no test waits for it. */
  let next: Promise<Etcd> | undefined;
  const ended: PromiseLike<void>[] = [];
  after(async () => {
    await (await next)?.[Symbol.asyncDispose]();
    await Promise.all(ended);
  });

  async function empty(): Promise<Store> {
    const etcd = await (next ?? startEtcd());
    next = startEtcd();
    const store = await openEtcdStore(world, { servers: [etcd.url] });
    const dispose = store[Symbol.asyncDispose].bind(store);
    return Object.assign(store, {
      [Symbol.asyncDispose]: async (): Promise<void> => {
        await dispose();
        ended.push(etcd[Symbol.asyncDispose]());
      },
    });
  }

  storeContract({ name: 'etcd', open: empty, realTime: true });
}
