// Pure: whether the server behind an APIService can be used, and why not.
import type { APIService, APIServiceCondition } from '#api/apiregistration/v1/apiservice.ts';
import type { Service } from '#api/core/v1/service.ts';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { serviceEndpoints } from '../streaming/target.ts';

export interface Observed {
  readonly service: Service | undefined;
  readonly slices: readonly EndpointSlice[];
}

type Condition = Pick<APIServiceCondition, 'status' | 'reason' | 'message'>;

const no = (reason: string, message: string): Condition => ({ status: 'False', reason, message });

export const local: Condition = { status: 'True', reason: 'Local', message: 'Local APIServices are always available' };
export const passed: Condition = { status: 'True', reason: 'Passed', message: 'all checks passed' };

/** A server that does not answer discovery cannot be used. */
export function failedDiscovery(url: string, why: string): Condition {
  return no('FailedDiscoveryCheck', `failing or missing response from ${url}: ${why}`);
}

/** What stands in the way before anybody is asked; undefined: nothing. */
export function obstacle({ spec }: APIService, { service, slices }: Observed): Condition | undefined {
  const { name = '', namespace = '', port = 443 } = spec.service ?? {};
  const what = `service/${name} in ${JSON.stringify(namespace)}`;
  if (!service) return no('ServiceNotFound', `${what} is not present`);
  if (service.spec.type === 'ExternalName') return undefined;
  const found = (service.spec.ports ?? []).find((candidate) => candidate.port === port);
  if (!found) return no('ServicePortError', `${what} is not listening on port ${port}`);
  if (slices.length === 0) return no('EndpointsNotFound', `cannot find endpointslices for ${what}`);
  if (serviceEndpoints(slices, found.name ?? '').length > 0) return undefined;
  return no('MissingEndpoints', `endpoints for ${what} have no addresses with port name ${JSON.stringify(found.name ?? '')}`);
}

/** The conditions with this one; the same list when nothing changes. Others' conditions stay. */
export function withAvailable(
  conditions: readonly APIServiceCondition[] | undefined,
  next: Condition,
  now: string,
): readonly APIServiceCondition[] {
  const before = conditions?.find(({ type }) => type === 'Available');
  if (before && before.status === next.status && before.reason === next.reason && before.message === next.message) return conditions ?? [];
  const since = before?.status === next.status ? (before.lastTransitionTime ?? now) : now;
  const condition: APIServiceCondition = { type: 'Available', lastTransitionTime: since, ...next };
  return [...(conditions ?? []).filter(({ type }) => type !== 'Available'), condition];
}
