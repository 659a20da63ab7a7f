// What every part of a pod's life on this node works with.
import type { World } from '#base/world.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Service } from '#api/core/v1/service.ts';
import type { Client } from '#client/client.ts';
import type { Recorder } from '#client/events.ts';
import type { CpuManager } from '../cpus/manager.ts';
import type { DnsConfig } from '../config/dns.ts';
import type { NodeSecurity } from '../config/security.ts';
import type { DeviceManager } from '../devices/manager.ts';
import type { DynamicResources } from '../dra/manager.ts';
import type { MemoryManager } from '../memory/manager.ts';
import type { TopologyManager } from '../numa/manager.ts';
import type { PodObjects } from '../objects/objects.ts';
import type { AgentOptions } from '../options.ts';
import type { ImageCredentials, PodCgroups, PodVolumes } from '../parts.ts';
import type { ProbeManager } from '../probes/manager.ts';
import type { PullManager } from '../pulls/manager.ts';
import type { ImagePuller } from '../pulls/puller.ts';
import type { Runtime } from '../runtime.ts';
import type { StatusManager } from '../status/manager.ts';
import type { PodTokens } from '../tokens/tokens.ts';
import type { Backoff } from './backoff.ts';
import type { RuntimeCache } from './cache.ts';
import type { Slots } from './slots.ts';

export interface AgentContext {
  readonly world: World;
  readonly client: Client;
  readonly options: AgentOptions;
  readonly runtime: Runtime;
  readonly cache: RuntimeCache;
  readonly recorder: Recorder;
  readonly statuses: StatusManager;
  readonly probes: ProbeManager;
  readonly objects: PodObjects;
  readonly tokens: PodTokens;
  readonly volumes: PodVolumes;
  readonly cgroups: PodCgroups;
  readonly devices: DeviceManager;
  readonly claims: DynamicResources;
  readonly cpus: CpuManager;
  readonly memory: MemoryManager;
  readonly topology: TopologyManager;
  readonly credentials: ImageCredentials;
  /** Restarts of containers. */
  readonly restarts: Backoff;
  /** Pulls of images that have failed. */
  readonly pulls: Backoff;
  readonly puller: ImagePuller;
  /** Who has pulled the images of the node; undefined: every pod may use them all. */
  readonly imageRecords?: PullManager;
  readonly starts: Slots;
  /** Resolves when nobody sends new connections to this address of a pod that is to end. */
  readonly beforeStop: (ip: string, signal: AbortSignal) => Promise<void>;
  /** Resolves when the network policies of a pod with these addresses hold. */
  readonly beforeStart: (pod: Pod, ips: readonly string[], signal: AbortSignal) => Promise<void>;
  readonly security: NodeSecurity;
  readonly resolv: () => Promise<DnsConfig>;
  /** Services of the cluster, for a pod's environment variables. */
  readonly services: (pod: Pod) => Promise<readonly Service[]>;
  /** The node as we last saw it. */
  readonly node: () => Node | undefined;
  readonly capacity: Readonly<Record<string, string>>;
  /** Sizes of huge pages that the node has, e.g. `2Mi`. */
  readonly hugepageSizes: readonly string[];
  /** The node's own resources that pods may use. */
  readonly allocatable: Readonly<Record<string, string>>;
  /** `allocatable` with the extended resources that the node's object lists. */
  readonly admissible: () => Readonly<Record<string, string>>;
  /** What the node is short of: types of its pressure conditions. */
  readonly pressures: () => ReadonlySet<string>;
  /** True from when the machine was told to go down. */
  readonly shuttingDown: () => boolean;
  /** Pods that take part in admission on this node. */
  readonly activePods: () => readonly Pod[];
}

/** A container that could not be started, and what its status says about it. */
export class StartError extends Error {
  readonly reason: string;
  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartError';
    this.reason = reason;
  }
}

const prefixes = { init: 'initContainers', regular: 'containers', ephemeral: 'ephemeralContainers' } as const;

/** Part of a pod that an event is about, as events name it. */
export const containerPath = (kind: keyof typeof prefixes, name: string): string => `spec.${prefixes[kind]}{${name}}`;
