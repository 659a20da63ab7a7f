// Where a Service answers: an endpoint of our own choosing, so that the server needs no proxy beside it.
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { EndpointSlices, Services } from '#api/refs.ts';
import { notFound, serviceUnavailable } from '#api/status.ts';
import type { Backend } from '../chain.ts';
import { serviceEndpoints } from '../streaming/target.ts';

const serviceLabel = 'kubernetes.io/service-name';

/** What the resolver reads of the server. */
export type ServiceReads = Pick<Backend, 'peek' | 'list' | 'world'>;

export interface Endpoint {
  /** IP address or host name. */
  readonly host: string;
  readonly port: number;
}

/** The slices of a Service. */
export function slicesOf(reads: Pick<Backend, 'list'>, namespace: string, name: string): readonly EndpointSlice[] {
  return reads.list(EndpointSlices, namespace).filter((slice) => slice.metadata.labels?.[serviceLabel] === name);
}

/**
 * A random ready endpoint of a Service's port, from the server's own cache.
 * Throws StatusError 404 for an unknown Service and 503 when nothing answers for it.
 */
export function resolveService(reads: ServiceReads, namespace: string, name: string, port: number): Endpoint {
  const service = reads.peek(Services, name, namespace);
  if (!service) throw notFound({ group: '', resource: 'services' }, name);
  if (service.spec.type === 'ExternalName') return { host: service.spec.externalName ?? '', port };
  const found = (service.spec.ports ?? []).find((candidate) => candidate.port === port);
  if (!found) throw serviceUnavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
  const endpoints = serviceEndpoints(slicesOf(reads, namespace, name), found.name ?? '');
  const chosen = endpoints[Math.floor(reads.world.random.next() * endpoints.length)];
  if (!chosen) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  return { host: chosen.ip, port: chosen.port };
}
