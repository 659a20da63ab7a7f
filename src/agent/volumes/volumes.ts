// The volumes of a node's pods: made, kept current, mounted into containers, taken away.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Container, VolumeMount } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Volume } from '#api/core/v1/volume.ts';
import { podDir } from '../options.ts';
import type { PodVolumes, VolumeProblem } from '../parts.ts';
import type { Mount } from '../runtime.ts';
import { mount, mountTable, unmountBelow } from './mounting.ts';
import type { Placed } from './placed.ts';
import { secretsDir, type SetUpContext, setUpVolume, showsObjects, volumesDir } from './setup.ts';
import { volumesUsage } from './usage.ts';
import { cleanSubPath, mountSubPath } from './subpath.ts';

export type VolumeOptions = SetUpContext;

type Needs = Pick<World, 'fs' | 'exec' | 'clock' | 'random' | 'log' | 'digest'>;
type Expand = (text: string) => string;

const propagations: Readonly<Record<string, Mount['propagation']>> = {
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
};

/** The part of the volume that a container mounts; throws Kubernetes' words. */
function subPathOf(entry: VolumeMount, expand: Expand): string {
  if (!entry.subPathExpr) return cleanSubPath(entry.subPath ?? '');
  for (const [whole, name] of entry.subPathExpr.matchAll(/\$\(([^)]*)\)/g)) {
    if (expand(whole) === whole) throw new Error(`missing value for ${JSON.stringify(name)}`);
  }
  return cleanSubPath(expand(entry.subPathExpr));
}

