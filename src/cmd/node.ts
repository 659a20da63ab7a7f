// A node with real containers, composed: containerd, pod network, agent, Service proxy, DNS.
import type { Component, World } from '#base/world.ts';
import { type Agent, startAgent } from '#agent/agent.ts';
import { readAllowance } from '#agent/cgroups/allowance.ts';
import { createPodCgroups } from '#agent/cgroups/pods.ts';
import { setUpNetwork, uplinkMtu } from '#agent/cni/network.ts';
import { startRoutes } from '#agent/cni/routes.ts';
import { type ContainerdInstance, startContainerd } from '#agent/containerd/instance.ts';
import { type AgentOptions, agentOptions } from '#agent/options.ts';
import { createStats } from '#agent/stats/stats.ts';
import { createPodVolumes } from '#agent/volumes/volumes.ts';
import { networksOf } from '#api/addresses.ts';
import { Nodes } from '#api/refs.ts';
import type { Informers } from '#client/cache.ts';
import type { Client } from '#client/client.ts';
import { startDns } from '#dns/dns.ts';
import { startAnnouncer } from '#proxy/announce.ts';
import { startAcknowledger } from '#proxy/acknowledge.ts';
import { startDriftWatch } from '#proxy/drift.ts';
import { createHealthPorts } from '#proxy/health.ts';
import { createNft } from '#proxy/nft.ts';
import { serveProxyStatus } from '#proxy/status.ts';
import { startPolicies } from '#proxy/policy/policy.ts';
import { type Proxy, startProxy } from '#proxy/proxy.ts';

export interface NodeOptions {
  readonly world: World;
  readonly nodeName: string;
  /** One of each family; the first is the one that the API server uses. */
  readonly nodeIps: readonly string[];
  readonly dataDir: string;
  /** One network, or one of each family. */
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly clusterDns: string;
  readonly domain: string;
  readonly agentPort: number;
  /** The agent's serving certificate, and the authority of the clients that may call it. */
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string };
  clientFor(name: string): Client;
  readonly informers: Informers;
  readonly version: string;
  /** What the node's own files say. */
  readonly settings: Partial<AgentOptions>;
  /** Hold the stop signal of a pod until all nodes have acknowledged that it is no endpoint any more. */
  readonly acknowledge: boolean;
}

export interface RunningNode extends Component {
  readonly containerd: ContainerdInstance;
  readonly agent: Agent;
  readonly proxy: Proxy;
}

/** The name of the table that holds the Service rules. */
export const serviceTable = 'tutti';
/**
 * Connections that were on their way when the last proxy changed its rules get so long to be accepted, in milliseconds: a
 * server that is told to stop closes its listening socket with what waits there.
 */
const acceptTime = 150;
/** The control group of a node. */
export const nodeCgroup = (nodeName: string): string => `/tutti/${nodeName}`;

/** The networks of a list by the family that nftables calls them. */
function byFamily(cidrs: string): { readonly ip?: string; readonly ip6?: string } {
  return Object.fromEntries(networksOf(cidrs).map((cidr) => [cidr.includes(':') ? 'ip6' : 'ip', cidr]));
}

/** Memory can be protected and throttled on cgroup v2 only. */
function settingsFor({ memoryQos, ...settings }: Partial<AgentOptions>, version: 1 | 2): Partial<AgentOptions> {
  return version === 2 && memoryQos ? { ...settings, memoryQos } : settings;
}

