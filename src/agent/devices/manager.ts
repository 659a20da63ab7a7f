// Device plugins: what registers at our socket becomes a resource of the node; pods that ask for it get devices of it.
import { messageOf } from '#base/errors.ts';
import { GrpcError, grpcCode, type GrpcServer } from '#base/grpc.ts';
import type { World } from '#base/world.ts';
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { isExtendedResource } from '#api/core/v1/resources.rules.ts';
import { quantityValue } from '#format/quantity.ts';
import { CheckpointFile } from '../numa/checkpoint.ts';
import type { Hint, HintProvider, Hints } from '../numa/hints.ts';
import type { NumaLayout } from '../numa/layout.ts';
import { initContainers, isSidecar, podPeak, uidOf } from '../sync/spec.ts';
import { deviceHints, nearDevices, placed } from './hints.ts';
import { type Allocation, choose, type Claim, DeviceLedger, type Offer, open } from './ledger.ts';
import { type ContainerDevices, messages, type RegisterRequest, united, version } from './messages.ts';
import { DevicePlugin } from './plugin.ts';

type Needs = Pick<World, 'fs' | 'grpc' | 'log'>;
type Amounts = Readonly<Record<string, string>>;

export interface DeviceManagerOptions {
  /** Directory of the sockets: plugins see it as `/var/lib/kubelet/device-plugins`. */
  readonly dir: string;
  /** The machine's NUMA nodes; empty where nothing is aligned to them. */
  readonly layout: NumaLayout;
  /** The node's resources differ now. */
  readonly changed: () => void;
}

/** A device, with the ids of the NUMA nodes that it is near to; none: its plugin does not say. */
export interface PlacedDevice {
  readonly resource: string;
  readonly id: string;
  readonly nodes: readonly number[];
}

/** How many of each resource that plugins offer a container wants. */
const wants = (container: Container): [string, number][] =>
  Object.entries(container.resources?.limits ?? {}).flatMap(([name, value]): [string, number][] =>
    isExtendedResource(name) && quantityValue(value) > 0 ? [[name, quantityValue(value)]] : [],
  );

export class DeviceManager implements HintProvider {
  readonly #world: Needs;
  readonly #options: DeviceManagerOptions;
  readonly #plugins = new Map<string, DevicePlugin>();
  /** Resources that plugins offered once: until one comes back, the node has none of them to give. */
  readonly #known = new Set<string>();
  readonly #checkpoint: CheckpointFile;
  #ledger = new DeviceLedger();
  #server: GrpcServer | undefined;

  constructor(world: Needs, options: DeviceManagerOptions) {
    this.#world = world;
    this.#options = options;
    this.#checkpoint = new CheckpointFile(world, this.#file);
  }

