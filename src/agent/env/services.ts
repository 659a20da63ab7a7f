// The environment variables that tell a container where services are: pure.
import type { Service } from '#api/core/v1/service.ts';

const upper = (name: string): string => name.toUpperCase().replaceAll('-', '_');
const hostPort = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

/** Variables of one service, Docker links included. */
function serviceVariables(service: Service): [string, string][] {
  const ip = service.spec.clusterIP ?? '';
  const ports = service.spec.ports ?? [];
  const [first] = ports;
  if (!first) return [];
  const prefix = upper(service.metadata.name);
  const url = (protocol: string, port: number): string => `${protocol.toLowerCase()}://${hostPort(ip, port)}`;
  const variables: [string, string][] = [
    [`${prefix}_SERVICE_HOST`, ip],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
    ...ports
      .filter((port) => port.name)
      .map((port): [string, string] => [`${prefix}_SERVICE_PORT_${upper(port.name ?? '')}`, String(port.port)]),
    [`${prefix}_PORT`, url(first.protocol ?? 'TCP', first.port)],
  ];
  for (const port of ports) {
    const protocol = port.protocol ?? 'TCP';
    const base = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
    variables.push(
      [base, url(protocol, port.port)],
      [`${base}_PROTO`, protocol.toLowerCase()],
      [`${base}_PORT`, String(port.port)],
      [`${base}_ADDR`, ip],
    );
  }
  return variables;
}

/** Variables of the services that a pod of `namespace` sees: its own namespace's, and always `kubernetes` of `default`. */
export function servicesEnv(services: readonly Service[], namespace: string, links: boolean): Map<string, string> {
  const variables = new Map<string, string>();
  const hasIp = (service: Service): boolean => Boolean(service.spec.clusterIP) && service.spec.clusterIP !== 'None';
  const master = services.filter((service) => service.metadata.namespace === 'default' && service.metadata.name === 'kubernetes');
  const own = links ? services.filter((service) => service.metadata.namespace === namespace && !master.includes(service)) : [];
  for (const service of [...master, ...own]) {
    if (!hasIp(service)) continue;
    for (const [name, value] of serviceVariables(service)) variables.set(name, value);
  }
  return variables;
}
