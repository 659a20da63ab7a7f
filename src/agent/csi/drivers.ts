// The CSI drivers that are registered on this node.
import { Mutex } from '#base/mutex.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client/client.ts';
import type { PluginHandler, PluginInfo } from '../plugins/registry.ts';
import { PayloadError } from '../volumes/payload.ts';
import { publishDrivers } from './csinode.ts';
import { CsiDriver, type NodeInfo } from './driver.ts';

interface Registered {
  readonly driver: CsiDriver;
  readonly info: NodeInfo;
}

/** Takes plugins of type `CSIPlugin` and tells the API of them. */
export class CsiDrivers implements PluginHandler, Disposable {
  readonly #world: Pick<World, 'grpc'>;
  readonly #client: Client;
  readonly #nodeName: string;
  readonly #dataDir: string;
  readonly #drivers = new Map<string, Registered>();
  readonly #turn = new Mutex();

  constructor(world: Pick<World, 'grpc'>, about: { client: Client; nodeName: string; dataDir: string }) {
    this.#world = world;
    this.#client = about.client;
    this.#nodeName = about.nodeName;
    this.#dataDir = about.dataDir;
  }

  /** The driver of this name; throws kubelet's words when there is none (yet). */
  get(name: string): CsiDriver {
    const found = this.#drivers.get(name);
    if (!found) throw new PayloadError(`driver name ${name} not found in the list of registered CSI drivers`);
    return found.driver;
  }

  async register(plugin: PluginInfo): Promise<void> {
    if (!plugin.supportedVersions.some((version) => /^v?1\./.test(version))) {
      const versions = plugin.supportedVersions.join(' ');
      throw new Error(`none of the versions [${versions}] of the CSI driver ${plugin.name} are supported`);
    }
    const driver = new CsiDriver(this.#world, { ...plugin, dataDir: this.#dataDir });
    try {
      const info = await driver.info();
      if (info.nodeId === '') throw new Error(`the CSI driver ${plugin.name} has no id for this node`);
      this.#drivers.get(plugin.name)?.driver[Symbol.dispose]();
      this.#drivers.set(plugin.name, { driver, info });
      await this.#publish();
    } catch (error) {
      driver[Symbol.dispose]();
      this.#drivers.delete(plugin.name);
      throw error;
    }
  }

  async deregister(plugin: PluginInfo): Promise<void> {
    const known = this.#drivers.get(plugin.name);
    // Another life of the driver may have registered meanwhile, from another socket.
    if (known?.driver.endpoint !== plugin.endpoint) return;
    this.#drivers.delete(plugin.name);
    known.driver[Symbol.dispose]();
    await this.#publish();
  }

  #publish(): Promise<void> {
    return this.#turn.run(() =>
      publishDrivers(this.#client, this.#nodeName, new Map([...this.#drivers].map(([name, { info }]) => [name, info]))),
    );
  }

  [Symbol.dispose](): void {
    for (const { driver } of this.#drivers.values()) driver[Symbol.dispose]();
    this.#drivers.clear();
  }
}
