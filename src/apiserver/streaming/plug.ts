// The streaming subresources of pods, services and nodes as endpoints.
import { badRequest } from '#api/status.ts';
import type { TlsClientOptions } from '#base/net.ts';
import type { KeyPair } from '#base/pki.ts';
import type { PlugFactory, ResourceEndpoint } from '../endpoint.ts';
import { type StreamVerb, upgradePod } from './exec.ts';
import { serveLog, upgradeLog } from './log.ts';
import { type Locate, serveProxy, upgradeProxy } from './proxy.ts';
import { nodeTarget, podTarget, serviceTarget } from './target.ts';

/** How we show ourselves to node agents, and whom we believe. */
export interface AgentAccess {
  readonly client: KeyPair;
  /** PEM of the authority that signs the agents' serving certificates. */
  readonly ca: string;
}

/** Makes the endpoints. */
export function streamingPlug({ client, ca }: AgentAccess): PlugFactory {
  const agentTls: TlsClientOptions = { ca, cert: client.cert, key: client.key };
  return (backend) => {
    const at = (
      resource: string,
      subresource: string,
      rest: Pick<ResourceEndpoint, 'handle' | 'upgrade' | 'connects'>,
    ): ResourceEndpoint => {
      return { group: '', version: 'v1', resource, subresource, longRunning: true, ...rest };
    };
    const stream = (verb: StreamVerb): ResourceEndpoint =>
      at('pods', verb, {
        connects: true,
        handle() {
          throw badRequest('Upgrade request required');
        },
        upgrade: (ctx, socket) => upgradePod(ctx, socket, verb, agentTls),
      });
    const proxy = (resource: string, locate: Locate): ResourceEndpoint =>
      at(resource, 'proxy', {
        connects: true,
        handle: (ctx) => serveProxy(ctx, locate),
        upgrade: (ctx, socket) => upgradeProxy(ctx, socket, locate),
      });
    return {
      resources: [
        at('pods', 'log', {
          handle: (ctx) => serveLog(ctx, agentTls),
          upgrade: (ctx, socket) => upgradeLog(ctx, socket, agentTls),
        }),
        stream('exec'),
        stream('attach'),
        stream('portforward'),
        proxy('pods', ({ info }) => podTarget(backend, info.name, info.namespace)),
        proxy('services', ({ info }) => serviceTarget(backend, backend.world.random, info.name, info.namespace)),
        proxy('nodes', ({ info }) => nodeTarget(backend, info.name, agentTls)),
      ],
    };
  };
}
