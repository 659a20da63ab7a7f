// What the proxy has to make true, before it is written as rules: fronts (addresses that clients use) and backends.
import { outermost } from '#api/addresses.ts';
import type { Endpoint, EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
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
  /** Only for what pods and the node itself send; without it, for everything that no such front is for. */
  readonly fromInside?: boolean;
  /** Client-address affinity in seconds; undefined: none. */
  readonly affinity?: number;
  /** Networks from which alone the front may be used; undefined: from everywhere. */
  readonly sources?: readonly string[];
  /** Rewrite the source of traffic from outside the pod network, so that answers come back through this node. */
  readonly masquerade: boolean;
  /** Addresses that get new connections because they are ready (a terminating one that is only a last resort is not). */
  readonly ready: ReadonlySet<string>;
}

/** The identity of a front: no two Services may have the same. */
export function frontKey(front: Pick<Front, 'family' | 'address' | 'protocol' | 'port' | 'fromInside'>): string {
  return `${front.fromInside ? 'in ' : ''}${front.family} ${front.address || '*'} ${front.protocol} ${front.port}`;
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 'ip6' : 'ip';
}

/** The node for which fronts are made. */
export interface Here {
  readonly nodeName: string;
  /** Its `topology.kubernetes.io/zone`. */
  readonly zone?: string | undefined;
}

interface Candidate extends Backend {
  readonly local: boolean;
  readonly ready: boolean;
  readonly hints: Endpoint['hints'];
}

interface Candidates {
  readonly ready: readonly Candidate[];
  /** Serving though terminating: better than nothing (KEP-1669). */
  readonly fallback: readonly Candidate[];
}

/** The addresses behind one Service port. */
function candidates(slices: readonly EndpointSlice[], portName: string, family: Family, here: Here): Candidates {
  const ready = new Map<string, Candidate>();
  const fallback = new Map<string, Candidate>();
  for (const slice of slices) {
    if (slice.addressType !== (family === 'ip' ? 'IPv4' : 'IPv6')) continue;
    const port = slice.ports?.find((entry) => (entry.name ?? '') === portName)?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions, nodeName, hints } of slice.endpoints ?? []) {
      const address = addresses[0];
      if (address === undefined) continue;
      const { ready: isReady, serving, terminating } = conditions ?? {};
      const one = { address, port, local: nodeName === here.nodeName, hints };
      if (isReady !== false) ready.set(`${address} ${port}`, { ...one, ready: true });
      else if (terminating === true && serving === true) fallback.set(`${address} ${port}`, { ...one, ready: false });
    }
  }
  return { ready: [...ready.values()], fallback: [...fallback.values()] };
}

/** Those that are meant for this node or its zone; all, unless each has a hint and some are meant for here (KEP-2433, KEP-3015). */
function nearest(all: readonly Candidate[], { nodeName, zone }: Here): readonly Candidate[] {
  if (all.every(({ hints }) => (hints?.forNodes?.length ?? 0) > 0)) {
    const mine = all.filter(({ hints }) => hints?.forNodes?.some(({ name }) => name === nodeName));
    if (mine.length > 0) return mine;
  }
  if (zone === undefined || !all.every(({ hints }) => (hints?.forZones?.length ?? 0) > 0)) return all;
  const mine = all.filter(({ hints }) => hints?.forZones?.some(({ name }) => name === zone));
  return mine.length > 0 ? mine : all;
}

function choose({ ready, fallback }: Candidates, policy: string | undefined, here: Here): readonly Candidate[] {
  if (policy !== 'Local') return ready.length > 0 ? nearest(ready, here) : fallback;
  const local = ready.filter((candidate) => candidate.local);
  return local.length > 0 ? local : fallback.filter((candidate) => candidate.local);
}

/** How many ready endpoints of a Service are on this node; each counts once, however many ports it has. */
export function localEndpoints(slices: readonly EndpointSlice[], nodeName: string): number {
  const local = slices.flatMap((slice) => slice.endpoints ?? []).filter((endpoint) => endpoint.nodeName === nodeName);
  return new Set(local.filter(({ conditions }) => conditions?.ready !== false).map(({ addresses }) => addresses[0])).size;
}

const protocolOf = (port: ServicePort): Protocol => (port.protocol ?? 'TCP').toLowerCase() as Protocol;

/** The source ranges of a Service of type LoadBalancer for one family; none for a family means everybody. */
function sourcesOf(spec: Service['spec'], family: Family): readonly string[] | undefined {
  const ranges = outermost(spec.loadBalancerSourceRanges ?? []).filter((range) => familyOf(range) === family);
  return ranges.length === 0 || ranges.some((range) => range.endsWith('/0')) ? undefined : ranges;
}

/** True for what another proxy cares for, by its name, and for what is marked as headless: nobody proxies that. */
const isElsewhere = ({ metadata }: Service | EndpointSlice): boolean =>
  metadata.labels?.['service.kubernetes.io/service-proxy-name'] !== undefined ||
  metadata.labels?.['service.kubernetes.io/headless'] !== undefined;

/** All fronts of a Service on this node. Pure. */
export function frontsOfService(service: Service, slices: readonly EndpointSlice[], here: Here): Front[] {
  const { spec } = service;
  if (spec.type === 'ExternalName' || isElsewhere(service)) return [];
  const own = slices.filter((slice) => !isElsewhere(slice));
  const clusterIPs = (spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : [])).filter((ip) => ip !== '' && ip !== 'None');
  const timeout = spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : undefined;
  const families = [...new Set(clusterIPs.map(familyOf))];
  const balanced = (service.status.loadBalancer?.ingress ?? []).flatMap((entry) =>
    entry.ip && entry.ipMode !== 'Proxy' ? [entry.ip] : [],
  );
  const externals = [...new Set([...(spec.externalIPs ?? []), ...balanced])];
  const fronts: Front[] = [];
  for (const port of spec.ports ?? []) {
    for (const family of families) {
      const all = candidates(own, port.name ?? '', family, here);
      const inside = choose(all, spec.internalTrafficPolicy, here);
      const outside = choose(all, spec.externalTrafficPolicy, here);
      const sources = sourcesOf(spec, family);
      const add = (kind: Front['kind'], address: string, number: number, chosen: readonly Candidate[], fromInside = false): void => {
        fronts.push({
          kind,
          family,
          address,
          protocol: protocolOf(port),
          port: number,
          backends: chosen.map((candidate) => ({ address: candidate.address, port: candidate.port })),
          ...(timeout === undefined ? {} : { affinity: timeout }),
          masquerade: kind === 'cluster' || spec.externalTrafficPolicy !== 'Local',
          ...(fromInside ? { fromInside } : {}),
          ...(sources !== undefined && balanced.includes(address) ? { sources } : {}),
          ready: new Set(chosen.filter((candidate) => candidate.ready).map((candidate) => candidate.address)),
        });
      };
      for (const ip of clusterIPs) if (familyOf(ip) === family) add('cluster', ip, port.port, inside);
      for (const ip of externals) if (familyOf(ip) === family) add('external', ip, port.port, outside);
      if (port.nodePort) add('port', '', port.nodePort, outside);
      if (spec.externalTrafficPolicy !== 'Local') continue;
      // The policy is about traffic from outside: pods and the node itself reach all endpoints by the same addresses.
      const everywhere = choose(all, 'Cluster', here);
      for (const ip of externals) if (familyOf(ip) === family) add('external', ip, port.port, everywhere, true);
      if (port.nodePort) add('port', '', port.nodePort, everywhere, true);
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
