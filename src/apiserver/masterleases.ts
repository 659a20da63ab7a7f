// The endpoints of the `kubernetes` Service where several servers share a store: each keeps a key that ends by itself soon after
// the server has, and all write down whose keys are there. (The "lease" endpoint reconciler of kube-apiserver, with its times.)
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Transport } from '#client/transport.ts';
import type { Store } from '#store/kv.ts';
import { advertise } from './bootstrap.ts';

const prefix = '/registry/masterleases/';
/** Seconds that a server counts as alive without a sign, and milliseconds between signs. */
const ttl = 15;
const interval = 10_000;

export interface Advertised {
  readonly address: string;
  /** The same at all servers: the Service has one. */
  readonly port: number;
}

/** Tells of this server now and from now on, and of the others that are alive. Disposal takes it out. */
export async function startMasterLease(
  options: { readonly store: Store; readonly world: Pick<World, 'clock' | 'log'>; readonly transport: Transport },
  { address, port }: Advertised,
): Promise<AsyncDisposable> {
  const { store, world, transport } = options;
  const key = `${prefix}${address}`;
  const tell = async (): Promise<void> => {
    const { entries } = await store.list(prefix, { keysOnly: true });
    const addresses = entries.map((entry) => entry.key.slice(prefix.length)).toSorted();
    // Without anybody the Service keeps what it has: whoever is the last to go is the first to come back.
    if (addresses.length > 0) await advertise(transport, { addresses, port });
  };
  const sign = async (): Promise<void> => {
    const lease = await store.grantLease(ttl);
    await store.txn([], [{ type: 'put', key, value: new TextEncoder().encode(JSON.stringify({ address, port })), lease }]);
    await tell();
  };
  let running: Promise<void> = sign();
  await running;
  const timer = world.clock.every(interval, () => {
    running = running
      .then(sign)
      .catch((error: unknown) => world.log.warn('the kubernetes Service may lack this server', { error: messageOf(error) }));
  });
  return {
    async [Symbol.asyncDispose]() {
      timer.cancel();
      await running;
      try {
        await store.txn([], [{ type: 'delete', key }]);
        await tell();
      } catch (error) {
        world.log.warn('the kubernetes Service still shows this server', { error: messageOf(error) });
      }
    },
  };
}
