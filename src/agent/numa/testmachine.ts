// A made-up machine for tests of what is given to pods: its processors, memory and cards, and what it keeps over restarts.
import type { Clock } from '#base/clock.ts';
import type { Fs } from '#base/fs.ts';
import type { GrpcChannel, GrpcMethod } from '#base/grpc.ts';
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { startCpuManager } from '../cpus/manager.ts';
import { DeviceManager } from '../devices/manager.ts';
import { messages } from '../devices/messages.ts';
import { startMemoryManager } from '../memory/manager.ts';
import type { NumaLayout } from './layout.ts';
import { TopologyManager } from './manager.ts';
import type { TopologyOptions } from './options.ts';

const gi = 1024 ** 3;
/** What its plugin offers. */
export const resource = 'example.com/card';

/** By path. */
type Files = ReadonlyMap<string, string>;

/**
 * So many nodes of four processors and 8 GiB, two nodes on each socket; a card on each node, and a second one on the last.
 * `before`: what an earlier life of the agent has left; the plugin of the cards has not come back then.
 */
export async function machine(count: number, config?: Omit<TopologyOptions, 'options'> & Partial<TopologyOptions>, before?: Files) {
  const layout: NumaLayout = Array.from({ length: count }, (_, id) => ({
    id,
    cpus: new Set([0, 1, 2, 3].map((n) => id * 4 + n)),
    memory: 8 * gi,
    hugepages: {},
    distances: Array.from({ length: count }, (__, to) => (to === id ? 10 : to >> 1 === id >> 1 ? 12 : 32)),
  }));
  const files = new Map(before ?? [['/sys/devices/system/cpu/online', `0-${count * 4 - 1}`]]);
  for (const cpu of layout.flatMap(({ cpus }) => [...cpus])) {
    files.set(`/sys/devices/system/cpu/cpu${cpu}/topology/physical_package_id`, String(cpu >> 3));
    files.set(`/sys/devices/system/cpu/cpu${cpu}/topology/core_id`, String(cpu));
  }
  const fs: Partial<Fs> = {
    readText: (path) => (files.has(path) ? Promise.resolve(files.get(path) ?? '') : Promise.reject(new Error('ENOENT'))),
    write: (path, data) => Promise.resolve(void files.set(path, String(data))),
    mkdir: () => Promise.resolve(),
  };
  const cards = [...layout.map(({ id }) => ({ id: `card-${id}`, node: id })), { id: 'spare', node: count - 1 }];
  let sick: readonly string[] = [];
  const channel: Partial<GrpcChannel> = {
    async *serverStream() {
      const health = (id: string): string => (sick.includes(id) ? 'Unhealthy' : 'Healthy');
      const devices = cards.map(({ id, node }) => ({ id, health: health(id), topology: { nodes: [{ id: node }] } }));
      yield messages.ListAndWatchResponse.encode({ devices });
      await new Promise(() => undefined);
    },
    close: () => undefined,
  };
  let methods: Readonly<Record<string, GrpcMethod>> = {};
  const grpc = {
    serve: (_: string, given: typeof methods) => {
      methods = given;
      return Promise.resolve({ close: () => undefined });
    },
    connect: () => channel as GrpcChannel,
  };
  const world = { fs: fs as Fs, grpc, log: { info: () => undefined } as unknown as World['log'] } satisfies Partial<World>;
  let changed: () => void = () => undefined;
  const cpus = await startCpuManager(world, {
    options: { policy: 'static', reservedCpus: '0', options: {} },
    layout,
    reserved: '1',
    file: '/cpus',
    changed: () => undefined,
  });
  const memory = await startMemoryManager(world, { layout, reserved: new Map([[0, { memory: gi }]]), file: '/memory' });
  const devices = new DeviceManager(world, { dir: '/devices', layout, changed: () => changed() });
  await devices.start();
  /** The plugin of the cards comes, or comes back; `unwell`: cards that do not work. */
  const plugIn = async (unwell: readonly string[] = []): Promise<void> => {
    sick = unwell;
    const told = Promise.withResolvers<void>();
    changed = told.resolve;
    const request = { version: 'v1beta1', endpoint: 'card.sock', resourceName: resource };
    await methods['/v1beta1.Registration/Register']?.(messages.RegisterRequest.encode(request));
    await told.promise;
  };
  if (!before) await plugIn();
  const topology = new TopologyManager({
    clock: { monotonic: () => 0 } as Clock,
    providers: [devices, cpus, memory],
    topology: config && { config: { options: {}, ...config }, layout },
  });
  /** What a container has: processors, nodes of its memory, cards. */
  const has = (of: Pod, name = 'c'): string => {
    const mine = devices.of(of.metadata.uid ?? '', name).map(({ id }) => id);
    const own = cpus.of(of, name);
    return `${own?.exclusive ? own.cpus : 'shared'} ${memory.of(of, name) ?? 'any'} ${mine.join('+') || 'none'}`;
  };
  return { topology, devices, cpus, memory, has, plugIn, files };
}

export interface Wish {
  readonly cpu: string;
  readonly memory: string;
  readonly cards?: number;
}

const container = (name: string, { cpu, memory, cards }: Wish) => {
  const amounts = { cpu, memory, ...(cards ? { [resource]: String(cards) } : {}) };
  return { name, resources: { requests: amounts, limits: amounts } };
};

/** A pod whose containers `c`, `c1`, … ask for so much. */
export const pod = (uid: string, ...wishes: readonly Wish[]): Pod => {
  const containers = wishes.map((wish, index) => container(index === 0 ? 'c' : `c${index}`, wish));
  return { metadata: { name: uid, uid }, spec: { containers }, status: {} } as unknown as Pod;
};
