// Device plugins: what registers at our socket becomes a resource of the node; pods that ask for it get devices of it.
import { messageOf } from '#base/errors.ts';
import { GrpcError, grpcCode, type GrpcServer } from '#base/grpc.ts';
import { Mutex } from '#base/mutex.ts';
import type { World } from '#base/world.ts';
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { isExtendedResource } from '#api/core/v1/resources.rules.ts';
import { quantityValue } from '#format/quantity.ts';
import { initContainers, isSidecar, uidOf } from '../sync/spec.ts';
import { type Allocation, choose, type Claim, DeviceLedger } from './ledger.ts';
import { type ContainerDevices, messages, noDevices, type RegisterRequest, united, version } from './messages.ts';
import { DevicePlugin } from './plugin.ts';

type Needs = Pick<World, 'fs' | 'grpc' | 'log'>;
type Amounts = Readonly<Record<string, string>>;

export interface DeviceManagerOptions {
  /** Directory of the sockets: plugins see it as `/var/lib/kubelet/device-plugins`. */
  readonly dir: string;
  /** The node's resources differ now. */
  readonly changed: () => void;
}

/** How many of each resource that plugins offer a container wants. */
const wants = (container: Container): [string, number][] =>
  Object.entries(container.resources?.limits ?? {}).flatMap(([name, value]): [string, number][] =>
    isExtendedResource(name) && quantityValue(value) > 0 ? [[name, quantityValue(value)]] : [],
  );

export class DeviceManager {
  readonly #world: Needs;
  readonly #options: DeviceManagerOptions;
  readonly #plugins = new Map<string, DevicePlugin>();
  /** Resources that plugins offered once: until one comes back, the node has none of them to give. */
  readonly #known = new Set<string>();
  readonly #turn = new Mutex();
  #ledger = new DeviceLedger();
  #server: GrpcServer | undefined;

  constructor(world: Needs, options: DeviceManagerOptions) {
    this.#world = world;
    this.#options = options;
  }

  get #checkpoint(): string {
    return `${this.#options.dir}/allocations.json`;
  }

  /** Reads what was given before, and listens for plugins. */
  async start(): Promise<void> {
    const { fs, grpc } = this.#world;
    await fs.mkdir(this.#options.dir, 0o750);
    const text = await fs.readText(this.#checkpoint).catch(() => '');
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

  async #save(): Promise<void> {
    const text = JSON.stringify({ resources: [...this.#known], allocations: this.#ledger.allocations });
    await this.#world.fs.write(this.#checkpoint, text, { atomic: true, mode: 0o600 });
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

  /** Gives a pod the devices that all its containers ask for. Rejects with the reason when it cannot. */
  async admit(pod: Pod): Promise<void> {
    const all = [...initContainers(pod), ...pod.spec.containers];
    const claims = all.flatMap((container) =>
      wants(container).map(([resource, count]): Claim => ({ podUid: uidOf(pod), container: container.name, resource, count })),
    );
    const open = claims.filter(
      (claim) =>
        this.#known.has(claim.resource) &&
        !this.#ledger.of(claim.podUid, claim.container).some(({ resource }) => resource === claim.resource),
    );
    if (open.length === 0) return;
    const passing = new Set(
      initContainers(pod)
        .filter((container) => !isSidecar(container))
        .map(({ name }) => name),
    );
    await this.#turn.run(async () => {
      for (const claim of open) await this.#give(claim, passing);
      await this.#save();
    });
  }

  async #give(claim: Claim, passing: ReadonlySet<string>): Promise<void> {
    const plugin = this.#plugins.get(claim.resource);
    const offer = this.#ledger.offer(claim, plugin?.healthy ?? [], passing);
    const available = [...offer.own, ...offer.free];
    if (!plugin || available.length < claim.count) {
      throw new Error(
        `requested number of devices unavailable for ${claim.resource}. Requested: ${claim.count}, Available: ${available.length}`,
      );
    }
    const preferred = await plugin.preferred(available, offer.own.slice(0, claim.count), claim.count);
    this.#ledger.note(claim, choose(claim.count, offer, preferred));
  }

  /** What a container needs to use its devices; asked each time that it starts. */
  async use(pod: Pod, container: string): Promise<ContainerDevices> {
    const given = this.#ledger.of(uidOf(pod), container);
    if (given.length === 0) return noDevices;
    const parts = await Promise.all(
      given.map(async ({ resource, ids }) => {
        const plugin = this.#plugins.get(resource);
        if (!plugin?.alive) throw new Error(`no device plugin for ${resource} is registered`);
        const devices = await plugin.allocate(ids);
        await plugin.preStart(ids);
        return devices;
      }),
    );
    return united(parts);
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
