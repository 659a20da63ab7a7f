// Compaction of an etcd that several servers use, as kube-apiserver does it, and together with such: the version of one key is
// a clock that all move. Whoever moves it compacts what was the newest revision when the clock had been moved before.
import { messageOf } from '#base/errors.ts';
import type { Timer } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { Store } from '../kv.ts';
import type { EtcdClient } from './client.ts';
import { methods } from './messages.ts';

/** Without a prefix, as kube-apiserver has it. */
export const compactionKey = 'compact_rev_key';

export class Compaction {
  readonly #world: Pick<World, 'clock' | 'log'>;
  readonly #client: EtcdClient;
  readonly #store: Pick<Store, 'compact'>;
  /** The clock's time and the newest revision, as they were seen the last time. */
  #time = 0;
  #revision = 0;

  constructor(world: Pick<World, 'clock' | 'log'>, client: EtcdClient, store: Pick<Store, 'compact'>) {
    this.#world = world;
    this.#client = client;
    this.#store = store;
  }

  /** Takes its turn every `interval` milliseconds until the client is closed. */
  start(interval: number): void {
    const timer: Timer = this.#world.clock.every(interval, () => {
      this.turn().catch((error: unknown) => {
        if (!this.#client.closing.aborted) this.#world.log.warn('compaction failed', { error: messageOf(error) });
      });
    });
    this.#client.closing.addEventListener('abort', () => timer.cancel(), { once: true });
  }

  /** One turn: moves the clock and compacts, or learns that another server has moved it. */
  async turn(): Promise<void> {
    const key = Buffer.from(compactionKey);
    const target = this.#revision;
    const answer = await this.#client.write(methods.txn, {
      compare: [{ result: 'EQUAL', target: 'VERSION', key, version: this.#time }],
      success: [{ put: { key, value: Buffer.from(String(target)) } }],
      failure: [{ range: { key } }],
    });
    this.#revision = answer.header?.revision ?? 0;
    if (!answer.succeeded) {
      this.#time = answer.responses[0]?.range?.kvs[0]?.version ?? 0;
      return;
    }
    this.#time++;
    if (target > 0) await this.#store.compact(target);
  }
}
