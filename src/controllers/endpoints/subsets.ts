// Pure: packs addresses and ports into the subsets of an Endpoints object, in the canonical form.
import type { EndpointAddress, EndpointPort, EndpointSubset } from '#api/core/v1/endpoints.ts';

/** One address with one port that it serves; no port for a headless Service without ports. */
export interface Served {
  readonly address: EndpointAddress;
  readonly ready: boolean;
  readonly port: EndpointPort | undefined;
}

interface Host {
  readonly address: EndpointAddress;
  readonly ready: boolean;
  readonly ports: Map<string, EndpointPort>;
}

const addressKey = (address: EndpointAddress): string =>
  [address.ip, address.targetRef?.uid, address.hostname, address.nodeName].join('\0');
const portKey = (port: EndpointPort): string => [port.name, port.protocol, port.port, port.appProtocol].join('\0');

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const sortAddresses = (addresses: readonly EndpointAddress[]): readonly EndpointAddress[] =>
  addresses.toSorted((a, b) => compare(a.ip, b.ip) || compare(a.targetRef?.uid ?? '', b.targetRef?.uid ?? ''));

/** Addresses with the same set of ports share a subset; everything is sorted, so that equal content is equal text. */
export function packSubsets(served: readonly Served[]): readonly EndpointSubset[] {
  const hosts = new Map<string, Host>();
  for (const { address, ready, port } of served) {
    const key = addressKey(address);
    let host = hosts.get(key);
    if (host === undefined) {
      host = { address, ready, ports: new Map() };
      hosts.set(key, host);
    }
    if (port !== undefined) host.ports.set(portKey(port), port);
  }
  const groups = new Map<string, Host[]>();
  for (const host of hosts.values()) {
    const key = [...host.ports.keys()].toSorted().join('\n');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [host]);
    else group.push(host);
  }
  return [...groups]
    .toSorted(([a], [b]) => compare(a, b))
    .map(([, group]) => {
      const addresses = sortAddresses(group.filter((host) => host.ready).map((host) => host.address));
      const notReadyAddresses = sortAddresses(group.filter((host) => !host.ready).map((host) => host.address));
      const ports = [...(group[0]?.ports ?? [])].toSorted(([a], [b]) => compare(a, b)).map(([, port]) => port);
      return {
        ...(addresses.length ? { addresses } : {}),
        ...(notReadyAddresses.length ? { notReadyAddresses } : {}),
        ...(ports.length ? { ports } : {}),
      };
    });
}

/** At most `max` addresses in all, ready ones first, shared out over the subsets by their size. */
export function truncateSubsets(
  subsets: readonly EndpointSubset[],
  max: number,
): { subsets: readonly EndpointSubset[]; truncated: boolean } {
  const total = subsets.reduce((sum, subset) => sum + (subset.addresses?.length ?? 0) + (subset.notReadyAddresses?.length ?? 0), 0);
  if (total <= max) return { subsets, truncated: false };
  const ready = subsets.reduce((sum, subset) => sum + (subset.addresses?.length ?? 0), 0);
  const readyShare = Math.min(1, max / Math.max(1, ready));
  const restShare = ready >= max ? 0 : (max - ready) / Math.max(1, total - ready);
  let left = max;
  const cut = (addresses: readonly EndpointAddress[] | undefined, share: number): readonly EndpointAddress[] | undefined => {
    const kept = (addresses ?? []).slice(0, Math.min(left, Math.ceil((addresses?.length ?? 0) * share)));
    left -= kept.length;
    return kept.length ? kept : undefined;
  };
  const kept = subsets.map((subset) => ({ subset, addresses: cut(subset.addresses, readyShare) }));
  const result = kept
    .map(({ subset, addresses }) => ({ ports: subset.ports, addresses, notReadyAddresses: cut(subset.notReadyAddresses, restShare) }))
    .filter((subset) => subset.addresses !== undefined || subset.notReadyAddresses !== undefined)
    .map(({ ports, addresses, notReadyAddresses }) => ({
      ...(addresses ? { addresses } : {}),
      ...(notReadyAddresses ? { notReadyAddresses } : {}),
      ...(ports ? { ports } : {}),
    }));
  return { subsets: result, truncated: true };
}
