// Where the kernel's control groups are mounted: version 2 (one tree), or version 1 (a tree per controller, perhaps with
// a version 2 tree beside them that has no useful controllers).
import type { Fs } from '#base/fs.ts';

export interface CgroupLayout {
  /** 2 when cpu, memory and pids are controllers of the unified tree. */
  readonly version: 1 | 2;
  /** Version 1: the mount point of each controller ('cpu', 'memory', …). Version 2: every controller → the one mount point. */
  readonly controllers: ReadonlyMap<string, string>;
  /** Every mount point, each once: where directories of a group may exist. */
  readonly roots: readonly string[];
}

const v1Controllers = new Set([
  'cpu',
  'cpuacct',
  'cpuset',
  'memory',
  'devices',
  'freezer',
  'blkio',
  'pids',
  'hugetlb',
  'net_cls',
  'net_prio',
  'perf_event',
  'rdma',
  'misc',
]);

interface CgroupMount {
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

function parseMounts(text: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of text.split('\n')) {
    const [left, right] = line.split(' - ');
    const point = left?.split(' ')[4];
    const [type, , options] = right?.split(' ') ?? [];
    if (!point || (type !== 'cgroup' && type !== 'cgroup2')) continue;
    mounts.push({ point, type, options: options?.split(',') ?? [] });
  }
  return mounts;
}

/** The layout that `/proc/self/mountinfo` describes; `unified` are the controllers of the version 2 tree. */
export function cgroupLayout(mountinfo: string, unified: readonly string[]): CgroupLayout | undefined {
  const mounts = parseMounts(mountinfo);
  const controllers = new Map<string, string>();
  for (const mount of mounts) {
    if (mount.type !== 'cgroup') continue;
    for (const option of mount.options) if (v1Controllers.has(option) && !controllers.has(option)) controllers.set(option, mount.point);
  }
  const roots = [...new Set(mounts.map((mount) => mount.point))];
  if (controllers.has('memory')) return { version: 1, controllers, roots };
  const root = mounts.find((mount) => mount.type === 'cgroup2')?.point;
  if (root === undefined) return undefined;
  return { version: 2, controllers: new Map(unified.map((name) => [name, root])), roots: [root] };
}

/** Looks at this machine; undefined when there are no control groups. */
export async function detectCgroups(fs: Pick<Fs, 'readText'>): Promise<CgroupLayout | undefined> {
  const mountinfo = await fs.readText('/proc/self/mountinfo');
  const unified = parseMounts(mountinfo).find((mount) => mount.type === 'cgroup2')?.point;
  const names = unified === undefined ? '' : await fs.readText(`${unified}/cgroup.controllers`).catch(() => '');
  return cgroupLayout(mountinfo, names.trim().split(/\s+/).filter(Boolean));
}
