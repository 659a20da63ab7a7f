// subPath: mounts a part of a volume. The path is the user's and so are the links in the volume, so what was found must
// be inside, and what was mounted must be what was found.
import type { World } from '#base/world.ts';
import { mount, mountTable, rootPathOf, unmount } from './mounting.ts';

type Needs = Pick<World, 'fs' | 'exec'>;

/** The checked relative form of a subPath; throws Kubernetes' words. */
export function cleanSubPath(path: string): string {
  if (path.startsWith('/')) throw new Error(`error SubPath \`${path}\` must not be an absolute path`);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new Error(`unable to provision SubPath \`${path}\`: must not contain '..'`);
  return parts.join('/');
}

const inside = (path: string, dir: string): boolean => path === dir || path.startsWith(`${dir}/`);

/** Creates the missing directories of a path below `base`, each checked to be inside before the next is made. */
async function makeInside({ fs }: Pick<World, 'fs'>, base: string, about: { path: string; mode: number }): Promise<void> {
  let at = base;
  for (const part of about.path.split('/')) {
    const next = `${at}/${part}`;
    if ((await fs.stat(next)) === undefined) {
      if ((await fs.lstat(next)) !== undefined) throw new Error(`subpath "${about.path}" is a broken link`);
      await fs.mkdir(next, about.mode);
      await fs.chmod(next, about.mode);
    }
    at = await fs.realpath(next);
    if (!inside(at, base)) throw new Error(`subpath "${about.path}" not within volume path "${base}"`);
  }
}

/**
 * Bind-mounts `path` of the volume at `volumeDir` on `target` and resolves with what a container is to mount. A mount of
 * an earlier life of the container is replaced.
 */
export async function mountSubPath(
  world: Needs,
  about: { readonly volumeDir: string; readonly path: string; readonly target: string; readonly readonly: boolean },
): Promise<string> {
  const { fs } = world;
  const { path, target } = about;
  const base = await fs.realpath(about.volumeDir);
  const full = `${base}/${path}`;
  if ((await fs.stat(full)) === undefined) {
    if (about.readonly) throw new Error(`subpath "${path}" does not exist in a read-only volume`);
    const mode = (await fs.stat(base))?.mode ?? 0o755;
    await makeInside(world, base, { path, mode: mode & 0o7777 });
  }
  const real = await fs.realpath(full);
  if (!inside(real, base)) throw new Error(`subpath "${path}" not within volume path "${base}"`);

  const place = `${await fs.realpath(target.slice(0, target.lastIndexOf('/')))}/${target.slice(target.lastIndexOf('/') + 1)}`;
  const before = await mountTable(world);
  for (const entry of before) if (entry.point === place) await unmount(world, place);
  await fs.remove(place);
  if ((await fs.stat(real))?.kind === 'directory') await fs.mkdir(place, 0o750);
  else await fs.write(place, '', { mode: 0o640 });
  await mount(world, ['--bind', real, place]);
  // Between looking and mounting a container may have put a link in the way: the kernel says what is mounted.
  const after = await mountTable(world);
  const mounted = after.findLast((entry) => entry.point === place);
  const wanted = rootPathOf(
    after.filter((entry) => entry.point !== place),
    real,
  );
  if (mounted?.root !== wanted) {
    await unmount(world, place);
    throw new Error(`subpath "${path}" changed while it was mounted`);
  }
  return place;
}
