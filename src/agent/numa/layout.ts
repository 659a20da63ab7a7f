// The NUMA nodes of the machine: which processors and how much memory each has, and how far they are from each other.
import type { World } from '#base/world.ts';
import { meminfoBytes, readHugepages } from '../node/facts.ts';
import { parseCpuset } from '../settings/cpuset.ts';

export interface NumaNode {
  readonly id: number;
  readonly cpus: ReadonlySet<number>;
  /** Bytes, those of huge pages included. */
  readonly memory: number;
  /** Bytes of huge pages by resource, e.g. `hugepages-2Mi`. */
  readonly hugepages: Readonly<Record<string, number>>;
  /** To every node in the order of the layout; empty where the kernel does not say. */
  readonly distances: readonly number[];
}

/** Every node, by growing id. A node's place in this list is its place in a `Mask`. */
export type NumaLayout = readonly NumaNode[];

const base = '/sys/devices/system/node';

const byResource = (sizes: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(sizes).map(([size, bytes]) => [`hugepages-${size}`, bytes]));

async function readNode(world: Pick<World, 'fs'>, id: number): Promise<NumaNode> {
  const text = (file: string): Promise<string> => world.fs.readText(`${base}/node${id}/${file}`).catch(() => '');
  const [cpus, meminfo, distance, hugepages] = await Promise.all([
    text('cpulist'),
    text('meminfo'),
    text('distance'),
    readHugepages(world, `${base}/node${id}/hugepages`),
  ]);
  return {
    id,
    cpus: parseCpuset(cpus),
    memory: meminfoBytes(meminfo.replaceAll(/^Node \d+ /gm, ''), 'MemTotal'),
    hugepages: byResource(hugepages),
    distances: distance.trim() === '' ? [] : distance.trim().split(/\s+/).map(Number),
  };
}

/** Reads the layout. A kernel without NUMA has one node, which has everything. */
export async function readNumaLayout(world: Pick<World, 'fs'>): Promise<NumaLayout> {
  const ids = (await world.fs.list(base)).flatMap((name) => /^node(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  if (ids.length > 0) return Promise.all(ids.sort((a, b) => a - b).map((id) => readNode(world, id)));
  const [online, meminfo, hugepages] = await Promise.all([
    world.fs.readText('/sys/devices/system/cpu/online').catch(() => ''),
    world.fs.readText('/proc/meminfo').catch(() => ''),
    readHugepages(world),
  ]);
  const memory = meminfoBytes(meminfo, 'MemTotal');
  return [{ id: 0, cpus: parseCpuset(online), memory, hugepages: byResource(hugepages), distances: [10] }];
}
