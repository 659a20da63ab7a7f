// A whole API server in memory, for tests: the real chain and registry over the memory store, through the loopback.
import { type ApiServer, type ApiServerOptions, createApiServer } from '#apiserver/server.ts';
import { ServiceAccounts } from '#api/refs.ts';
import { isAlreadyExists } from '#api/status.ts';
import type { World } from '#base/world.ts';
import { createClient } from '#client/create.ts';
import type { Client } from '#client/client.ts';
import type { UserInfo } from '#client/transport.ts';
import { createWorld } from '#host/world.ts';
import type { Store } from '#store/kv.ts';
import { createMemoryStore } from '#store/memory.ts';

export interface TestApi extends AsyncDisposable {
  /** Acts as an administrator. */
  readonly client: Client;
  readonly api: ApiServer;
  readonly store: Store;
  readonly world: World;
  clientFor(user: UserInfo): Client;
}

export const admin: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };

/** Starts an API server on a fresh memory store; objects that it hands out are frozen. */
export async function startTestApi(options: Partial<ApiServerOptions> = {}): Promise<TestApi> {
  const world = options.world ?? createWorld({ logLevel: 'warn' });
  const store = options.store ?? createMemoryStore({ clock: world.clock });
  const api = await createApiServer({ ...options, world, store, config: { freeze: true, ...options.config } });
  // Pods need their namespace's account, which a controller makes in a whole cluster.
  const accounts = createClient(api.transport(admin)).resource(ServiceAccounts);
  for (const namespace of ['default', 'kube-system', 'kube-public']) {
    await accounts.create({ metadata: { name: 'default', namespace } }).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  }
  const clientFor = (user: UserInfo): Client => createClient(api.transport(user));
  return {
    client: clientFor(admin),
    api,
    store,
    world,
    clientFor,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      if (!options.store) await store[Symbol.asyncDispose]();
    },
  };
}
