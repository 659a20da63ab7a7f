// The proxy's own HTTP endpoints, where kube-proxy has them: health for balancers outside on every address of the node,
// metrics for the node alone.
import { messageOf } from '#base/errors.ts';
import type { HttpServer } from '#base/net.ts';
import type { World } from '#base/world.ts';
import { metricsContentType } from '#format/prometheus.ts';

export const metricsPort = 10_249;
export const healthPort = 10_256;

export interface ProxyStatus {
  /** Undefined when all is well. */
  problem(): string | undefined;
  /** Milliseconds since the epoch. */
  lastSynced(): number;
  /** False when the node is about to be taken away: balancers should not send there any more. */
  isEligible(): boolean;
  metrics(): string;
}

export interface StatusAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What is answered at a path of the metrics server, or of the health server. Pure. */
export function statusAnswer(path: string, of: ProxyStatus, now: number): StatusAnswer {
  const plain = (body: string): StatusAnswer => ({ status: 200, type: 'text/plain; charset=utf-8', body });
  switch (path) {
    case '/metrics':
      return { status: 200, type: metricsContentType, body: of.metrics() };
    case '/proxyMode':
      return plain('nftables');
    case '/healthz':
    case '/livez': {
      const well = of.problem() === undefined && (path === '/livez' || of.isEligible());
      const time = (ms: number): string => new Date(ms).toISOString();
      const body = { lastUpdated: time(of.lastSynced()), currentTime: time(now), nodeEligible: of.isEligible() };
      return { status: well ? 200 : 503, type: 'application/json', body: JSON.stringify(body) };
    }
    default:
      return { status: 404, type: 'text/plain; charset=utf-8', body: '404 page not found\n' };
  }
}

/** Serves until disposed of. A port that somebody else has is said in the log and left. */
export function serveProxyStatus(world: Pick<World, 'net' | 'log' | 'clock'>, nodeIp: string, of: ProxyStatus): AsyncDisposable {
  const paths = [
    { host: '127.0.0.1', port: metricsPort, only: ['/metrics', '/proxyMode', '/healthz'] },
    ...[...new Set([nodeIp, '127.0.0.1'])].map((host) => ({ host, port: healthPort, only: ['/healthz', '/livez'] })),
  ];
  const servers = paths.map(
    ({ host, port, only }): Promise<HttpServer | undefined> =>
      world.net
        .serveHttp(
          { host, port },
          {
            request: ({ url }, reply) => {
              const path = url.split('?')[0] ?? '';
              const { status, type, body } = statusAnswer(only.includes(path) ? path : '', of, world.clock.now());
              reply.send(status, { 'content-type': type, 'x-content-type-options': 'nosniff' }, body);
            },
          },
        )
        .catch((error: unknown) => {
          world.log.warn('the proxy is not to be asked about itself', { port, error: messageOf(error) });
          return undefined;
        }),
  );
  return {
    async [Symbol.asyncDispose]() {
      for (const server of servers) await (await server)?.close(0);
    },
  };
}
