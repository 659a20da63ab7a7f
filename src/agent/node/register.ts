// The Node object: registered at start, its status written when it changes and every five minutes.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Node, NodeCondition, NodeStatus } from '#api/core/v1/node.ts';
import { Nodes } from '#api/refs.ts';
import { isAlreadyExists, isNotFound } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import type { Recorder } from '#client/events.ts';
import type { AgentOptions } from '../options.ts';
import type { Runtime, RuntimeStatus } from '../runtime.ts';
import { sameJson } from '../status/patch.ts';
import { type NodeFacts, readPressure } from './facts.ts';
import { type DeviceResources, extendedResources, nodeStatus, ownResources, statusWithoutHeartbeat } from './status.ts';

const reportEvery = 5 * 60 * 1000;
const checkEvery = 10_000;
/** Until the node is ready for the first time. */
const checkFast = 100;

export interface NodeManagerOptions {
  readonly options: AgentOptions;
  readonly facts: NodeFacts;
  readonly port: () => number;
  /** What the node is short of: types of its pressure conditions. */
  readonly under: () => ReadonlySet<string>;
  /** What device plugins offer. */
  readonly devices: () => DeviceResources;
  /** What else keeps the node from being ready. */
  readonly problems: () => readonly string[];
  /** Volumes that must stay attached. */
  readonly volumesInUse: () => readonly string[];
}

export class NodeManager {
  readonly #client: Client;
  readonly #world: World;
  readonly #runtime: Runtime;
  readonly #recorder: Recorder;
  readonly #about: NodeManagerOptions;
  #node: Node | undefined;
  #reported = Number.NEGATIVE_INFINITY;
  #wasReady = false;
  #wake: (() => void) | undefined;

  constructor(deps: { client: Client; world: World; runtime: Runtime; recorder: Recorder }, about: NodeManagerOptions) {
    this.#client = deps.client;
    this.#world = deps.world;
    this.#runtime = deps.runtime;
    this.#recorder = deps.recorder;
    this.#about = about;
  }

  /** The node as last seen. */
  get node(): Node | undefined {
    return this.#node;
  }

  get ready(): boolean {
    return this.#wasReady;
  }

  /** The node's object changed in the API. */
  seen(node: Node): void {
    const before = this.#node?.status?.capacity;
    this.#node = node;
    // Others may add resources to the capacity: what pods may use of them is told at once.
    if (!sameJson(extendedResources(before), extendedResources(node.status?.capacity))) this.check();
  }

