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

/** The page size, in bytes, that a medium of huge pages asks for; without one, the only size that the pod's containers request. */
export function hugePageSize(pod: Pod, medium: string): number {
  if (medium !== 'HugePages') return quantityValue(medium.slice('HugePages-'.length));
  const sizes = new Set<string>();
  for (const { resources } of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
    for (const name of Object.keys({ ...resources?.limits, ...resources?.requests }))
      if (name.startsWith('hugepages-')) sizes.add(name.slice('hugepages-'.length));
  }
  if (sizes.size === 0) throw new PayloadError('medium HugePages is used, but no container requests huge pages');
  if (sizes.size > 1) throw new PayloadError('medium HugePages is used, but the containers request huge pages of several sizes');
  return quantityValue([...sizes][0] ?? '');
}

/** What is mounted on the directory of a volume that is not on disk; undefined when it is. */
function mountOf(pod: Pod, source: EmptyDirVolumeSource): { type: string; options: string } | undefined {
  const medium = source.medium ?? '';
  if (medium === '') return undefined;
  if (medium === 'Memory') {
    const size = memorySize(pod, source);
    return { type: 'tmpfs', options: `mode=1777${size === undefined ? '' : `,size=${size}`}` };
  }
  if (medium !== 'HugePages' && !medium.startsWith('HugePages-')) throw new PayloadError(`medium ${medium} is not supported by the node`);
  return { type: 'hugetlbfs', options: `mode=1777,pagesize=${hugePageSize(pod, medium)}` };
}

/** Makes the directory; with media other than the disk a file system is mounted on it. */
export async function makeEmptyDir(world: Needs, dir: string, about: { pod: Pod; source: EmptyDirVolumeSource }): Promise<void> {
  const mounted = mountOf(about.pod, about.source);
  const fresh = (await world.fs.lstat(dir)) === undefined;
  if (fresh) {
    await world.fs.mkdir(dir, 0o777);
    await world.fs.chmod(dir, 0o777);
  }
  if (!mounted) return;
  const real = await world.fs.realpath(dir);
  if ((await mountTable(world)).some((entry) => entry.point === real)) return;
  await mount(world, ['-t', mounted.type, '-o', mounted.options, mounted.type, dir]);
}