/** Starts a node; resolves when its parts run, `ready` when the node is Ready. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { world, nodeName, informers, nodeIps } = options;
  const [nodeIp = ''] = nodeIps;
  const podRanges = byFamily(options.podCidr);
  const families = (['ip', 'ip6'] as const).filter((family) => podRanges[family] !== undefined);
  const stack = new AsyncDisposableStack();
  try {
    const cgroup = nodeCgroup(nodeName);
    const { runtimeRequestTimeout: requestTimeout } = options.settings;
    const containerd = stack.use(
      await startContainerd(world, { dataDir: options.dataDir, cgroup, ...(requestTimeout ? { requestTimeout } : {}) }),
    );
    const { machine, paths, runtime } = containerd;
    const nft = stack.use(createNft(world));
    const proxy = stack.use(
      startProxy({
        informers,
        world,
        nft,
        nodeName,
        rules: { table: serviceTable, podRanges },
        healthPorts: createHealthPorts(world, nodeIp),
      }),
    );
    const isEligible = (): boolean =>
      !informers
        .of(Nodes)
        .lister.get(nodeName)
        ?.spec.taints?.some(({ key }) => key === 'ToBeDeletedByClusterAutoscaler');
    stack.use(
      serveProxyStatus(world, nodeIp, {
        problem: () => proxy.health(),
        lastSynced: () => proxy.metrics.lastSynced,
        isEligible,
        metrics: () => proxy.metrics.render(),
      }),
    );
    const policies = stack.use(startPolicies({ informers, world, nft, nodeName, table: serviceTable, families }));
    const announcer = stack.use(startAnnouncer({ informers, world, nodeName }));
    const routes = stack.use(startRoutes({ informers, world, nodeName }));
    stack.use(
      startDriftWatch(world, [
        ...families.map((family) => ({ family, table: serviceTable, chain: 'services', repair: () => proxy.repair() })),
        { family: 'inet', table: serviceTable, chain: 'ingress', repair: () => policies.repair() },
        { family: 'inet', table: paths.network, chain: 'leave', repair: () => reconfigure() },
      ]),
    );
    const acknowledger = stack.use(startAcknowledger({ transport: options.clientFor(`system:node:${nodeName}`).transport, proxy, world }));
    /** A pod gets its stop signal when no node sends it new connections, and those under way have been accepted. */
    const beforeStop = async (ip: string, signal: AbortSignal): Promise<void> => {
      const { used, version } = await proxy.drained(ip, signal);
      if (!used) return;
      await acknowledger.everywhere(version, signal);
      await world.clock.sleep(acceptTime, signal);
    };
    const cgroups = createPodCgroups(world, {
      layout: machine.cgroups,
      root: cgroup,
      allowance: await readAllowance(world, options.settings.enforceAllocatable === false ? undefined : options.settings.reserved),
      cpuQuota: options.settings.cpuQuota ?? true,
      memoryQos: options.settings.memoryQos !== undefined,
      ...((options.settings.podPidsLimit ?? 0) > 0 ? { podPids: options.settings.podPidsLimit } : {}),
    });
    const agent = stack.use(
      await startAgent({
        client: options.clientFor(`system:node:${nodeName}`),
        world,
        runtime,
        cgroups,
        volumes: (offer) => createPodVolumes(world, { dataDir: options.dataDir, ...offer }),
        stats: createStats(world, { runtime, layout: machine.cgroups, cgroup, nodeName }),
        problems: () =>
          [proxy.health(), policies.health(), routes.health(), announcer.health(), containerd.health()].filter(
            (problem) => problem !== undefined,
          ),
        beforeStop: options.acknowledge ? beforeStop : () => Promise.resolve(),
        beforeStart: (pod, ips, signal) => policies.protect(pod, ips, signal),
        config: agentOptions({
          nodeName,
          nodeIps,
          dataDir: options.dataDir,
          clusterDns: [options.clusterDns],
          clusterDomain: options.domain,
          version: options.version,
          server: { host: nodeIp, port: options.agentPort, tls: options.tls, allowedUsers: ['kube-apiserver-kubelet-client'] },
          ...settingsFor(options.settings, machine.cgroups.version),
        }),
      }),
    );

    // The pod network is set up when the node knows its range; until then the runtime says that the network is not ready.
    let configured = '';
    const reconfigure = (): void => {
      configured = '';
      tryConfigure();
    };
    const nodes = informers.of(Nodes);
    const configure = async (): Promise<void> => {
      const node = nodes.lister.get(nodeName);
      const podCidrs = node?.spec.podCIDRs ?? (node?.spec.podCIDR ? [node.spec.podCIDR] : []);
      if (podCidrs.length === 0 || podCidrs.join() === configured) return;
      configured = podCidrs.join();
      await setUpNetwork(world, {
        paths,
        machine,
        podCidrs,
        clusterCidrs: [...networksOf(options.podCidr), ...networksOf(options.serviceCidr)],
        mtu: await uplinkMtu(world),
      });
    };
    const networked = Promise.withResolvers<void>();
    networked.promise.catch(() => undefined);
    const tryConfigure = (): void => void configure().then(() => (configured === '' ? undefined : networked.resolve()), networked.reject);
    stack.defer(nodes.onChange({ added: tryConfigure, updated: tryConfigure }));

    const dns = stack.use(
      startDns({
        client: options.clientFor('system:kube-dns'),
        informers,
        world,
        nodeName,
        nodeAddress: nodeIp,
        port: 0,
        clusterIP: options.clusterDns,
        domain: options.domain,
      }),
    );
    const parts: readonly Component[] = [containerd, proxy, policies, routes, agent, dns];
    return {
      containerd,
      agent,
      proxy,
      ready: Promise.all([networked.promise, ...parts.map((part) => part.ready)]).then(() => undefined),
      health: () => parts.map((part) => part.health()).find((problem) => problem !== undefined),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
