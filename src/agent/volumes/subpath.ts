// subPath: a file or directory inside a volume. Links in the volume are the container's, so they must not lead out of it.
import type { World } from '#base/world.ts';
import { isSafePath } from './payload.ts';

/** The real path of `subPath` below `root`; made as a directory when absent. Throws for paths that leave the volume. */
export async function resolveSubPath({ fs }: Pick<World, 'fs'>, root: string, subPath: string, mode: number): Promise<string> {
  if (!isSafePath(subPath)) throw new Error(`subPath ${JSON.stringify(subPath)} must be a relative path without '..'`);
  const base = await fs.realpath(root);
  let at = base;
  for (const part of subPath.split('/').filter((piece) => piece !== '' && piece !== '.')) {
    const next = `${at}/${part}`;
    if ((await fs.lstat(next)) === undefined) {
      await fs.mkdir(next, mode);
      await fs.chmod(next, mode);
    }
    at = await fs.realpath(next);
    if (at !== base && !at.startsWith(`${base}/`))
      throw new Error(`failed to prepare subPath for volumeMount: subpath ${JSON.stringify(subPath)} not within volume path`);
  }
  return at;
}
