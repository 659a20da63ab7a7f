// emptyDir volumes: a directory that lives as long as the pod, on disk or in memory.
import type { EmptyDirVolumeSource } from '#api/core/v1/volume.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { World } from '#base/world.ts';
import { quantityValue } from '#format/quantity.ts';
import { podLimits } from '../cgroups/podlimits.ts';
import { mount, mountTable } from './mounting.ts';
import { PayloadError } from './payload.ts';

type Needs = Pick<World, 'fs' | 'exec'>;

/** Bytes of a volume in memory: its own limit, at most the pod's memory; undefined: as the kernel decides. */
export function memorySize(pod: Pod, source: EmptyDirVolumeSource): number | undefined {
  const limit = source.sizeLimit === undefined ? 0 : quantityValue(source.sizeLimit);
  const sizes = [limit, podLimits(pod).memory ?? 0].filter((size) => size > 0);
  return sizes.length === 0 ? undefined : Math.min(...sizes);
}

/** Makes the directory; with medium Memory a tmpfs is mounted on it. */
export async function makeEmptyDir(world: Needs, dir: string, about: { pod: Pod; source: EmptyDirVolumeSource }): Promise<void> {
  const medium = about.source.medium ?? '';
  if (medium !== '' && medium !== 'Memory') throw new PayloadError(`medium ${medium} is not supported by the node`);
  const fresh = (await world.fs.lstat(dir)) === undefined;
  if (fresh) {
    await world.fs.mkdir(dir, 0o777);
    await world.fs.chmod(dir, 0o777);
  }
  if (medium !== 'Memory') return;
  const real = await world.fs.realpath(dir);
  if ((await mountTable(world)).some((entry) => entry.point === real)) return;
  const size = memorySize(about.pod, about.source);
  await mount(world, ['-t', 'tmpfs', '-o', `mode=1777${size === undefined ? '' : `,size=${size}`}`, 'tmpfs', dir]);
}
