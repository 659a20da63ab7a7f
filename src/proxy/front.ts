// What the proxy has to make true, before it is written as rules: fronts (addresses that clients use) and backends.
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Service, ServicePort } from '#api/core/v1/service.ts';

export type Family = 'ip' | 'ip6';
export type Protocol = 'tcp' | 'udp' | 'sctp';

export interface Backend {
  readonly address: string;
  readonly port: number;
}

/**
 * One address that clients use. `kind` decides how it is matched and whether the source is masqueraded:
 * `cluster` (ClusterIP), `external` (external and load-balancer addresses), `port` (a port of every node address),
 * `host` (a pod's hostPort on every node address), `hostip` (hostPort bound to one address).
 */
export interface Front {
  readonly kind: 'cluster' | 'external' | 'port' | 'host' | 'hostip';
  readonly family: Family;
  /** Empty for `port` and `host`. */
  readonly address: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly backends: readonly Backend[];
  /** Client-address affinity in seconds; undefined: none. */
  readonly affinity?: number;
  /** Rewrite the source of traffic from outside the pod network, so that answers come back through this node. */
  readonly masquerade: boolean;
  /** Addresses that get new connections because they are ready (a terminating one that is only a last resort is not). */
  readonly ready: ReadonlySet<string>;
}

/** The identity of a front: no two Services may have the same. */
export function frontKey(front: Pick<Front, 'family' | 'address' | 'protocol' | 'port'>): string {
  return `${front.family} ${front.address || '*'} ${front.protocol} ${front.port}`;
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 'ip6' : 'ip';
}

interface Candidate extends Backend {
  readonly local: boolean;
  readonly ready: boolean;
}

/** The addresses behind one Service port, by readiness; fallback to serving-but-terminating ones (KEP-1669). */
function candidates(slices: readonly EndpointSlice[], portName: string, family: Family, nodeName: string): Candidate[] {
  const ready = new Map<string, Candidate>();
  const fallback = new Map<string, Candidate>();
  for (const slice of slices) {
    if (slice.addressType !== (family === 'ip' ? 'IPv4' : 'IPv6')) continue;
    const port = slice.ports?.find((entry) => (entry.name ?? '') === portName)?.port;
    if (port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const address = endpoint.addresses[0];
      if (address === undefined) continue;
      const { ready: isReady, serving, terminating } = endpoint.conditions ?? {};
      const local = endpoint.nodeName === nodeName;
      if (isReady !== false) ready.set(`${address} ${port}`, { address, port, local, ready: true });
      else if (terminating === true && serving === true) fallback.set(`${address} ${port}`, { address, port, local, ready: false });
    }
  }
  return [...(ready.size > 0 ? ready : fallback).values()];
}

function choose(all: readonly Candidate[], policy: string | undefined): readonly Candidate[] {
  return policy === 'Local' ? all.filter((candidate) => candidate.local) : all;
}

/** How many ready endpoints of a Service are on this node; each counts once, however many ports it has. */
export function localEndpoints(slices: readonly EndpointSlice[], nodeName: string): number {
  const local = slices.flatMap((slice) => slice.endpoints ?? []).filter((endpoint) => endpoint.nodeName === nodeName);
  return new Set(local.filter(({ conditions }) => conditions?.ready !== false).map(({ addresses }) => addresses[0])).size;
}

const protocolOf = (port: ServicePort): Protocol => (port.protocol ?? 'TCP').toLowerCase() as Protocol;

/** All fronts of a Service on this node. Pure. */
export function frontsOfService(service: Service, slices: readonly EndpointSlice[], nodeName: string): Front[] {
  const { spec } = service;
  if (spec.type === 'ExternalName') return [];
  const clusterIPs = (spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : [])).filter((ip) => ip !== '' && ip !== 'None');
  const timeout = spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : undefined;
  const families = [...new Set(clusterIPs.map(familyOf))];
  const externals = [
    ...(spec.externalIPs ?? []),
    ...(service.status.loadBalancer?.ingress ?? []).flatMap((entry) => (entry.ip && entry.ipMode !== 'Proxy' ? [entry.ip] : [])),
  ];
  const fronts: Front[] = [];
  for (const port of spec.ports ?? []) {
    for (const family of families) {
      const all = candidates(slices, port.name ?? '', family, nodeName);
      const inside = choose(all, spec.internalTrafficPolicy);
      const outside = choose(all, spec.externalTrafficPolicy);
      const add = (kind: Front['kind'], address: string, number: number, chosen: readonly Candidate[]): void => {
        fronts.push({
          kind,
          family,
          address,
          protocol: protocolOf(port),
          port: number,
          backends: chosen.map((candidate) => ({ address: candidate.address, port: candidate.port })),
          ...(timeout === undefined ? {} : { affinity: timeout }),
          masquerade: kind === 'cluster' || spec.externalTrafficPolicy !== 'Local',
          ready: new Set(chosen.filter((candidate) => candidate.ready).map((candidate) => candidate.address)),
        });
      };
      for (const ip of clusterIPs) if (familyOf(ip) === family) add('cluster', ip, port.port, inside);
      for (const ip of externals) if (familyOf(ip) === family) add('external', ip, port.port, outside);
      if (port.nodePort) add('port', '', port.nodePort, outside);
    }
  }
  return fronts;
}

/** The fronts of a pod's hostPorts, once it has an address. Pods on the host network bind their ports themselves. */
export function frontsOfPod(pod: Pod): Front[] {
  const phase = pod.status.phase;
  if (pod.spec.hostNetwork || phase === 'Succeeded' || phase === 'Failed') return [];
  const addresses = (pod.status.podIPs ?? []).map((entry) => entry.ip);
  const containers = [
    ...pod.spec.containers,
    ...(pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always'),
  ];
  return containers.flatMap((container) =>
    (container.ports ?? []).flatMap((port): Front[] => {
      const hostPort = port.hostPort;
      if (!hostPort) return [];
      const bound = port.hostIP && port.hostIP !== '0.0.0.0' && port.hostIP !== '::' ? port.hostIP : '';
      return addresses
        .filter((address) => bound === '' || familyOf(address) === familyOf(bound))
        .map((address) => ({
          kind: bound === '' ? 'host' : 'hostip',
          family: familyOf(address),
          address: bound,
          protocol: (port.protocol ?? 'TCP').toLowerCase() as Protocol,
          port: hostPort,
          backends: [{ address, port: port.containerPort }],
          masquerade: false,
          // Nobody else has the port: connections go to the pod for as long as there is one.
          ready: new Set(),
        }));
    }),
  );
}