  get #file(): string {
    return `${this.#options.dir}/allocations.json`;
  }

  /** Reads what was given before, and listens for plugins. */
  async start(): Promise<void> {
    const { fs, grpc } = this.#world;
    await fs.mkdir(this.#options.dir, 0o750);
    const text = await fs.readText(this.#file).catch(() => '');
    if (text !== '') {
      const kept = JSON.parse(text) as { resources: string[]; allocations: Allocation[] };
      for (const resource of kept.resources) this.#known.add(resource);
      this.#ledger = new DeviceLedger(kept.allocations);
    }
    this.#server = await grpc.serve(`${this.#options.dir}/kubelet.sock`, {
      '/v1beta1.Registration/Register': async (bytes) => {
        await this.#register(messages.RegisterRequest.decode(bytes) as unknown as RegisterRequest);
        return messages.Empty.encode({});
      },
    });
  }

  #save(): Promise<void> {
    return this.#checkpoint.save(() => JSON.stringify({ resources: [...this.#known], allocations: this.#ledger.allocations }));
  }

  async #register(request: RegisterRequest): Promise<void> {
    const refuse = (why: string): GrpcError => new GrpcError('Register', grpcCode.invalidArgument, why);
    if (request.version !== version)
      throw refuse(
        `requested API version ${JSON.stringify(request.version)} is not supported by kubelet. Supported version is ["${version}"]`,
      );
    if (!isExtendedResource(request.resourceName)) throw refuse(`the ResourceName ${JSON.stringify(request.resourceName)} is invalid`);
    if (request.endpoint.includes('/')) throw refuse(`the endpoint ${JSON.stringify(request.endpoint)} is not the name of a socket`);
    const channel = this.#world.grpc.connect(`${this.#options.dir}/${request.endpoint}`);
    const options = request.options ?? { preStartRequired: false, getPreferredAllocationAvailable: false };
    const plugin = new DevicePlugin(request.resourceName, channel, options);
    this.#plugins.get(request.resourceName)?.close();
    this.#plugins.set(request.resourceName, plugin);
    if (!this.#known.has(request.resourceName)) {
      this.#known.add(request.resourceName);
      await this.#save();
    }
    plugin.follow(this.#options.changed).catch((error: unknown) => {
      this.#world.log.info('a device plugin is gone', { resource: request.resourceName, error: messageOf(error) });
    });
  }

  /** What the node has of each resource that plugins offer, and how much of it works. */
  resources(): { readonly capacity: Amounts; readonly allocatable: Amounts } {
    const plugins = [...this.#known].map((name) => ({ name, plugin: this.#plugins.get(name) }));
    return {
      capacity: Object.fromEntries(plugins.map(({ name, plugin }) => [name, String(plugin?.devices?.length ?? 0)])),
      allocatable: Object.fromEntries(plugins.map(({ name, plugin }) => [name, String(plugin?.healthy.length ?? 0)])),
    };
  }

  /**
   * How much of each resource pods that are judged anew may count on: never less than pods have already, whose plugin may not have
   * come back yet after a restart.
   */
  admissible(): Amounts {
    const { allocatable } = this.resources();
    const given = Map.groupBy(this.#ledger.allocations, ({ resource }) => resource);
    const having = (resource: string): number => new Set(given.get(resource)?.flatMap(({ ids }) => ids)).size;
    return Object.fromEntries(Object.entries(allocatable).map(([name, works]) => [name, String(Math.max(Number(works), having(name)))]));
  }

  /** The devices of a container that a plugin offers, or did once. */
  #claims(pod: Pod, container: Container): Claim[] {
    return wants(container)
      .filter(([resource]) => this.#known.has(resource))
      .map(([resource, count]) => ({ podUid: uidOf(pod), container: container.name, resource, count }));
  }

  #given({ podUid, container, resource }: Claim): readonly string[] | undefined {
    return this.#ledger.of(podUid, container).find((one) => one.resource === resource)?.ids;
  }

  #offer(pod: Pod, claim: Claim): Offer {
    const passing = initContainers(pod).filter((container) => !isSidecar(container));
    return this.#ledger.offer(claim, this.#plugins.get(claim.resource)?.healthy ?? [], new Set(passing.map(({ name }) => name)));
  }

  lacks(pod: Pod, container: Container): boolean {
    return this.#claims(pod, container).some((claim) => !this.#given(claim));
  }

  /** Hints for so many of what is offered, or around what was given before: the rest, where an earlier life got no further. */
  #hints(
    { resource, count }: Pick<Claim, 'resource' | 'count'>,
    given: readonly string[],
    offer: () => Offer,
  ): readonly Hint[] | undefined {
    const devices = this.#plugins.get(resource)?.devices ?? [];
    if (!placed(devices)) return undefined;
    const about = { layout: this.#options.layout, devices };
    if (given.length === 0) return deviceHints(count, { ...about, ...offer() });
    if (given.length === count) return deviceHints(count, { ...about, free: given, own: [] });
    return given.length < count ? deviceHints(count, { ...about, free: offer().free, own: given }) : [];
  }

  hints(pod: Pod, container: Container): Hints {
    const claims = this.#claims(pod, container);
    return new Map(claims.map((claim) => [claim.resource, this.#hints(claim, this.#given(claim) ?? [], () => this.#offer(pod, claim))]));
  }

  podHints(pod: Pod): Hints {
    const all = [...initContainers(pod), ...pod.spec.containers];
    const resources = new Set(all.flatMap((container) => this.#claims(pod, container).map(({ resource }) => resource)));
    const podUid = uidOf(pod);
    return new Map(
      [...resources].map((resource) => {
        const count = podPeak(pod, (container) => this.#claims(pod, container).find((claim) => claim.resource === resource)?.count ?? 0);
        const claim: Claim = { podUid, container: '', resource, count };
        return [resource, this.#hints(claim, this.#ledger.ofPod(podUid, resource), () => this.#offer(pod, claim))];
      }),
    );
  }

  /** Gives a container the devices that it asks for, first those near the nodes of the hint. Rejects with the reason when it cannot. */
  async allocate(pod: Pod, container: Container, hint: Hint): Promise<void> {
    const claims = this.#claims(pod, container).filter((claim) => !this.#given(claim));
    if (claims.length === 0) return;
    for (const claim of claims) await this.#give(claim, this.#offer(pod, claim), hint);
    await this.#save();
  }

  async #give(claim: Claim, offer: Offer, { nodes }: Hint): Promise<void> {
    const plugin = this.#plugins.get(claim.resource);
    const available = offer.own.length + offer.free.length;
    if (!plugin || available < claim.count) {
      throw new Error(`requested number of devices unavailable for ${claim.resource}. Requested: ${claim.count}, Available: ${available}`);
    }
    const near = nodes === undefined ? new Set<string>() : nearDevices(this.#options.layout, nodes, plugin.devices ?? []);
    const { taken, from } = open(claim.count, offer, near);
    const preferred = taken.length < claim.count ? await plugin.preferred([...taken, ...from], taken, claim.count) : [];
    const ids = choose(claim.count, { taken, from }, preferred);
    const told = (plugin.devices ?? []).filter((device) => ids.includes(device.id) && device.nodes.length > 0);
    this.#ledger.note(claim, ids, Object.fromEntries(told.map((device) => [device.id, device.nodes])));
  }

  /** The devices of a container. */
  of(podUid: string, container: string): readonly PlacedDevice[] {
    return this.#ledger
      .of(podUid, container)
      .flatMap(({ resource, ids, nodes = {} }) => ids.map((id) => ({ resource, id, nodes: nodes[id] ?? [] })));
  }

  /** Every device that works, whoever has it. */
  working(): readonly PlacedDevice[] {
    return [...this.#plugins].flatMap(([resource, plugin]) => {
      const healthy = new Set(plugin.healthy);
      return (plugin.devices ?? []).filter(({ id }) => healthy.has(id)).map(({ id, nodes }) => ({ resource, id, nodes }));
    });
  }

  /**
   * What a container needs to use its devices. Its plugin is asked once; a container that starts again gets the same, also while the
   * plugin is away. Rejects when the plugin must be asked, or must prepare the devices, and cannot.
   */
  async use(pod: Pod, container: string): Promise<ContainerDevices> {
    return united(await Promise.all(this.#ledger.of(uidOf(pod), container).map((one) => this.#use(one))));
  }

  async #use(allocation: Allocation): Promise<ContainerDevices> {
    const { resource, ids } = allocation;
    const plugin = this.#plugins.get(resource);
    let { use } = allocation;
    if (!use) {
      if (!plugin?.alive) throw new Error(`no device plugin for ${resource} is registered`);
      use = await plugin.allocate(ids);
      this.#ledger.answered(allocation, use);
      await this.#save();
    }
    await plugin?.preStart(ids);
    return use;
  }

  /** Pods that have devices. */
  pods(): ReadonlySet<string> {
    return new Set(this.#ledger.allocations.map(({ podUid }) => podUid));
  }

  /** The pod is gone: its devices are free. */
  async forget(podUid: string): Promise<void> {
    if (this.#ledger.forget(podUid)) await this.#save();
  }

  [Symbol.dispose](): void {
    for (const plugin of this.#plugins.values()) plugin.close();
    this.#server?.close();
  }
}
