// The status of a Node object: pure.
import type { NodeCondition, NodeStatus } from '#api/core/v1/node.ts';
import { rfc3339 } from '#base/clock.ts';
import { isExtendedResource } from '#api/core/v1/resources.rules.ts';
import { canonicalQuantity, signOfQuantity, subQuantity } from '#format/quantity.ts';
import { keptBack } from '../eviction/kept.ts';
import type { AgentOptions } from '../options.ts';
import type { RuntimeImage, RuntimeStatus, RuntimeVersion } from '../runtime.ts';
import type { NodeFacts, NodePressure } from './facts.ts';

/** Images listed in the status, the largest first. */
const maxImages = 50;
const maxNames = 5;
const mebi = 1024 * 1024;

type Quantities = Readonly<Record<string, string>>;

/** As the API server writes it: a status that differed in its writing would be sent again and again. */
const kibibytes = (bytes: number): string => canonicalQuantity(`${Math.floor(bytes / 1024)}Ki`);

/** What the node has. */
export function nodeCapacity(facts: NodeFacts, pressure: NodePressure, options: Pick<AgentOptions, 'maxPods' | 'podsPerCore'>): Quantities {
  const { maxPods, podsPerCore = Number.POSITIVE_INFINITY } = options;
  const huge = Object.entries(facts.hugepages).map(([size, bytes]): [string, string] => [
    `hugepages-${size}`,
    bytes === 0 ? '0' : canonicalQuantity(`${bytes / mebi}Mi`),
  ]);
  return {
    cpu: String(facts.cpus),
    'ephemeral-storage': kibibytes(pressure.diskCapacity),
    ...Object.fromEntries(huge),
    memory: kibibytes(facts.memoryBytes),
    pods: String(Math.min(maxPods, podsPerCore * facts.cpus)),
  };
}

/**
 * Resources that others told the node's object about (`PATCH nodes/NAME/status`), e.g. `example.com/dongle`. The node keeps
 * them and offers all of them to pods.
 */
export function extendedResources(capacity: Quantities | undefined): Quantities {
  return Object.fromEntries(Object.entries(capacity ?? {}).filter(([name]) => isExtendedResource(name)));
}

/** The others: what the node itself knows. */
export function ownResources(capacity: Quantities | undefined): Quantities {
  return Object.fromEntries(Object.entries(capacity ?? {}).filter(([name]) => !isExtendedResource(name)));
}

/** What pods may use of it: without what is reserved and what hard eviction thresholds keep free, never below nothing. */
export function nodeAllocatable(capacity: Quantities, { reserved, eviction }: Pick<AgentOptions, 'reserved' | 'eviction'>): Quantities {
  const kept = keptBack(reserved, eviction.hard, capacity);
  const left = (name: string, value: string): string => {
    if (kept[name] === undefined) return value;
    const rest = subQuantity(value, kept[name]);
    return signOfQuantity(rest) < 0 ? '0' : rest;
  };
  return Object.fromEntries(Object.entries(capacity).map(([name, value]) => [name, left(name, value)]));
}

export interface ConditionInput {
  /** What the node is short of: types of its pressure conditions. */
  readonly under: ReadonlySet<string>;
  readonly runtime: RuntimeStatus | undefined;
  /** Why the node is not ready for another reason. */
  readonly problems: readonly string[];
  readonly known: readonly NodeCondition[];
  readonly now: number;
}

type Draft = Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>;

function pressureCondition(type: string, under: boolean, words: { bad: [string, string]; good: [string, string] }): Draft {
  const [reason, message] = under ? words.bad : words.good;
  return { type, status: under ? 'True' : 'False', reason, message };
}

