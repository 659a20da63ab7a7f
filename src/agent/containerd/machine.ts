// What this machine offers to containers: programs, kernel features, control groups.
import type { World } from '#base/world.ts';
import { detectCgroups, type CgroupLayout } from '../cgroups/layout.ts';

export interface ContainerMachine {
  /** Absolute path of containerd and its version, e.g. '1.6.20'. */
  readonly containerd: string;
  readonly containerdVersion: string;
  /** The OCI runtime's path (runc or crun). */
  readonly ociRuntime: string;
  /** Paths of the programs that set up pods' networks. */
  readonly ip: string;
  readonly nsenter: string;
  readonly cgroups: CgroupLayout;
  readonly apparmor: boolean;
  /** False without CAP_SYS_RESOURCE: OOM scores cannot be lowered then. */
  readonly lowersOomScore: boolean;
  /** 'overlayfs' or, where the data directory's file system cannot hold an upper layer, 'native'. */
  readonly snapshotter: 'overlayfs' | 'native';
}

/** What is missing for containers, each with how to get it. */
export class MachineLacks extends Error {
  readonly missing: readonly string[];
  constructor(missing: readonly string[]) {
    super(`this machine cannot run containers: ${missing.join('; ')}`);
    this.name = 'MachineLacks';
    this.missing = missing;
  }
}

const binDirs = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

type Needs = Pick<World, 'fs' | 'exec' | 'env'>;

/** The absolute path of a program, from PATH and the usual directories. */
export async function findProgram({ fs, env }: Pick<World, 'fs' | 'env'>, name: string): Promise<string | undefined> {
  for (const dir of [...(env.PATH ?? '').split(':').filter((part) => part.startsWith('/')), ...binDirs]) {
    const info = await fs.stat(`${dir}/${name}`);
    if (info?.kind === 'file' && (info.mode & 0o111) !== 0) return `${dir}/${name}`;
  }
  return undefined;
}

/** The type of the file system that holds a path, from the text of `/proc/self/mountinfo`. */
export function fileSystemOf(mountinfo: string, path: string): string {
  let best = '';
  let type = '';
  for (const line of mountinfo.split('\n')) {
    const [left, right] = line.split(' - ');
    const point = left?.split(' ')[4];
    if (point === undefined || right === undefined) continue;
    const prefix = point.endsWith('/') ? point : `${point}/`;
    if ((path === point || path.startsWith(prefix)) && point.length >= best.length) {
      best = point;
      type = right.split(' ')[0] ?? '';
    }
  }
  return type;
}

/** The version number in `containerd --version`'s answer. */
export function parseVersion(text: string): string {
  return /\bv?(\d+\.\d+\.\d+)/.exec(text)?.[1] ?? '';
}

/** Looks at this machine; rejects with MachineLacks when something needed is not there. */
export async function inspectMachine(world: Needs, dataDir: string): Promise<ContainerMachine> {
  const { fs, exec } = world;
  const [containerd, runc, crun, ip, nsenter, cgroups] = await Promise.all([
    findProgram(world, 'containerd'),
    findProgram(world, 'runc'),
    findProgram(world, 'crun'),
    findProgram(world, 'ip'),
    findProgram(world, 'nsenter'),
    detectCgroups(fs),
  ]);
  const ociRuntime = runc ?? crun;
  const missing: string[] = [];
  if (containerd === undefined) missing.push('containerd is not installed (Debian: apt-get install containerd)');
  if (ociRuntime === undefined) missing.push('no OCI runtime is installed (Debian: apt-get install runc)');
  if (ip === undefined) missing.push('ip is not installed (Debian: apt-get install iproute2)');
  if (nsenter === undefined) missing.push('nsenter is not installed (Debian: apt-get install util-linux)');
  if (cgroups === undefined) missing.push('no cgroup file system is mounted (mount -t cgroup2 none /sys/fs/cgroup)');
  if (!containerd || !ociRuntime || !ip || !nsenter || !cgroups) throw new MachineLacks(missing);

  const [version, apparmor, status, mountinfo] = await Promise.all([
    exec.run(containerd, ['--version'], { timeout: 10_000 }),
    fs.readText('/sys/module/apparmor/parameters/enabled').catch(() => 'N'),
    fs.readText('/proc/self/status'),
    fs.readText('/proc/self/mountinfo'),
  ]);
  const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const upperLess = new Set(['overlay', 'nfs', 'nfs4', 'fuse', 'ecryptfs', 'vfat', '9p']);
  return {
    containerd,
    containerdVersion: parseVersion(version.stdout),
    ociRuntime,
    ip,
    nsenter,
    cgroups,
    apparmor: apparmor.trim() === 'Y',
    lowersOomScore: ((capabilities >> 24n) & 1n) === 1n,
    snapshotter: upperLess.has(fileSystemOf(mountinfo, dataDir)) ? 'native' : 'overlayfs',
  };
}
