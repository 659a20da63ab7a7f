// Controllers against the real API server in memory.
import { accessReviewEndpoints } from '#apiserver/authz/endpoints.ts';
import { discoveryPlug } from '#apiserver/discovery/plug.ts';
import type { Component } from '#base/world.ts';
import type { Informers } from '#client/cache.ts';
import { createInformers } from '#client/informer.ts';
import type { ControllerDeps } from '#controllers/wiring.ts';
import { startTestApi, type TestApi } from './api.ts';

export interface ControllerBench extends TestApi {
  readonly informers: Informers;
}

/** Starts an API server and the controllers that `start` makes. */
export async function withControllers(
  start: (deps: ControllerDeps) => readonly Component[],
  options: { readonly freeze?: boolean } = {},
): Promise<ControllerBench> {
  const api = await startTestApi({
    config: { freeze: options.freeze ?? true },
    plugs: [discoveryPlug({ extraGroups: () => [] }), (backend) => ({ resources: accessReviewEndpoints(backend) })],
  });
  const informers = createInformers(api.client, api.world);
  const components = start({ client: api.client, informers, world: api.world });
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
