// What the name server counts, where CoreDNS tells it: GET /metrics on port 9153.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { metricsContentType } from '#format/prometheus.ts';

export const metricsPort = 9153;

/** Serves until disposed of. A port that somebody else has is said in the log and left. */
export function exposeMetrics(world: Pick<World, 'net' | 'log'>, host: string, render: () => string): AsyncDisposable {
  const server = world.net
    .serveHttp(
      { host, port: metricsPort },
      {
        request: ({ url }, reply) =>
          url.split('?')[0] === '/metrics'
            ? reply.send(200, { 'content-type': metricsContentType }, render())
            : reply.send(404, { 'content-type': 'text/plain; charset=utf-8' }, '404 page not found\n'),
      },
    )
    .catch((error: unknown) => {
      world.log.warn('metrics of names are not served', { port: metricsPort, error: messageOf(error) });
      return undefined;
    });
  return {
    async [Symbol.asyncDispose]() {
      await (await server)?.close(0);
    },
  };
}
