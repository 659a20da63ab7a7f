// Where a probe or hook goes: pure.
import type { Container } from '#api/core/v1/container.ts';
import type { HTTPGetAction } from '#api/core/v1/probe.ts';

/** The port that a number or name means; rejects a name that the container does not have. */
export function portNumber(port: number | string, container: Container): number {
  let found = typeof port === 'number' ? port : Number.NaN;
  if (typeof port === 'string') {
    const named = (container.ports ?? []).find((candidate) => candidate.name === port);
    found = named ? named.containerPort : /^\d+$/.test(port) ? Number(port) : Number.NaN;
    if (Number.isNaN(found)) throw new Error(`couldn't find port: ${port} in container: ${container.name}`);
  }
  if (found < 1 || found > 65_535) throw new Error(`invalid port number: ${found}`);
  return found;
}

/** The address with its port as URLs write it. */
export const hostPort = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

/** URL and headers of an httpGet action. */
export function httpTarget(action: HTTPGetAction, at: { ip: string; port: number }): { url: string; headers: Record<string, string> } {
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const path = action.path ?? '/';
  const headers: Record<string, string> = {};
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  return { url: `${scheme}://${hostPort(action.host || at.ip, at.port)}${path.startsWith('/') ? path : `/${path}`}`, headers };
}
