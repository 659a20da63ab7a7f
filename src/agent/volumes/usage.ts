// How full the volumes of a pod are: as a CSI driver says, as the file system of the volume has it, or counted file by file.
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Volume } from '#api/core/v1/volume.ts';
import type { CsiVolumes } from '../csi/volumes.ts';
import type { VolumeUsage } from '../parts.ts';
import { diskUse } from '../stats/du.ts';
import { claimNameOf } from './claims.ts';
import type { Placed } from './placed.ts';

type Needs = Pick<World, 'exec' | 'fs'>;

/** Volumes with a file system of their own, which is asked; the others are directories on one that they share. */
function ownFileSystem(pod: Pod, volume: Volume): boolean {
  return volume.nfs !== undefined || volume.emptyDir?.medium === 'Memory' || claimNameOf(pod, volume) !== undefined;
}

async function usageOf(
  world: Needs,
  about: { pod: Pod; volume: Volume; place: Placed; csi: Pick<CsiVolumes, 'usage'> },
): Promise<VolumeUsage | undefined> {
  const { pod, volume, place, csi } = about;
  // Kubelet has no numbers of these either: what is there belongs to the node, or to an image.
  if (volume.hostPath || volume.image || place.device) return undefined;
  const driven = await csi.usage(pod.metadata.uid ?? '', place.path);
  if (driven) return { name: volume.name, ...driven };
  const { capacity, available, inodes, inodesFree } = await world.fs.usage(place.path);
  const whole = { name: volume.name, availableBytes: available, capacityBytes: capacity, inodes, inodesFree };
  if (ownFileSystem(pod, volume)) return { ...whole, usedBytes: capacity - available, inodesUsed: inodes - inodesFree };
  const use = (await diskUse(world, [place.path])).get(place.path);
  const onNodeDisk = volume.emptyDir !== undefined || volume.configMap !== undefined || volume.downwardAPI !== undefined;
  return { ...whole, usedBytes: use?.bytes ?? 0, inodesUsed: use?.inodes ?? 0, ...(onNodeDisk ? { onNodeDisk } : {}) };
}

/** The usage of every volume of a pod of which there is any; one that cannot be read is left out. */
export async function volumesUsage(
  world: Needs,
  pod: Pod,
  about: { places: ReadonlyMap<string, Placed>; csi: Pick<CsiVolumes, 'usage'> },
): Promise<VolumeUsage[]> {
  const { places, csi } = about;
  const found = await Promise.all(
    (pod.spec.volumes ?? []).map((volume) => {
      const place = places.get(volume.name);
      return place && usageOf(world, { pod, volume, place, csi }).catch(() => undefined);
    }),
  );
  return found.filter((usage) => usage !== undefined);
}