/** Creates the volume manager of a node. */
export async function createPodVolumes(world: Needs, options: VolumeOptions): Promise<PodVolumes> {
  const { fs } = world;
  const { dataDir } = options;
  const root = `${dataDir}/pods`;
  const secrets = secretsDir(dataDir);
  /** Where volumes are, by the uid of their pod and their name. */
  const placed = new Map<string, Map<string, Placed>>();

  const subPathsDir = (uid: string): string => `${podDir(dataDir, uid)}/volume-subpaths`;

  async function mountOnce(dir: string, args: readonly string[]): Promise<boolean> {
    await fs.mkdir(dir, 0o750);
    const real = await fs.realpath(dir);
    if ((await mountTable(world)).some((entry) => entry.point === real)) return false;
    await mount(world, [...args, dir]);
    return true;
  }

  /** Mounts that appear below the pods' directory must reach containers that ask for them, and the other way round. */
  async function shareMounts(): Promise<void> {
    try {
      for (const dir of [root, `${dataDir}/plugins`]) {
        if (await mountOnce(dir, ['--bind', dir])) await mount(world, ['--make-rshared', dir]);
      }
    } catch (error) {
      world.log.warn('mount propagation is not available', { error: messageOf(error) });
    }
    try {
      await mountOnce(secrets, ['-t', 'tmpfs', '-o', 'mode=0750,noswap', 'tmpfs']).catch(
        async () => await mountOnce(secrets, ['-t', 'tmpfs', '-o', 'mode=0750', 'tmpfs']),
      );
    } catch (error) {
      world.log.warn('secrets are kept on disk', { error: messageOf(error) });
    }
  }

  function placeOf(pod: Pod, name: string): Placed {
    if (!pod.spec.volumes?.some((volume) => volume.name === name)) throw new Error(`cannot find volume "${name}" to mount into container`);
    const found = placed.get(pod.metadata.uid ?? '')?.get(name);
    if (!found) throw new Error(`volume "${name}" is not mounted`);
    return found;
  }

  /** What `recursiveReadOnly` comes to on this node (KEP-3857). */
  async function isRecursive({ name, recursiveReadOnly = 'Disabled' }: VolumeMount): Promise<boolean> {
    if (recursiveReadOnly === 'Disabled') return false;
    if (await options.recursiveReadOnly()) return true;
    if (recursiveReadOnly === 'IfPossible') return false;
    throw new Error(`volume "${name}" requested recursive read-only mode, but it is not supported by the runtime`);
  }

  async function mountOf(pod: Pod, about: { entry: VolumeMount; target: string; expand: Expand }): Promise<Mount> {
    const { entry, target, expand } = about;
    const place = placeOf(pod, entry.name);
    if (place.device) throw new Error(`volume "${entry.name}" has volumeMode Block, but is specified in volumeMounts`);
    const path = subPathOf(entry, expand);
    let hostPath = place.path;
    if (path !== '') {
      await fs.mkdir(target.slice(0, target.lastIndexOf('/')), 0o750);
      const readonly = pod.spec.volumes?.some((volume) => volume.name === entry.name && showsObjects(volume)) === true;
      hostPath = await mountSubPath(world, { volumeDir: place.path, path, target, readonly });
    }
    const propagation = propagations[entry.mountPropagation ?? ''];
    return {
      containerPath: entry.mountPath.startsWith('/') ? entry.mountPath : `/${entry.mountPath}`,
      hostPath,
      ...(entry.readOnly === true || place.readOnly === true ? { readonly: true } : {}),
      ...((await isRecursive(entry)) ? { recursiveReadOnly: true } : {}),
      ...(propagation === undefined ? {} : { propagation }),
    };
  }

  await shareMounts();
  return {
    async setUp(pod, signal) {
      const problems: VolumeProblem[] = [];
      let refreshAt: number | undefined;
      const uid = pod.metadata.uid ?? '';
      const places = placed.get(uid) ?? new Map<string, Placed>();
      placed.set(uid, places);
      signal.throwIfAborted();
      // Most of the time goes into waiting for the API and the disk: all volumes wait at once.
      const setUpOne = async (volume: Volume): Promise<void> => {
        try {
          const place = await setUpVolume(world, options, { pod, volume, known: places.get(volume.name) });
          places.set(volume.name, place);
          if (place.refreshAt !== undefined) refreshAt = Math.min(refreshAt ?? place.refreshAt, place.refreshAt);
        } catch (error) {
          problems.push({ volume: volume.name, message: messageOf(error) });
        }
      };
      // Images are for the runtime to mount.
      const all = (pod.spec.volumes ?? []).filter((volume) => !volume.image);
      // Paths of the node in their order: a file may be made in the directory that the one before it made.
      for (const volume of all) if (volume.hostPath) await setUpOne(volume);
      await Promise.all(all.filter((volume) => !volume.hostPath).map(setUpOne));
      return { problems, ...(refreshAt === undefined ? {} : { refreshAt }) };
    },
    async mounts(pod, container, expand) {
      const mounts: Mount[] = [];
      const images = new Set((pod.spec.volumes ?? []).filter((volume) => volume.image).map(({ name }) => name));
      for (const [i, entry] of (container.volumeMounts ?? []).entries()) {
        if (images.has(entry.name)) continue;
        const target = `${subPathsDir(pod.metadata.uid ?? '')}/${entry.name}/${container.name}/${i}`;
        mounts.push(await mountOf(pod, { entry, target, expand }));
      }
      return mounts;
    },
    devices(pod, container) {
      return ((container as Container).volumeDevices ?? []).map(({ name, devicePath }) => {
        const place = placeOf(pod, name);
        if (!place.device) throw new Error(`volume "${name}" has volumeMode Filesystem, but is specified in volumeDevices`);
        return { containerPath: devicePath, hostPath: place.path, permissions: place.readOnly ? 'r' : 'mrw' };
      });
    },
    usage: (pod) => volumesUsage(world, pod, { places: placed.get(pod.metadata.uid ?? '') ?? new Map(), csi: options.csi }),
    async tearDown(uid) {
      // Drivers first: what they mounted is theirs to take down.
      await options.csi.tearDown(uid);
      placed.delete(uid);
      const dir = podDir(dataDir, uid);
      for (const part of [subPathsDir(uid), volumesDir(dataDir, uid)]) {
        if ((await fs.lstat(part)) === undefined) continue;
        await unmountBelow(world, await fs.realpath(part));
        await fs.remove(part);
      }
      await fs.remove(`${secrets}/${uid}`);
      if ((await fs.lstat(dir)) && (await fs.list(dir)).length === 0) await fs.rmdir(dir);
    },
    async present() {
      const uids = new Set(await fs.list(secrets));
      for (const uid of await fs.list(root)) {
        const parts = await Promise.all([fs.lstat(volumesDir(dataDir, uid)), fs.lstat(subPathsDir(uid))]);
        if (parts.some((info) => info !== undefined)) uids.add(uid);
      }
      return [...uids];
    },
  };
}
