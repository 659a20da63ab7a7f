// Simulated nodes: real agents on a runtime without containers. kubectl sees them run pods.
import type { Component, World } from '#base/world.ts';
import { type Agent, startAgent } from '#agent/agent.ts';
import { agentOptions } from '#agent/options.ts';
import type { PodCgroups, PodVolumes } from '#agent/parts.ts';
import { createAddresses } from '#agent/sim/addresses.ts';
import { defaultMachine, type SimMachine, simWorld } from '#agent/sim/machine.ts';
import { unboundPulls } from '#agent/pulls/options.ts';
import { createSimRuntime, type SimRuntime } from '#agent/sim/runtime.ts';
import { createSimStats } from '#agent/sim/stats.ts';
import { Nodes } from '#api/refs.ts';
import type { Informers } from '#client/cache.ts';
import type { Client } from '#client/client.ts';

export interface SimNodesOptions {
  readonly world: World;
  readonly names: readonly string[];
  readonly dataDir: string;
  readonly clusterDns: string;
  readonly domain: string;
  readonly version: string;
  readonly machine?: SimMachine;
  /** The agents' serving certificate, good for 127.0.0.1, and the authority of their callers. */
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string };
  clientFor(name: string): Client;
  readonly informers: Informers;
}

const address = '127.0.0.1';

// There is nothing to mount and no group to limit.
const volumes: PodVolumes = {
  setUp: () => Promise.resolve({ problems: [] }),
  mounts: () => Promise.resolve([]),
  devices: () => [],
  usage: () => Promise.resolve([]),
  tearDown: () => Promise.resolve(),
  present: () => Promise.resolve([]),
};
const cgroups: PodCgroups = {
  ensure: (pod) => Promise.resolve(`/sim/${pod.metadata.uid}`),
  remove: () => Promise.resolve(),
  present: () => Promise.resolve([]),
};

/** Names of `count` simulated nodes. */
export const simNodeNames = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `sim-${i}`);

/** Starts them; resolves when all agents run, `ready` when all nodes are Ready. What ran on them before is gone. */
export async function startSimNodes(options: SimNodesOptions): Promise<Component> {
  const stack = new AsyncDisposableStack();
  stack.defer(() => options.world.fs.remove(options.dataDir));
  try {
    await options.world.fs.remove(options.dataDir);
    const agents = await Promise.all(options.names.map((name) => startOne(options, name, stack)));
    return {
      ready: Promise.all(agents.map((agent) => agent.ready)).then(() => undefined),
      health: () => agents.map((agent) => agent.health()).find((problem) => problem !== undefined),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function startOne(options: SimNodesOptions, nodeName: string, stack: AsyncDisposableStack): Promise<Component> {
  const { world, informers } = options;
  const nodes = informers.of(Nodes);
  const runtime = createSimRuntime(world, { addresses: createAddresses(() => nodes.lister.get(nodeName)?.spec.podCIDR) });
  const client = options.clientFor(`system:node:${nodeName}`);
  const agent = await startSimAgent({ ...options, nodeName, client, runtime, dataDir: `${options.dataDir}/${nodeName}` });
  stack.use(agent);
  return agent;
}

export interface SimAgentOptions extends Pick<SimNodesOptions, 'world' | 'clusterDns' | 'domain' | 'version' | 'machine' | 'tls'> {
  readonly nodeName: string;
  readonly client: Client;
  readonly runtime: SimRuntime;
  readonly dataDir: string;
}

/** Starts the agent of one simulated node on a runtime, which may have containers already. */
export function startSimAgent(options: SimAgentOptions): Promise<Agent> {
  const { world, nodeName, client, runtime, machine = defaultMachine, dataDir } = options;
  return startAgent({
    client,
    world: simWorld(world, { nodeName, machine, answers: (ip) => runtime.answers(ip) }),
    runtime,
    cgroups,
    volumes: () => volumes,
    stats: createSimStats(world.clock, nodeName, runtime),
    config: agentOptions({
      nodeName,
      nodeIps: [address],
      dataDir,
      clusterDns: [options.clusterDns],
      clusterDomain: options.domain,
      version: options.version,
      parallelStarts: 64,
      imagePulls: unboundPulls,
      labels: { 'tutti.dev/simulated': 'true' },
      server: { host: address, port: 0, tls: options.tls, allowedUsers: ['kube-apiserver-kubelet-client'] },
    }),
  });
}
