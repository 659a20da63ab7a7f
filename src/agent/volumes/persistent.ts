// Persistent volumes that the node mounts by itself: paths and disks of the node, and NFS.
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { NFSVolumeSource } from '#api/core/v1/volume.ts';
import type { World } from '#base/world.ts';
import { mountDisk } from './disks.ts';
import { checkHostPath } from './hostpath.ts';
import { mount, mountTable } from './mounting.ts';
import { giveToGroup } from './ownership.ts';
import { PayloadError } from './payload.ts';
import type { Placed } from './placed.ts';

type Needs = Pick<World, 'fs' | 'exec'>;

export interface PersistentInput {
  readonly pod: Pod;
  readonly persistent: PersistentVolume;
  readonly readOnly: boolean;
  /** Directory of the volume in the pod's own, for what must be mounted. */
  readonly dir: string;
}

async function localVolume(world: Needs, path: string, input: PersistentInput): Promise<Placed> {
  const { persistent, readOnly, pod } = input;
  const info = await world.fs.stat(path);
  if (!info) throw new PayloadError(`path "${path}" does not exist`);
  if (persistent.spec?.volumeMode === 'Block') {
    if (info.kind !== 'block') throw new PayloadError(`path "${path}" is not a block device`);
    return { path, device: true, readOnly };
  }
  if (info.kind === 'block') {
    const fsType = persistent.spec?.local?.fsType || 'ext4';
    await mountDisk(world, input.dir, { device: path, fsType, readOnly, options: persistent.spec?.mountOptions ?? [] });
  } else if (info.kind !== 'directory') throw new PayloadError(`path "${path}" is not a directory or block device`);
  const place = info.kind === 'block' ? input.dir : path;
  if (!readOnly) await giveToGroup(world.fs, place, pod);
  return { path: place, readOnly };
}

/** Mounts an export of an NFS server. */
export async function mountNfs(
  world: Needs,
  dir: string,
  about: { source: NFSVolumeSource; readOnly: boolean; options: readonly string[] },
): Promise<Placed> {
  const { source, options } = about;
  const readOnly = about.readOnly || source.readOnly === true;
  await world.fs.mkdir(dir, 0o750);
  const point = await world.fs.realpath(dir);
  if (!(await mountTable(world)).some((entry) => entry.point === point)) {
    const server = source.server.includes(':') ? `[${source.server}]` : source.server;
    const flags = [...(readOnly ? ['ro'] : []), ...options];
    await mount(world, ['-t', 'nfs', ...(flags.length > 0 ? ['-o', flags.join(',')] : []), `${server}:${source.path}`, dir]);
  }
  return { path: dir, readOnly };
}

/** Sets up a persistent volume; undefined when its kind is not one of these. */
export async function setUpPersistent(world: Needs, input: PersistentInput): Promise<Placed | undefined> {
  const { persistent, readOnly, dir } = input;
  const { hostPath, local, nfs, mountOptions = [] } = persistent.spec ?? {};
  if (hostPath) {
    await checkHostPath(world, hostPath);
    const device = persistent.spec?.volumeMode === 'Block';
    return { path: hostPath.path, readOnly, ...(device ? { device } : {}) };
  }
  if (local) return await localVolume(world, local.path, input);
  return nfs ? await mountNfs(world, dir, { source: nfs, readOnly, options: mountOptions }) : undefined;
}
