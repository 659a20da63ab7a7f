// The API server with its store in one process: killed together, started again over what is on the disk.
import { accessReviewEndpoints } from '#apiserver/authz/endpoints.ts';
import { discoveryPlug } from '#apiserver/discovery/plug.ts';
import { type ApiServer, apiserverUser, createApiServer } from '#apiserver/server.ts';
import { streamingPlug } from '#apiserver/streaming/plug.ts';
import { createClient } from '#client/create.ts';
import type { Client } from '#client/client.ts';
import type { Transport, UserInfo } from '#client/transport.ts';
import type { Store } from '#store/kv.ts';
import { startLmdbStore } from '#store/lmdb.ts';
import { isVolatile } from '#cmd/storage.ts';
import { metricsGroups, metricsPlug } from '#cmd/metricsplug.ts';
import type { MetricsCollector } from '#metrics/collector.ts';
import type { SimDisk } from './disk.ts';
import type { Process } from './process.ts';

export class Server {
  readonly #disk: SimDisk;
  readonly #usage: MetricsCollector;
  #process: Process | undefined;
  #api: ApiServer | undefined;
  #store: Store | undefined;

  constructor(disk: SimDisk, usage: MetricsCollector) {
    this.#disk = disk;
    this.#usage = usage;
  }

  get up(): boolean {
    return this.#api !== undefined;
  }

  get process(): Process | undefined {
    return this.#process;
  }

  get revision(): number {
    return this.#store?.revision() ?? 0;
  }

  /** Undefined while it is down. */
  transport(user: UserInfo): Transport | undefined {
    return this.#api?.transport(user);
  }

  /** Acts as the server itself, without a network. Throws while it is down. */
  client(): Client {
    if (this.#api === undefined) throw new Error('the API server is down');
    return createClient(this.#api.transport(apiserverUser));
  }

  /** Starts it over what is on the disk. Never resolves when the process is killed before it serves. */
  async start(process: Process): Promise<void> {
    const { world } = process;
    this.#process = process;
    const root = this.#disk.open(process.clock, process.random);
    const opened = { path: '/state', root, unlock: () => Promise.resolve() };
    const store = await startLmdbStore(opened, world, { volatile: isVolatile });
    const api = await createApiServer({
      world,
      store,
      config: { freeze: true },
      plugs: [
        discoveryPlug({ extraGroups: () => metricsGroups }),
        metricsPlug(() => this.#usage),
        streamingPlug({ client: { cert: '', key: '' }, ca: '' }),
        (backend) => ({ resources: accessReviewEndpoints(backend) }),
      ],
    });
    if (!process.alive || this.#process !== process) return;
    this.#store = store;
    this.#api = api;
  }

  /** Kills it; what was not synced may be lost. Returns how many batches of writes were. */
  kill(): number {
    const process = this.#process;
    if (process === undefined) return 0;
    process.kill();
    this.#process = undefined;
    this.#api = undefined;
    this.#store = undefined;
    return this.#disk.crash(process.random);
  }
}
