// Controllers against the real API server in memory.
import { accessReviewEndpoints } from '#apiserver/authz/endpoints.ts';
import { discoveryPlug } from '#apiserver/discovery/plug.ts';
import type { PlugFactory } from '#apiserver/endpoint.ts';
import type { Component, World } from '#base/world.ts';
import type { Informers } from '#client/cache.ts';
import { createClient } from '#client/create.ts';
import { createInformers } from '#client/informer.ts';
import type { Transport } from '#client/transport.ts';
import type { ControllerDeps } from '#controllers/wiring.ts';
import { startTestApi, type TestApi } from './api.ts';

export interface ControllerBench extends TestApi {
  readonly informers: Informers;
}

export interface BenchOptions {
  readonly freeze?: boolean;
  /** Another one than this machine's. */
  readonly world?: World;
  /** More endpoints of the API server. */
  readonly plugs?: readonly PlugFactory[];
  /** What stands between the controllers and the API server. */
  readonly line?: (transport: Transport) => Transport;
}

/** Starts an API server and the controllers that `start` makes. */
export async function withControllers(
  start: (deps: ControllerDeps) => readonly Component[],
  options: BenchOptions = {},
): Promise<ControllerBench> {
  const { line = (transport) => transport } = options;
  const api = await startTestApi({
    ...(options.world ? { world: options.world } : {}),
    config: { freeze: options.freeze ?? true },
    plugs: [
      discoveryPlug({ extraGroups: () => [] }),
      (backend) => ({ resources: accessReviewEndpoints(backend) }),
      ...(options.plugs ?? []),
    ],
  });
  const client = createClient(line(api.client.transport));
  const informers = createInformers(client, api.world);
  const components = start({ client, informers, world: api.world });
  informers.start();
  await Promise.all(components.map((component) => component.ready));
  return {
    ...api,
    informers,
    async [Symbol.asyncDispose]() {
      await Promise.all(components.map((component) => component[Symbol.asyncDispose]()));
      await informers[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}
