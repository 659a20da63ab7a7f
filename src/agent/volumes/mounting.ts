// The mount table and the commands that change it.
import type { World } from '#base/world.ts';

type Needs = Pick<World, 'fs' | 'exec'>;

export interface MountEntry {
  /** The path inside the mounted file system that is visible at the mount point. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly shared: boolean;
}

const plain = (path: string): string => path.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));

/** The entries of `/proc/self/mountinfo`, in order. */
export function parseMountinfo(text: string): MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of text.split('\n')) {
    const [left, right] = line.split(' - ');
    const fields = left?.split(' ') ?? [];
    if (right === undefined || fields.length < 6) continue;
    entries.push({
      root: plain(fields[3] ?? ''),
      point: plain(fields[4] ?? ''),
      type: right.split(' ')[0] ?? '',
      shared: fields.slice(6).some((field) => field.startsWith('shared:')),
    });
  }
  return entries;
}

const under = (path: string, dir: string): boolean => dir === '/' || path === dir || path.startsWith(`${dir}/`);

/** Where a path's file or directory is inside the file system that holds it. */
export function rootPathOf(entries: readonly MountEntry[], path: string): string {
  const holder = entries.filter((entry) => under(path, entry.point)).reduce((a, b) => (b.point.length >= a.point.length ? b : a));
  const rest = holder.point === '/' ? path : path.slice(holder.point.length);
  return holder.root === '/' ? rest || '/' : `${holder.root}${rest === '/' ? '' : rest}`;
}

export async function mountTable({ fs }: Pick<World, 'fs'>): Promise<MountEntry[]> {
  return parseMountinfo(await fs.readText('/proc/self/mountinfo'));
}

/** Runs `mount`; rejects with its message. */
export async function mount({ exec }: Pick<World, 'exec'>, args: readonly string[]): Promise<void> {
  const result = await exec.run('mount', args, { timeout: 30_000 });
  if (result.code !== 0) throw new Error(result.stderr.trim() || `mount ${args.join(' ')} failed`);
}

/** Unmounts a path, as often as something is mounted there. A busy mount is detached. */
export async function unmount({ exec }: Pick<World, 'exec'>, point: string): Promise<void> {
  const result = await exec.run('umount', [point], { timeout: 30_000 });
  if (result.code === 0) return;
  const lazy = await exec.run('umount', ['--lazy', point], { timeout: 30_000 });
  if (lazy.code !== 0 && !/not mounted|no mount point|not found/.test(lazy.stderr)) throw new Error(lazy.stderr.trim());
}

/** Unmounts everything at or below a directory, the latest mount first. */
export async function unmountBelow(world: Needs, dir: string): Promise<void> {
  const points = (await mountTable(world)).map((entry) => entry.point).filter((point) => under(point, dir));
  for (const point of points.reverse()) await unmount(world, point);
}
