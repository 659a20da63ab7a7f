// File systems on block devices: made where there is none, and mounted.
import type { World } from '#base/world.ts';
import { mount, mountTable } from './mounting.ts';
import { PayloadError } from './payload.ts';

type Needs = Pick<World, 'fs' | 'exec'>;

const formatTime = 10 * 60_000;

/** The type of the file system on a device; empty when there is none. */
async function fileSystemOf({ exec }: Needs, device: string): Promise<string> {
  const result = await exec.run('blkid', ['-p', '-s', 'TYPE', '-s', 'PTTYPE', '-o', 'export', device], { timeout: 30_000 });
  // 2: nothing was found.
  if (result.code === 2) return '';
  if (result.code !== 0) throw new Error(`failed to get disk format of disk ${device}: ${result.stderr.trim()}`);
  const found = /^TYPE=(.*)$/m.exec(result.stdout)?.[1];
  if (found === undefined && /^PTTYPE=/m.test(result.stdout)) throw new PayloadError(`disk ${device} holds a partition table`);
  return found ?? '';
}

/** Mounts a device on a directory, as often as it is asked only once. An empty device gets the file system first. */
export async function mountDisk(
  world: Needs,
  dir: string,
  about: { device: string; fsType: string; readOnly: boolean; options: readonly string[] },
): Promise<void> {
  const { device, fsType, readOnly } = about;
  await world.fs.mkdir(dir, 0o750);
  const point = await world.fs.realpath(dir);
  if ((await mountTable(world)).some((entry) => entry.point === point)) return;
  const present = await fileSystemOf(world, device);
  if (present === '' && readOnly) throw new PayloadError(`cannot mount unformatted disk ${device} as it is read-only`);
  if (present === '') {
    const quick = fsType.startsWith('ext') ? ['-F', '-m0'] : fsType === 'xfs' ? ['-f'] : [];
    const made = await world.exec.run(`mkfs.${fsType}`, [...quick, device], { timeout: formatTime });
    if (made.code !== 0) throw new Error(`format of disk ${device} failed: ${made.stderr.trim()}`);
  }
  const options = [readOnly ? 'ro' : 'rw', ...about.options];
  await mount(world, ['-t', present || fsType, '-o', options.join(','), device, dir]);
}
