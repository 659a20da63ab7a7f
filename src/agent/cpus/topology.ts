// Which processors of the machine share a core, a cache, a socket and a NUMA node.
import type { World } from '#base/world.ts';
import type { NumaLayout } from '../numa/layout.ts';
import { parseCpuset } from '../settings/cpuset.ts';

export interface Processor {
  readonly id: number;
  /** Distinguishes cores of the whole machine. */
  readonly core: string;
  readonly socket: string;
  /** Place of its NUMA node in the layout. */
  readonly node: number;
  /** The last-level cache that it shares with others; undefined: the kernel does not say. */
  readonly cache?: string;
}

const base = '/sys/devices/system/cpu';

/** The processors that are online. Where the kernel tells nothing of cores, each is one of its own. */
export async function readTopology({ fs }: Pick<World, 'fs'>, layout: NumaLayout): Promise<readonly Processor[]> {
  const online = parseCpuset(await fs.readText(`${base}/online`));
  const number = async (id: number, file: string): Promise<string | undefined> =>
    fs.readText(`${base}/cpu${id}/${file}`).then(
      (text) => text.trim(),
      () => undefined,
    );
  return Promise.all(
    [...online].map(async (id) => {
      const socket = (await number(id, 'topology/physical_package_id')) ?? '0';
      const core = (await number(id, 'topology/core_id')) ?? `cpu${id}`;
      const node = layout.findIndex(({ cpus }) => cpus.has(id));
      const cache = await number(id, 'cache/index3/id');
      return { id, socket, core: `${socket}/${core}`, node: Math.max(0, node), ...(cache === undefined ? {} : { cache }) };
    }),
  );
}

/** Processors in each core; the largest number where cores differ. */
export function threadsPerCore(topology: readonly Processor[]): number {
  return Math.max(1, ...[...Map.groupBy(topology, ({ core }) => core).values()].map((threads) => threads.length));
}
