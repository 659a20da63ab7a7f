// Making, limiting and removing control groups by their path, in all hierarchies at once.
import { codeOf, messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { CgroupLayout } from './layout.ts';
import type { GroupSetting } from './podlimits.ts';

type Needs = Pick<World, 'fs' | 'exec' | 'clock'>;

// What the container runtime wants to find switched on in a version 2 tree.
const v2Controllers = ['cpu', 'cpuset', 'io', 'memory', 'pids'];
const killAttempts = 50;

/** Every directory of a group, one per hierarchy. */
export const groupDirs = (layout: CgroupLayout, group: string): string[] => layout.roots.map((root) => `${root}${group}`);

/** Creates a group with its parents. In version 2, controllers are passed down to its children. */
export async function makeGroup({ fs }: Pick<World, 'fs'>, layout: CgroupLayout, group: string): Promise<void> {
  if (layout.version === 1) {
    const mounts = new Set(
      ['cpu', 'cpuacct', 'memory', 'pids'].map((name) => layout.controllers.get(name)).filter((mount) => mount !== undefined),
    );
    for (const mount of mounts) await fs.mkdir(`${mount}${group}`);
    return;
  }
  const root = layout.roots[0] ?? '';
  const wanted = v2Controllers.filter((name) => layout.controllers.has(name));
  let dir = root;
  for (const part of ['', ...group.split('/').filter(Boolean)]) {
    if (part !== '') dir = `${dir}/${part}`;
    await fs.mkdir(dir);
    const file = `${dir}/cgroup.subtree_control`;
    const on = new Set((await fs.readText(file)).trim().split(/\s+/));
    const missing = wanted.filter((name) => !on.has(name));
    if (missing.length > 0) await fs.write(file, missing.map((name) => `+${name}`).join(' '));
  }
}

/** Writes settings of a group. Controllers that the machine does not have are passed over. */
export async function applySettings(
  { fs }: Pick<World, 'fs'>,
  layout: CgroupLayout,
  group: { readonly path: string; readonly settings: readonly GroupSetting[] },
): Promise<void> {
  for (const { controller, file, value } of group.settings) {
    const mount = layout.controllers.get(controller);
    if (mount === undefined) continue;
    const path = `${mount}${group.path}/${file}`;
    // Writing costs more than reading, and some values (memory limits) make the kernel work.
    const present = (await fs.readText(path).catch(() => '')).trim();
    if (present === value) continue;
    try {
      await fs.write(path, value);
    } catch (error) {
      throw new Error(`cannot set ${file} of ${group.path} to ${value}: ${messageOf(error)}`, { cause: error });
    }
  }
}

async function removeTree(fs: World['fs'], dir: string): Promise<boolean> {
  const info = await fs.lstat(dir);
  if (info?.kind !== 'directory') return true;
  let gone = true;
  for (const name of await fs.list(dir)) {
    const child = `${dir}/${name}`;
    if ((await fs.lstat(child))?.kind === 'directory') gone = (await removeTree(fs, child)) && gone;
  }
  if (!gone) return false;
  try {
    await fs.rmdir(dir);
    return true;
  } catch (error) {
    return codeOf(error) === 'ENOENT';
  }
}

async function killAll({ fs, exec }: Pick<World, 'fs' | 'exec'>, dir: string): Promise<void> {
  if ((await fs.lstat(dir))?.kind !== 'directory') return;
  for (const line of (await fs.readText(`${dir}/cgroup.procs`).catch(() => '')).split('\n')) {
    const pid = Number(line);
    if (line !== '' && pid > 0 && exec.alive(pid)) exec.kill(pid, 'SIGKILL');
  }
  for (const name of await fs.list(dir)) await killAll({ fs, exec }, `${dir}/${name}`);
}

/** Removes a group and those below it; processes that are still in it are killed. */
export async function removeGroup(world: Needs, layout: CgroupLayout, group: string): Promise<void> {
  for (let attempt = 0; attempt < killAttempts; attempt++) {
    const gone = await Promise.all(groupDirs(layout, group).map((dir) => removeTree(world.fs, dir)));
    if (gone.every(Boolean)) return;
    for (const dir of groupDirs(layout, group)) await killAll(world, dir);
    await world.clock.sleep(Math.min(10 * (attempt + 1), 200));
  }
  throw new Error(`control group ${group} cannot be removed`);
}
