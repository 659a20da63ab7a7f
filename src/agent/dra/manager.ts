// Dynamic resources: the claims of a pod are prepared by their drivers before it starts, and taken back when it has ended.
import { Mutex } from '#base/mutex.ts';
import type { World } from '#base/world.ts';
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { ResourceClaims } from '#api/refs.ts';
import type { Client } from '#client/client.ts';
import type { AnyContainer } from '../parts.ts';
import type { PluginHandler, PluginInfo } from '../plugins/registry.ts';
import { uidOf } from '../sync/spec.ts';
import { cdiDevices, driversOf, podClaims, type PreparedClaim } from './claims.ts';
import { DraDriver, type PreparedDevice } from './driver.ts';

export interface DraOptions {
  readonly client: Client;
  /** File in which prepared claims are kept over restarts. */
  readonly file: string;
}

/** Takes plugins of type `DRAPlugin`. */
export class DynamicResources implements PluginHandler, Disposable {
  readonly #world: Pick<World, 'fs' | 'grpc'>;
  readonly #options: DraOptions;
  readonly #drivers = new Map<string, DraDriver>();
  readonly #turn = new Mutex();
  #prepared: readonly PreparedClaim[] = [];

  constructor(world: Pick<World, 'fs' | 'grpc'>, options: DraOptions) {
    this.#world = world;
    this.#options = options;
  }

  /** Reads what was prepared before. */
  async start(): Promise<void> {
    const text = await this.#world.fs.readText(this.#options.file).catch(() => '');
    if (text !== '') this.#prepared = JSON.parse(text) as PreparedClaim[];
  }

  async #keep(prepared: readonly PreparedClaim[]): Promise<void> {
    this.#prepared = prepared;
    await this.#world.fs.write(this.#options.file, JSON.stringify(prepared), { atomic: true, mode: 0o600 });
  }

  register(plugin: PluginInfo): Promise<void> {
    const driver = new DraDriver(this.#world, plugin);
    this.#drivers.get(plugin.name)?.[Symbol.dispose]();
    this.#drivers.set(plugin.name, driver);
    return Promise.resolve();
  }

  deregister(plugin: PluginInfo): Promise<void> {
    const known = this.#drivers.get(plugin.name);
    // Another life of the driver may have registered meanwhile, from another socket.
    if (known?.endpoint === plugin.endpoint) {
      known[Symbol.dispose]();
      this.#drivers.delete(plugin.name);
    }
    return Promise.resolve();
  }

  #driver(name: string): DraDriver {
    const driver = this.#drivers.get(name);
    if (!driver) throw new Error(`DRA driver ${name} is not registered`);
    return driver;
  }

  #of(podUid: string): readonly PreparedClaim[] {
    return this.#prepared.filter((one) => one.podUid === podUid);
  }

  /** Prepares the claims of a pod that are not prepared yet. Rejects with the reason; it may be asked again. */
  async prepare(pod: Pod): Promise<void> {
    if (!pod.spec.resourceClaims?.length) return;
    const podUid = uidOf(pod);
    const namespace = pod.metadata.namespace ?? '';
    const known = new Set(this.#of(podUid).map(({ name }) => name));
    for (const { name, claimName } of podClaims(pod)) {
      if (known.has(name)) continue;
      const object = await this.#options.client.resource(ResourceClaims).get(claimName, { namespace });
      const claim = { namespace, name: claimName, uid: object.metadata.uid ?? '' };
      const devices: Record<string, readonly PreparedDevice[]> = {};
      for (const driver of driversOf(object, podUid)) devices[driver] = await this.#driver(driver).prepare(claim);
      await this.#turn.run(() => this.#keep([...this.#prepared, { podUid, name, claim, devices }]));
    }
  }

  /** The CDI devices of a container. */
  devices(pod: Pod, container: AnyContainer): { readonly name: string }[] {
    return 'resources' in container ? cdiDevices(container, this.#of(uidOf(pod))) : [];
  }

  /** What was prepared of the claims that a container names, in the order of the pod. */
  of(pod: Pod, container: Container): readonly PreparedClaim[] {
    const named = new Set(container.resources?.claims?.map(({ name }) => name));
    const mine = this.#of(uidOf(pod));
    return (pod.spec.resourceClaims ?? []).flatMap(({ name }) => (named.has(name) ? mine.filter((one) => one.name === name) : []));
  }

  /** Pods with claims that are prepared. */
  pods(): ReadonlySet<string> {
    return new Set(this.#prepared.map(({ podUid }) => podUid));
  }

  /** Takes the claims of a pod back, where no other pod of the node uses them. */
  async release(podUid: string): Promise<void> {
    for (const one of this.#of(podUid)) {
      const shared = this.#prepared.some((other) => other.podUid !== podUid && other.claim.uid === one.claim.uid);
      if (!shared) for (const driver of Object.keys(one.devices)) await this.#driver(driver).unprepare(one.claim);
      await this.#turn.run(() => this.#keep(this.#prepared.filter((other) => other !== one)));
    }
  }

  [Symbol.dispose](): void {
    for (const driver of this.#drivers.values()) driver[Symbol.dispose]();
  }
}
