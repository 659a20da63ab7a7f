// Keeps container logs within their size: the current file is renamed away and reopened, older ones are compressed,
// the oldest removed. Names and counts as kubelet's.
import type { World } from '#base/world.ts';
import { messageOf } from '#base/errors.ts';
import type { Runtime } from '../runtime.ts';

export interface RotateOptions {
  readonly maxSize: number;
  /** Including the current one. */
  readonly maxFiles: number;
}

/** `20260102-030405`, which sorts by time. */
export function rotationSuffix(ms: number): string {
  const text = new Date(ms).toISOString();
  return `${text.slice(0, 10).replaceAll('-', '')}-${text.slice(11, 19).replaceAll(':', '')}`;
}

/** Which rotated files (sorted, oldest first) to delete and which to compress: pure. */
export function planRotated(names: readonly string[], maxFiles: number): { remove: string[]; compress: string[] } {
  const rotated = names.toSorted();
  // The current file and the one being rotated now are two of them.
  const keep = Math.max(0, maxFiles - 2);
  const cut = Math.max(0, rotated.length - keep);
  return { remove: rotated.slice(0, cut), compress: rotated.slice(cut).filter((name) => !name.endsWith('.gz')) };
}

/** Rotates one log if it has grown too large; true when it did. */
export async function rotateLog(
  world: Pick<World, 'fs' | 'clock' | 'zip'>,
  runtime: Pick<Runtime, 'reopenLog'>,
  log: { containerId: string; path: string; options: RotateOptions },
): Promise<boolean> {
  const { fs } = world;
  const info = await fs.stat(log.path);
  if (!info || info.size < log.options.maxSize) return false;
  const slash = log.path.lastIndexOf('/');
  const directory = log.path.slice(0, slash);
  const name = log.path.slice(slash + 1);
  const names = (await fs.list(directory)).filter((entry) => entry.startsWith(`${name}.`));
  await Promise.all(names.filter((entry) => entry.endsWith('.tmp')).map((entry) => fs.remove(`${directory}/${entry}`)));
  const plan = planRotated(
    names.filter((entry) => !entry.endsWith('.tmp')),
    log.options.maxFiles,
  );
  for (const entry of plan.remove) await fs.remove(`${directory}/${entry}`);
  for (const entry of plan.compress) {
    const path = `${directory}/${entry}`;
    const packed = await world.zip.gzip(await fs.read(path));
    await fs.write(`${path}.gz`, packed, { atomic: true, mode: 0o640 });
    await fs.remove(path);
  }
  const target = `${log.path}.${rotationSuffix(world.clock.now())}`;
  await fs.rename(log.path, target);
  try {
    await runtime.reopenLog(log.containerId);
  } catch (error) {
    // Without a reopened file the container writes on into the renamed one: put it back.
    await fs.rename(target, log.path);
    throw new Error(`failed to reopen container log ${log.containerId}: ${messageOf(error)}`, { cause: error });
  }
  return true;
}