function ready(input: ConditionInput): Draft {
  const errors: string[] = [];
  if (!input.runtime) errors.push('container runtime is down');
  else {
    const words = { RuntimeReady: 'container runtime not ready', NetworkReady: 'container runtime network not ready' } as const;
    for (const type of ['RuntimeReady', 'NetworkReady'] as const) {
      const condition = input.runtime.conditions.find((candidate) => candidate.type === type);
      if (!condition) errors.push(`container runtime status check may not have completed yet`);
      else if (!condition.status) errors.push(`${words[type]}: ${type}=false reason:${condition.reason} message:${condition.message}`);
    }
  }
  errors.push(...input.problems);
  if (errors.length === 0) return { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' };
  const unique = [...new Set(errors)];
  return {
    type: 'Ready',
    status: 'False',
    reason: 'KubeletNotReady',
    message: unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`,
  };
}

/** The node's conditions; heartbeats are of now, transitions move only with the status. */
export function nodeConditions(input: ConditionInput): NodeCondition[] {
  const drafts: Draft[] = [
    pressureCondition('MemoryPressure', input.under.has('MemoryPressure'), {
      bad: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
      good: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    }),
    pressureCondition('DiskPressure', input.under.has('DiskPressure'), {
      bad: ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
      good: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    }),
    pressureCondition('PIDPressure', input.under.has('PIDPressure'), {
      bad: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
      good: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    }),
    ready(input),
  ];
  const now = rfc3339(input.now);
  const ours = drafts.map((draft): NodeCondition => {
    const before = input.known.find((condition) => condition.type === draft.type);
    const stays = before?.status === draft.status && before.lastTransitionTime;
    return { ...draft, lastHeartbeatTime: now, lastTransitionTime: stays ? before.lastTransitionTime : now };
  });
  return [...input.known.filter((condition) => !drafts.some((draft) => draft.type === condition.type)), ...ours];
}

/** The images of the node as its status lists them, the largest `most` of them. */
export function nodeImages(images: readonly RuntimeImage[], most = maxImages): NonNullable<NodeStatus['images']> {
  return images
    .filter((image) => image.repoTags.length + image.repoDigests.length > 0)
    .toSorted((a, b) => b.size - a.size || (a.id < b.id ? -1 : 1))
    .slice(0, most)
    .map((image) => ({ names: [...image.repoDigests, ...image.repoTags].slice(0, maxNames), sizeBytes: image.size }));
}

/** Resources that device plugins offer: how many devices there are, and how many of them work. */
export interface DeviceResources {
  readonly capacity: Quantities;
  readonly allocatable: Quantities;
}

export interface NodeStatusInput extends ConditionInput {
  readonly devices: DeviceResources;
  readonly pressure: NodePressure;
  readonly options: AgentOptions;
  readonly facts: NodeFacts;
  readonly version: RuntimeVersion | undefined;
  readonly images: readonly RuntimeImage[];
  readonly port: number;
  /** Volumes that must stay attached, as `status.volumesInUse` names them. */
  readonly volumesInUse?: readonly string[];
  readonly old: NodeStatus;
}

/** The handlers of the runtime, by name; older runtimes do not name them. */
export function runtimeHandlers(runtime: Pick<RuntimeStatus, 'handlers'> | undefined): Pick<NodeStatus, 'runtimeHandlers'> {
  const handlers = (runtime?.handlers ?? []).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return handlers.length === 0
    ? {}
    : { runtimeHandlers: handlers.map(({ name, features }) => ({ name, ...(features ? { features } : {}) })) };
}

/** The whole status; what others wrote (volumesAttached, config) is kept. */
export function nodeStatus(input: NodeStatusInput): NodeStatus {
  const { options, facts, version, pressure } = input;
  const { devices } = input;
  const own = nodeCapacity(facts, pressure, options);
  const capacity = { ...extendedResources(input.old.capacity), ...own, ...devices.capacity };
  const runtime = version
    ? `${version.runtimeName}://${version.runtimeVersion.replace(/^v/, '').replace(/~.*$/, '')}`
    : 'containerd://Unknown';
  const { volumesInUse = [], old } = input;
  const images = nodeImages(input.images, options.statusImages);
  return {
    ...old,
    ...(volumesInUse.length > 0 || old.volumesInUse ? { volumesInUse } : {}),
    capacity,
    allocatable: { ...nodeAllocatable(capacity, options), ...devices.allocatable },
    addresses: [...options.nodeIps.map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: options.hostName }],
    daemonEndpoints: { kubeletEndpoint: { Port: input.port } },
    nodeInfo: {
      machineID: facts.machineID,
      systemUUID: facts.systemUUID,
      bootID: facts.bootID,
      kernelVersion: facts.kernelVersion,
      osImage: facts.osImage,
      containerRuntimeVersion: runtime,
      kubeletVersion: options.version,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: facts.architecture,
      ...(facts.swapBytes > 0 ? { swap: { capacity: facts.swapBytes } } : {}),
    },
    // Empty lists are not kept: told again and again, none would be news each time.
    ...(images.length > 0 || old.images ? { images } : {}),
    ...runtimeHandlers(input.runtime),
    features: { supplementalGroupsPolicy: input.runtime?.supplementalGroupsPolicy ?? false },
    conditions: nodeConditions(input),
  };
}

/** The status as far as it tells more than that the node is alive. */
export function statusWithoutHeartbeat(status: NodeStatus): NodeStatus {
  return { ...status, conditions: (status.conditions ?? []).map((condition) => ({ ...condition, lastHeartbeatTime: undefined })) };
}
