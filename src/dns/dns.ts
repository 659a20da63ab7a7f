// The cluster DNS of one node: the zone from informers, the server, and its place behind the `kube-dns` Service.
import { isAlreadyExists, isNotFound } from '#api/status.ts';
import type { Component, World } from '#base/world.ts';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { ConfigMaps, EndpointSlices, Namespaces, Pods, Services } from '#api/refs.ts';
import type { Informers } from '#client/cache.ts';
import type { Client } from '#client/client.ts';
import { messageOf } from '#base/errors.ts';
import type { ConfigMap } from '#api/core/v1/configmap.ts';
import { type CustomNames, noCustomNames, parseCustomNames } from './custom.ts';
import { exposeMetrics, metricsPort } from './expose.ts';
import { hasUsualPath, searchDomains, walkOf } from './searchpath.ts';
import { startDnsServer } from './server.ts';
import { nameServers } from './upstream.ts';
import { createZone, type ZoneView } from './zone.ts';

export interface DnsOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly world: World;
  readonly nodeName: string;
  /** The node's address, where the server listens; pods reach it through the Service. */
  readonly nodeAddress: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** The Service's address, e.g. 10.96.0.10. */
  readonly clusterIP: string;
  readonly domain: string;
  readonly upstreams?: readonly string[];
}

const namespace = 'kube-system';
const serviceName = 'kube-dns';
const byAddress = 'pod-address';
/** ConfigMap of stub domains, upstream servers and rewrites. */
const customName = 'kube-dns';

function viewOf(informers: Informers): ZoneView {
  const services = informers.of(Services);
  const slices = informers.of(EndpointSlices);
  const namespaces = informers.of(Namespaces);
  services.addIndex('clusterIP', (service) => service.spec.clusterIPs ?? []);
  slices.addIndex('dnsService', (slice) => [`${slice.metadata.namespace}/${slice.metadata.labels?.['kubernetes.io/service-name'] ?? ''}`]);
  slices.addIndex('address', (slice) => (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses));
  return {
    service: (ns, name) => services.lister.get(name, ns),
    slices: (ns, name) => slices.lister.byIndex('dnsService', `${ns}/${name}`),
    hasNamespace: (name) => namespaces.lister.get(name) !== undefined,
    servicesAt: (address) => services.lister.byIndex('clusterIP', address),
    slicesAt: (address) => slices.lister.byIndex('address', address),
  };
}

/** Creates the Service that pods know, and this node's endpoint behind it. Each node answers its own pods. */
async function register(options: DnsOptions, port: number): Promise<void> {
  const services = options.client.resource(Services);
  const ports = (['UDP', 'TCP'] as const).map((protocol) => ({
    name: protocol === 'UDP' ? 'dns' : 'dns-tcp',
    port: 53,
    protocol,
    targetPort: 53,
  }));
  const metrics = { name: 'metrics', port: metricsPort, protocol: 'TCP' as const, targetPort: metricsPort };
  const present = await services.get(serviceName, { namespace }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (present === undefined) {
    await services.create({
      metadata: {
        name: serviceName,
        namespace,
        labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
      },
      spec: { clusterIP: options.clusterIP, ports: [...ports, metrics], internalTrafficPolicy: 'Local' },
    });
  }
  const slice = {
    metadata: {
      name: `${serviceName}-${options.nodeName}`,
      namespace,
      labels: { 'kubernetes.io/service-name': serviceName, 'endpointslice.kubernetes.io/managed-by': 'dns.tutti.dev' },
    },
    addressType: options.nodeAddress.includes(':') ? ('IPv6' as const) : ('IPv4' as const),
    endpoints: [
      { addresses: [options.nodeAddress], nodeName: options.nodeName, conditions: { ready: true, serving: true, terminating: false } },
    ],
    ports: [
      ...ports.map((entry) => ({ name: entry.name, protocol: entry.protocol, port })),
      { name: metrics.name, protocol: metrics.protocol, port: metricsPort },
    ],
  };
  const slices = options.client.resource(EndpointSlices);
  await slices.create(slice).catch(async (error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
    const { addressType, ...patch } = slice;
    const current: EndpointSlice = await slices.get(slice.metadata.name, { namespace });
    if (current.addressType === addressType) await slices.patch(slice.metadata.name, patch, { namespace, type: 'merge' });
    else {
      await slices.delete(slice.metadata.name, { namespace });
      await slices.create(slice);
    }
  });
}

/** Starts the name server of a node and registers it behind the `kube-dns` Service. */
export function startDns(options: DnsOptions): Component {
  const { world, informers } = options;
  // Whatever changes may change an answer: the version says that answers are to be made anew.
  let version = 0;
  const changed = (): void => void version++;
  const always = { added: changed, updated: changed, deleted: changed };
  const removers = [
    informers.of(Services).onChange(always),
    informers.of(EndpointSlices).onChange(always),
    informers.of(Namespaces).onChange({ added: changed, deleted: changed }),
  ];
  let custom: CustomNames = noCustomNames;
  const learn = (map: ConfigMap | undefined): void => {
    try {
      custom = parseCustomNames(map?.data);
      changed();
    } catch (error) {
      world.log.warn(`the ConfigMap ${namespace}/${customName} is not followed`, { error: messageOf(error) });
    }
  };
  const maps = informers.of(ConfigMaps, { namespace, fieldSelector: `metadata.name=${customName}` });
  removers.push(maps.onChange({ added: learn, updated: learn, deleted: () => learn(undefined) }));
  const pods = informers.of(Pods, { fieldSelector: `spec.nodeName=${options.nodeName}` });
  pods.addIndex(byAddress, ({ status }) => (status.podIPs ?? []).map(({ ip }) => ip));
  const walks = (client: string, space: string): boolean =>
    pods.lister.byIndex(byAddress, client).some((pod) => pod.metadata.namespace === space && hasUsualPath(pod));
  const zone = createZone({ domain: options.domain, ttl: 30 }, viewOf(informers));
  let server: ReturnType<typeof startDnsServer> | undefined;
  let exposed: AsyncDisposable | undefined;
  const ready = (async () => {
    const own = await world.fs.readText('/etc/resolv.conf').catch(() => '');
    const upstreams = (options.upstreams ?? nameServers(own)).filter(
      (address) => address !== options.clusterIP && address !== options.nodeAddress,
    );
    const hostSearch = searchDomains(own);
    await informers.synced();
    server = startDnsServer({
      world,
      address: options.nodeAddress,
      port: options.port,
      zone,
      zoneVersion: () => version,
      upstreams,
      custom: () => custom,
      walk: (name) => (custom.walk ? walkOf(name, options.domain, hostSearch) : undefined),
      walks,
    });
    const { metrics } = server;
    exposed = exposeMetrics(world, options.nodeAddress, metrics);
    await register(options, await server.port);
  })();
  ready.catch(() => undefined);
  return {
    ready,
    health: () => server?.health(),
    async [Symbol.asyncDispose]() {
      await ready.catch(() => undefined);
      for (const remove of removers) remove();
      await exposed?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    },
  };
}
