// What of an instance is on the machine right now: processes, mounts, control groups, CNI results. The clean-up removes
// it and tests check that nothing is left.
import type { World } from '#base/world.ts';
import { detectCgroups } from '../cgroups/layout.ts';
import type { ContainerdPaths } from './paths.ts';

type Needs = Pick<World, 'fs'>;

export interface Leftovers {
  readonly processes: readonly number[];
  /** Mount points, deepest (latest) first. */
  readonly mounts: readonly string[];
  /** Control group directories, deepest first. */
  readonly cgroups: readonly string[];
  readonly cniResults: readonly string[];
}

/** Where CNI keeps what plugins answered, for all networks of the machine. */
const cniResults = '/var/lib/cni/results';

const unescapeMount = (path: string): string =>
  path.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));

/** Mount points below a directory (not the directory itself: it may be a disk of the user's) in the text of `/proc/self/mountinfo`, latest first. */
export function mountsBelow(mountinfo: string, dir: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => unescapeMount(line.split(' ')[4] ?? ''))
    .filter((point) => point.startsWith(`${dir}/`))
    .reverse();
}

async function groupsBelow({ fs }: Needs, dir: string): Promise<string[]> {
  if ((await fs.lstat(dir))?.kind !== 'directory') return [];
  const found: string[] = [];
  for (const name of await fs.list(dir)) {
    const path = `${dir}/${name}`;
    if ((await fs.lstat(path))?.kind === 'directory') found.push(...(await groupsBelow({ fs }, path)));
  }
  return [...found, dir];
}

/** The directories of a control group and of those below it, in every hierarchy. */
export async function cgroupDirs(world: Needs, group: string): Promise<string[]> {
  if (!/^\/[^/]/.test(group)) throw new Error(`not a control group of ours: "${group}"`);
  const layout = await detectCgroups(world.fs);
  const all = await Promise.all((layout?.roots ?? []).map((root) => groupsBelow(world, `${root}${group}`)));
  return all.flat();
}

async function processesOf({ fs }: Needs, paths: ContainerdPaths, groups: readonly string[]): Promise<number[]> {
  const found = new Set<number>();
  for (const group of groups) {
    const text = await fs.readText(`${group}/cgroup.procs`).catch(() => '');
    for (const line of text.split('\n')) if (line !== '') found.add(Number(line));
  }
  for (const name of await fs.list('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const args = (await fs.readText(`/proc/${name}/cmdline`).catch(() => '')).split('\0');
    // The daemon by its configuration file, shims by the daemon's address.
    if (args.includes(paths.config) || (args[0]?.includes('containerd-shim') && args.includes(paths.socket))) found.add(Number(name));
  }
  return [...found];
}

/** The files of a network's pods: its own results and those of the loopback network, which have the pods' ids too. */
export function cniResultsOf(names: readonly string[], network: string): string[] {
  const own = names.filter((name) => name.startsWith(`${network}-`));
  const ids = new Set(own.map((name) => name.slice(network.length + 1).replace(/-[^-]+$/, '')));
  return names.filter((name) => name.startsWith(`${network}-`) || ids.has(/^cni-loopback-(.+)-lo$/.exec(name)?.[1] ?? ''));
}

/** Looks for everything that belongs to the instance. */
export async function findLeftovers(world: Needs, paths: ContainerdPaths, dataDir: string): Promise<Leftovers> {
  const group = (await world.fs.readText(paths.cgroup).catch(() => '')).trim();
  const cgroups = group === '' ? [] : await cgroupDirs(world, group);
  const real = await world.fs.realpath(dataDir).catch(() => dataDir);
  return {
    cgroups,
    processes: await processesOf(world, paths, cgroups),
    mounts: mountsBelow(await world.fs.readText('/proc/self/mountinfo'), real),
    cniResults: cniResultsOf(await world.fs.list(cniResults), paths.network).map((name) => `${cniResults}/${name}`),
  };
}
