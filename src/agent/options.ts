// The agent's configuration: what a kubelet has in its flags and configuration file.
import type { Taint } from '#api/core/v1/affinity.ts';
import type { Provider } from './credentials/config.ts';
import { evictionDefaults, type EvictionOptions } from './eviction/thresholds.ts';
import type { TopologyOptions } from './numa/options.ts';
import type { ShutdownPeriod } from './shutdown/plan.ts';
import { imageGcDefaults, type ImageGcOptions } from './images/gcplan.ts';
import { imagePullDefaults, type ImagePullOptions } from './pulls/options.ts';

export interface AgentOptions {
  readonly nodeName: string;
  /** Addresses of the node, the primary one first (at most one of each family). */
  readonly nodeIps: readonly string[];
  /** Name for the `kubernetes.io/hostname` label and the Hostname address. */
  readonly hostName: string;
  /** The agent's own directory: pods' volumes, hosts files, termination logs and container logs live below it. */
  readonly dataDir: string;
  /** Addresses of the cluster DNS; without any, pods get the node's own resolver. */
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  /** The node's resolver configuration. */
  readonly resolvConf: string;
  readonly maxPods: number;
  /** Most pods for each processor; undefined: as many as the whole node may have. */
  readonly podsPerCore?: number;
  /** Most images that the node's status lists; undefined: kubelet's 50. */
  readonly statusImages?: number;
  /** How a cloud names the machine, in the spec of the node's object when that is made. */
  readonly providerId?: string;
  /** Quantities by resource name, taken off the capacity. */
  readonly reserved: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly registerNode: boolean;
  /** HTTPS server of the agent. Port 0 picks a free one. */
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string };
    /** Common names of client certificates that may use the API (besides members of system:masters). */
    readonly allowedUsers: readonly string[];
  };
  /** Whether the API shows the files below /var/log. */
  readonly systemLogs: boolean;
  /** Name of the runtime handler for pods without a RuntimeClass. */
  readonly runtimeHandler: string;
  readonly containerLogMaxSize: number;
  readonly containerLogMaxFiles: number;
  /** Most pods that may be starting at once: container starts are bound by the processor. */
  readonly parallelStarts: number;
  /** Milliseconds: first and longest restart back-off. */
  readonly backoffInitial: number;
  readonly backoffMax: number;
  readonly leaseDurationSeconds: number;
  readonly eviction: EvictionOptions;
  readonly imageGc: ImageGcOptions;
  readonly imagePulls: ImagePullOptions;
  /** Sysctls that pods may set besides the safe ones, e.g. `kernel.msg*`. */
  readonly unsafeSysctls: readonly string[];
  /** A directory of manifests (or one file) whose pods the node runs of its own accord; undefined: none. */
  readonly staticPodPath?: string;
  /** Milliseconds between two looks at it, where no change was noticed. */
  readonly fileCheckFrequency: number;
  /** How long pods get when the machine goes down, by priority; empty: they are not waited for. */
  readonly shutdown: readonly ShutdownPeriod[];
  /** Most processes and threads of a pod; undefined or negative: no limit. */
  readonly podPidsLimit?: number;
  /** False: pods together may use what is reserved for others, too. Default: true. */
  readonly enforceAllocatable?: boolean;
  /** False: limits of processor time hold nobody back. Default: true. */
  readonly cpuQuota?: boolean;
  /** Containers of Guaranteed pods that ask for whole processors get their own; undefined: nobody does. */
  readonly cpuManager?: CpuManagerOptions;
  /** Containers of Guaranteed pods have their memory of certain NUMA nodes; undefined: of any. */
  readonly memoryManager?: MemoryManagerOptions;
  /** Resources of a container come from the same NUMA nodes; undefined: from any. */
  readonly topologyManager?: TopologyOptions;
  /** Memory is protected and throttled by requests, on cgroup v2 (feature MemoryQoS); undefined: it is not. */
  readonly memoryQos?: { readonly throttlingFactor: number };
  /** Containers that name no seccomp profile have the runtime's default one. */
  readonly seccompDefault?: boolean;
  /** Plugins that know credentials of registries; undefined: there are none. */
  readonly credentialProviders?: { readonly providers: readonly Provider[]; readonly directory: string };
  /** Milliseconds that a call to the runtime may take; undefined: as long as usual. */
  readonly runtimeRequestTimeout?: number;
  readonly version: string;
}

/** The static policy of kubelet's CPU manager. */
export interface CpuManagerOptions {
  readonly policy: 'static';
  /** Processors that no container gets for itself, in the kernel's list form; empty: as many as are reserved. */
  readonly reservedCpus: string;
  /** `full-pcpus-only` and the like. */
  readonly options: Readonly<Record<string, string>>;
}

/** Memory of a NUMA node that no container gets. */
export interface MemoryReservation {
  readonly numaNode: number;
  /** Quantities of `memory` and of huge pages. */
  readonly limits: Readonly<Record<string, string>>;
}

/** The static policy of kubelet's memory manager. */
export interface MemoryManagerOptions {
  readonly policy: 'Static';
  /** Adds up to what the node reserves, and what must stay free by its hard eviction threshold. */
  readonly reservedMemory: readonly MemoryReservation[];
}

/** Fills in what the caller left out. */
export function agentOptions(
  given: Partial<AgentOptions> & Pick<AgentOptions, 'nodeName' | 'nodeIps' | 'dataDir' | 'server'>,
): AgentOptions {
  return {
    hostName: given.nodeName,
    clusterDns: [],
    clusterDomain: 'cluster.local',
    resolvConf: '/etc/resolv.conf',
    maxPods: 110,
    systemLogs: true,
    reserved: {},
    labels: {},
    taints: [],
    registerNode: true,
    runtimeHandler: '',
    containerLogMaxSize: 10 * 1024 * 1024,
    containerLogMaxFiles: 5,
    parallelStarts: 4,
    backoffInitial: 10_000,
    backoffMax: 300_000,
    leaseDurationSeconds: 40,
    eviction: evictionDefaults,
    imageGc: imageGcDefaults,
    imagePulls: imagePullDefaults,
    unsafeSysctls: [],
    fileCheckFrequency: 20_000,
    shutdown: [],
    version: 'v1.35.0',
    ...given,
  };
}

/** Directory of a pod's files below the agent's. */
export const podDir = (dataDir: string, uid: string): string => `${dataDir}/pods/${uid}`;
/** Log directory of a pod: kubelet's layout below our own directory. */
export const podLogDir = (dataDir: string, pod: { namespace: string; name: string; uid: string }): string =>
  `${dataDir}/logs/${pod.namespace}_${pod.name}_${pod.uid}`;
