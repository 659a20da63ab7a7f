// What the machine is: read once at start, except what changes (memory, disk, processes).
import type { World } from '#base/world.ts';

export interface NodeFacts {
  readonly machineID: string;
  readonly systemUUID: string;
  readonly bootID: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  /** As Go names it: amd64, arm64. */
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  /** Bytes of huge pages by size name, e.g. `2Mi`. */
  readonly hugepages: Readonly<Record<string, number>>;
}

type Needs = Pick<World, 'fs' | 'exec'>;

const architectures: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64', armv7l: 'arm', riscv64: 'riscv64' };

async function text(world: Pick<World, 'fs'>, path: string): Promise<string> {
  return world.fs.readText(path).then(
    (value) => value.trim(),
    () => '',
  );
}

/** A line `Name:  123 kB` of /proc/meminfo, in bytes: pure. */
export function meminfoBytes(meminfo: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo);
  return match ? Number(match[1]) * 1024 : 0;
}

/** Processors that are online, from the text of /proc/stat; at least one: pure. */
export function processorsOnline(stat: string): number {
  return Math.max(1, (stat.match(/^cpu\d+ /gm) ?? []).length);
}

/** Bytes of huge pages by size name, of the machine or of the NUMA node that a directory belongs to. */
export async function readHugepages(world: Pick<World, 'fs'>, base = '/sys/kernel/mm/hugepages'): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const name of await world.fs.list(base)) {
    const kib = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0);
    if (kib === 0) continue;
    const size = kib >= 1024 * 1024 ? `${kib / 1024 / 1024}Gi` : `${kib / 1024}Mi`;
    found[size] = Number(await text(world, `${base}/${name}/nr_hugepages`)) * kib * 1024;
  }
  return found;
}

/** Reads the machine's facts. */
export async function readNodeFacts(world: Needs): Promise<NodeFacts> {
  const [machineID, systemUUID, bootID, kernelVersion, release, meminfo, stat, machine] = await Promise.all([
    text(world, '/etc/machine-id'),
    text(world, '/sys/class/dmi/id/product_uuid'),
    text(world, '/proc/sys/kernel/random/boot_id'),
    text(world, '/proc/sys/kernel/osrelease'),
    text(world, '/etc/os-release'),
    text(world, '/proc/meminfo'),
    text(world, '/proc/stat'),
    world.exec.run('uname', ['-m']).then(
      (result) => result.stdout.trim(),
      () => 'x86_64',
    ),
  ]);
  return {
    machineID,
    systemUUID: systemUUID || machineID,
    bootID,
    kernelVersion,
    osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release)?.[1] ?? 'Linux',
    architecture: architectures[machine] ?? machine,
    cpus: processorsOnline(stat),
    memoryBytes: meminfoBytes(meminfo, 'MemTotal'),
    swapBytes: meminfoBytes(meminfo, 'SwapTotal'),
    hugepages: await readHugepages(world),
  };
}

/** What runs short, measured now. */
export interface NodePressure {
  readonly memoryAvailable: number;
  readonly memoryTotal: number;
  readonly diskAvailable: number;
  readonly diskCapacity: number;
  readonly inodesFree: number;
  readonly inodes: number;
  readonly pidsUsed: number;
  readonly pidsMax: number;
}

/** Measures the node. */
export async function readPressure(world: Needs, dataDir: string): Promise<NodePressure> {
  const [meminfo, disk, loadavg, pidMax] = await Promise.all([
    text(world, '/proc/meminfo'),
    world.fs.usage(dataDir),
    text(world, '/proc/loadavg'),
    text(world, '/proc/sys/kernel/pid_max'),
  ]);
  return {
    memoryAvailable: meminfoBytes(meminfo, 'MemAvailable'),
    memoryTotal: meminfoBytes(meminfo, 'MemTotal'),
    diskAvailable: disk.available,
    diskCapacity: disk.capacity,
    inodesFree: disk.inodesFree,
    inodes: disk.inodes,
    pidsUsed: Number(/\d+\/(\d+)/.exec(loadavg)?.[1] ?? 0),
    pidsMax: Number(pidMax) || 32_768,
  };
}
