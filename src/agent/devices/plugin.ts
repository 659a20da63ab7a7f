// One device plugin: its list of devices, followed until its socket closes, and what it is asked.
import type { GrpcChannel } from '#base/grpc.ts';
import { type ContainerDevices, messages, noDevices, type PluginOptions } from './messages.ts';

const callTime = 30_000;

export interface PluginDevice {
  readonly id: string;
  readonly healthy: boolean;
  /** Ids of the NUMA nodes that it is near to; none: the plugin does not say. */
  readonly nodes: readonly number[];
}

/** A device as the plugin tells of it. */
interface Told {
  readonly id: string;
  readonly health: string;
  readonly topology?: { readonly nodes: readonly { readonly id: number }[] };
}

export class DevicePlugin {
  readonly resource: string;
  readonly #channel: GrpcChannel;
  readonly #options: PluginOptions;
  readonly #stop = new AbortController();
  /** Undefined until the plugin has told them for the first time. */
  devices: readonly PluginDevice[] | undefined;
  alive = true;

  constructor(resource: string, channel: GrpcChannel, options: PluginOptions) {
    this.resource = resource;
    this.#channel = channel;
    this.#options = options;
  }

  get healthy(): readonly string[] {
    return this.alive ? (this.devices ?? []).filter(({ healthy }) => healthy).map(({ id }) => id) : [];
  }

  /** Follows the list; `changed` is called with every news, last when the plugin is gone. */
  async follow(changed: () => void): Promise<void> {
    const { signal } = this.#stop;
    try {
      const stream = this.#channel.serverStream('/v1beta1.DevicePlugin/ListAndWatch', messages.Empty.encode({}), { signal });
      for await (const bytes of stream) {
        const { devices } = messages.ListAndWatchResponse.decode(bytes) as unknown as { devices: Told[] };
        this.devices = devices.map(({ id, health, topology }) => ({
          id,
          healthy: health === 'Healthy',
          nodes: topology?.nodes.map((node) => node.id) ?? [],
        }));
        changed();
      }
    } finally {
      this.alive = false;
      this.#channel.close();
      if (!signal.aborted) changed();
    }
  }

  #call(method: string, request: Uint8Array): Promise<Uint8Array> {
    return this.#channel.unary(`/v1beta1.DevicePlugin/${method}`, request, { timeoutMs: callTime });
  }

  /** The devices that the plugin would rather give together; empty when it does not care. */
  async preferred(available: readonly string[], mustInclude: readonly string[], size: number): Promise<readonly string[]> {
    if (!this.#options.getPreferredAllocationAvailable) return [];
    const containerRequests = [{ availableDeviceIds: available, mustIncludeDeviceIds: mustInclude, allocationSize: size }];
    const answer = await this.#call('GetPreferredAllocation', messages.PreferredAllocationRequest.encode({ containerRequests }));
    const { containerResponses } = messages.PreferredAllocationResponse.decode(answer) as { containerResponses: { deviceIds: string[] }[] };
    return containerResponses[0]?.deviceIds ?? [];
  }

  /** What a container needs to use these devices. */
  async allocate(ids: readonly string[]): Promise<ContainerDevices> {
    const answer = await this.#call('Allocate', messages.AllocateRequest.encode({ containerRequests: [{ devicesIds: ids }] }));
    const { containerResponses } = messages.AllocateResponse.decode(answer) as { containerResponses: ContainerDevices[] };
    return containerResponses[0] ?? noDevices;
  }

  /** Called before a container with these devices starts, where the plugin wants it. Rejects when it wants it and is gone. */
  async preStart(ids: readonly string[]): Promise<void> {
    if (!this.#options.preStartRequired) return;
    if (!this.alive) throw new Error(`the device plugin for ${this.resource} is gone, which must prepare its devices`);
    await this.#call('PreStartContainer', messages.PreStartContainerRequest.encode({ devicesIds: ids }));
  }

  close(): void {
    this.#stop.abort();
    this.#channel.close();
  }
}
