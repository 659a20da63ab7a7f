// Tells the API server which version of the endpoints this node's rules stand for, when it is asked to; and asks it to
// wait for those of all other nodes.
import { messageOf } from '#base/errors.ts';
import type { Component, World } from '#base/world.ts';
import type { Transport } from '#client/transport.ts';
import { objectOf } from '#client/body.ts';
import type { Proxy } from './proxy.ts';

export interface Acknowledger extends Component {
  /** Resolves when every live node sends according to this version of the endpoints; rejects when that cannot be known. */
  everywhere(version: bigint, signal: AbortSignal): Promise<void>;
}

export interface AcknowledgeOptions {
  readonly transport: Transport;
  readonly proxy: Pick<Proxy, 'ready' | 'version' | 'applied'>;
  readonly world: Pick<World, 'clock' | 'log'>;
}

const path = '/tutti/endpoints';
const retryDelay = { first: 200, longest: 10_000 };

/** Starts holding a request open at the API server. */
export function startAcknowledger({ transport, proxy, world }: AcknowledgeOptions): Acknowledger {
  const stop = new AbortController();

  async function get<T>(name: string, version: bigint, signal: AbortSignal): Promise<T> {
    const response = await transport.send({ method: 'GET', path: `${path}/${name}`, query: `version=${version}`, headers: {}, signal });
    return (await objectOf(response)) as T;
  }

  async function run(): Promise<void> {
    await proxy.ready;
    let delay = retryDelay.first;
    while (!stop.signal.aborted) {
      try {
        const { wanted } = await get<{ wanted?: string }>('applied', proxy.version(), stop.signal);
        delay = retryDelay.first;
        if (wanted !== undefined) await proxy.applied(BigInt(wanted), stop.signal);
      } catch (error) {
        if (stop.signal.aborted) return;
        world.log.debug('endpoints are not acknowledged', { error: messageOf(error) });
        await world.clock.sleep(delay, stop.signal).catch(() => undefined);
        delay = Math.min(delay * 2, retryDelay.longest);
      }
    }
  }
  const running = run().catch(() => undefined);

  return {
    ready: proxy.ready,
    health: () => undefined,
    async everywhere(version, signal) {
      const { applied } = await get<{ applied: boolean }>('awaited', version, signal);
      if (!applied) throw new Error(`version ${version} of the endpoints is not applied everywhere`);
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('stopping'));
      await running;
    },
  };
}