  #labels(): Record<string, string> {
    const { options, facts } = this.#about;
    return {
      'beta.kubernetes.io/arch': facts.architecture,
      'beta.kubernetes.io/os': 'linux',
      'kubernetes.io/arch': facts.architecture,
      'kubernetes.io/hostname': options.hostName,
      'kubernetes.io/os': 'linux',
      ...options.labels,
    };
  }

  /** Makes the Node object, or brings its labels up to date. */
  async register(signal: AbortSignal): Promise<void> {
    const { options } = this.#about;
    const nodes = this.#client.resource(Nodes);
    const labels = this.#labels();
    const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' };
    try {
      const existing = await nodes.get(options.nodeName, { signal });
      const differs = Object.entries(labels).some(([name, value]) => existing.metadata.labels?.[name] !== value);
      this.#node = differs ? await nodes.patch(options.nodeName, { metadata: { labels } }, { type: 'strategic', signal }) : existing;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      if (!options.registerNode) return;
      try {
        this.#node = await nodes.create(
          {
            metadata: { name: options.nodeName, labels, annotations },
            spec: {
              ...(options.taints.length > 0 ? { taints: options.taints } : {}),
              ...(options.providerId ? { providerID: options.providerId } : {}),
            },
            status: await this.#status({}),
          },
          { signal },
        );
      } catch (failed) {
        if (!isAlreadyExists(failed)) throw failed;
        this.#node = await nodes.get(options.nodeName, { signal });
      }
    }
  }

  async #status(old: NodeStatus): Promise<NodeStatus> {
    const { options, facts } = this.#about;
    const [pressure, runtime, version, images] = await Promise.all([
      readPressure(this.#world, options.dataDir),
      this.#runtime.status().catch((): RuntimeStatus | undefined => undefined),
      this.#runtime.version().catch(() => undefined),
      this.#runtime.listImages().catch(() => []),
    ]);
    return nodeStatus({
      options,
      facts,
      pressure,
      runtime,
      version,
      images,
      port: this.#about.port(),
      problems: this.#about.problems(),
      under: this.#about.under(),
      devices: this.#about.devices(),
      volumesInUse: this.#about.volumesInUse(),
      known: old.conditions ?? [],
      old,
      now: this.#world.clock.now(),
    });
  }

  /** Looks at the node now instead of at the next turn. */
  check(): void {
    this.#wake?.();
  }

  /** Keeps the status current until the signal aborts. `onReady` is called once, when the node becomes ready. */
  async run(signal: AbortSignal, onReady: () => void): Promise<void> {
    this.tell('Normal', 'Starting', 'Starting kubelet.');
    while (!signal.aborted) {
      try {
        await this.#report(signal);
        if (this.#wasReady) onReady();
      } catch (error) {
        if (signal.aborted) return;
        if (isNotFound(error)) await this.register(signal).catch(() => undefined);
        else this.#world.log.warn('cannot write the node status', { error: messageOf(error) });
      }
      await this.#pause(this.#wasReady ? checkEvery : checkFast, signal);
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const early = new AbortController();
    this.#wake = () => early.abort();
    await this.#world.clock.sleep(ms, AbortSignal.any([signal, early.signal])).catch(() => undefined);
    this.#wake = undefined;
  }

  async #report(signal: AbortSignal): Promise<void> {
    const node = this.#node;
    if (!node) {
      await this.register(signal);
      return;
    }
    const old = node.status ?? {};
    const status = await this.#status(old);
    this.#announce(old.conditions ?? [], status.conditions ?? []);
    this.#wasReady = status.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
    const due = this.#world.clock.monotonic() - this.#reported >= reportEvery;
    if (!due && sameJson(statusWithoutHeartbeat(old), statusWithoutHeartbeat(status))) return;
    const { conditions, addresses, capacity, allocatable, ...rest } = status;
    const patch = {
      ...rest,
      conditions,
      addresses: [...(addresses ?? []), { $patch: 'replace' }],
      // Extended resources are for others to change: a patch made from an older version must not bring one back.
      capacity: { ...ownResources(capacity), ...this.#about.devices().capacity },
      allocatable: mapPatch(old.allocatable, allocatable),
    };
    this.#node = await this.#client
      .resource(Nodes)
      .patch(this.#about.options.nodeName, { status: patch }, { type: 'strategic', subresource: 'status', signal });
    this.#reported = this.#world.clock.monotonic();
  }

  #announce(before: readonly NodeCondition[], now: readonly NodeCondition[]): void {
    const name = this.#about.options.nodeName;
    for (const condition of now) {
      if (before.find((candidate) => candidate.type === condition.type)?.status === condition.status) continue;
      const reason = eventReasons[`${condition.type}=${condition.status}`];
      if (reason) this.tell('Normal', reason, `Node ${name} status is now: ${reason}`);
    }
  }

  /** An event of the node. */
  tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    const name = this.#about.options.nodeName;
    this.#recorder.event({ apiVersion: 'v1', kind: 'Node', name, uid: name }, type, reason, message);
  }
}

/** A merge patch of a map: what is gone is removed by name. */
function mapPatch(
  before: Readonly<Record<string, string>> = {},
  now: Readonly<Record<string, string>> = {},
): Record<string, string | null> {
  return { ...Object.fromEntries(Object.keys(before).map((name) => [name, null])), ...now };
}

const eventReasons: Readonly<Record<string, string>> = {
  'MemoryPressure=True': 'NodeHasInsufficientMemory',
  'MemoryPressure=False': 'NodeHasSufficientMemory',
  'DiskPressure=True': 'NodeHasDiskPressure',
  'DiskPressure=False': 'NodeHasNoDiskPressure',
  'PIDPressure=True': 'NodeHasInsufficientPID',
  'PIDPressure=False': 'NodeHasSufficientPID',
  'Ready=True': 'NodeReady',
  'Ready=False': 'NodeNotReady',
};
