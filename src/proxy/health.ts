// Health-check node ports: a balancer outside asks a node whether it has endpoints of a Service with the external traffic
// policy `Local`, and sends nothing to those that have not.
import { messageOf } from '#base/errors.ts';
import type { HttpServer } from '#base/net.ts';
import type { World } from '#base/world.ts';

export interface HealthCheck {
  /** `namespace/name`. */
  readonly service: string;
  readonly localEndpoints: number;
}

export interface HealthPorts extends AsyncDisposable {
  /** Makes the answers be those of `wanted`, by port: servers start and stop accordingly. */
  set(wanted: ReadonlyMap<number, HealthCheck>): void;
}

/** What a balancer is told. */
export function healthAnswer(check: HealthCheck): { readonly status: number; readonly body: string } {
  const [namespace, name] = check.service.split('/');
  const body = { service: { namespace, name }, localEndpoints: check.localEndpoints, serviceProxyHealthy: true };
  return { status: check.localEndpoints > 0 ? 200 : 503, body: `${JSON.stringify(body)}\n` };
}

/** Starts with no ports. A port that is taken by somebody else is said in the log and left. */
export function createHealthPorts(world: Pick<World, 'net' | 'log'>, host: string): HealthPorts {
  const checks = new Map<number, HealthCheck>();
  const servers = new Map<number, Promise<HttpServer | undefined>>();

  const serve = (port: number): Promise<HttpServer | undefined> =>
    world.net
      .serveHttp(
        { host, port },
        {
          request: (_, reply) => {
            const check = checks.get(port);
            const { status, body } = check ? healthAnswer(check) : { status: 404, body: '' };
            const headers = { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' };
            reply.send(status, { ...headers, 'x-load-balancing-endpoint-weight': String(check?.localEndpoints ?? 0) }, body);
          },
        },
      )
      .catch((error: unknown) => {
        world.log.warn('health-check node port not served', { port, error: messageOf(error) });
        return undefined;
      });

  return {
    set(wanted) {
      checks.clear();
      for (const [port, check] of wanted) {
        checks.set(port, check);
        if (!servers.has(port)) servers.set(port, serve(port));
      }
      for (const [port, server] of servers) {
        if (wanted.has(port)) continue;
        servers.delete(port);
        void server.then((running) => running?.close(0));
      }
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers.values()) await (await server)?.close(0);
      servers.clear();
    },
  };
}
