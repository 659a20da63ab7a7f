// The volumes of a node's pods: made, kept current, mounted into containers, taken away.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { VolumeMount } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Volume } from '#api/core/v1/volume.ts';
import { podDir } from '../options.ts';
import type { PodVolumes, VolumeProblem } from '../parts.ts';
import type { Mount } from '../runtime.ts';
import { writeAtomically } from './atomic.ts';
import { makeEmptyDir } from './emptydir.ts';
import { checkHostPath } from './hostpath.ts';
import { mount, mountTable, unmountBelow } from './mounting.ts';
import { giveToGroup } from './ownership.ts';
import { PayloadError } from './payload.ts';
import { type SourceContext, volumePayload } from './sources.ts';
import { cleanSubPath, mountSubPath } from './subpath.ts';

export interface VolumeOptions extends SourceContext {
  readonly dataDir: string;
}

type Needs = Pick<World, 'fs' | 'exec' | 'clock' | 'random' | 'log'>;
type Expand = (text: string) => string;

const propagations: Readonly<Record<string, Mount['propagation']>> = {
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
};

/** The name of a kind of volume in paths, as kubelet has it; undefined for kinds without a directory of ours. */
function pluginOf(volume: Volume): string | undefined {
  if (volume.emptyDir) return 'empty-dir';
  if (volume.configMap) return 'configmap';
  if (volume.secret) return 'secret';
  if (volume.downwardAPI) return 'downward-api';
  return volume.projected ? 'projected' : undefined;
}

/** True for what must not reach a disk. */
const isSecret = (volume: Volume): boolean => volume.secret !== undefined || volume.projected !== undefined;

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
  const root = `${options.dataDir}/pods`;
  /** One file system in memory for the secrets of all pods: a mount for each would cost a process for each. */
  const secrets = `${options.dataDir}/secrets`;

  const volumesDir = (uid: string): string => `${podDir(options.dataDir, uid)}/volumes`;
  const subPathsDir = (uid: string): string => `${podDir(options.dataDir, uid)}/volume-subpaths`;
  const volumeDir = (pod: Pod, volume: Volume): string => {
    const uid = pod.metadata.uid ?? '';
    return isSecret(volume) ? `${secrets}/${uid}/${volume.name}` : `${volumesDir(uid)}/kubernetes.io~${pluginOf(volume)}/${volume.name}`;
  };

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
      if (await mountOnce(root, ['--bind', root])) await mount(world, ['--make-rshared', root]);
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

  async function setUpOne(pod: Pod, volume: Volume): Promise<number | undefined> {
    const dir = volumeDir(pod, volume);
    if (volume.hostPath) await checkHostPath(world, volume.hostPath);
    else if (volume.emptyDir) {
      const fresh = (await fs.lstat(dir)) === undefined;
      await makeEmptyDir(world, dir, { pod, source: volume.emptyDir });
      if (fresh) await giveToGroup(fs, dir, pod);
    } else {
      const made = await volumePayload(options, pod, volume);
      if (!made) throw new PayloadError('no volume plugin matched');
      await fs.mkdir(dir, 0o755);
      const gid = pod.spec.securityContext?.fsGroup;
      if (gid !== undefined) await fs.chown(dir, 0, gid);
      await fs.chmod(dir, gid === undefined ? 0o777 : 0o2777);
      await writeAtomically(world, dir, { payload: made.payload, ...(gid === undefined ? {} : { owner: { gid } }) });
      return made.refreshAt;
    }
    return undefined;
  }

  async function hostPathOf(pod: Pod, about: { volume: Volume; path: string; target: string; readonly: boolean }): Promise<string> {
    const { volume, path, target, readonly } = about;
    const dir = volume.hostPath ? volume.hostPath.path : volumeDir(pod, volume);
    if (path === '') return dir;
    await fs.mkdir(target.slice(0, target.lastIndexOf('/')), 0o750);
    return await mountSubPath(world, { volumeDir: dir, path, target, readonly });
  }

  async function mountOf(pod: Pod, about: { entry: VolumeMount; target: string; expand: Expand }): Promise<Mount> {
    const { entry, target, expand } = about;
    const volume = pod.spec.volumes?.find(({ name }) => name === entry.name);
    if (!volume) throw new Error(`cannot find volume "${entry.name}" to mount into container`);
    const ours = volume.configMap ?? volume.secret ?? volume.downwardAPI ?? volume.projected;
    const hostPath = await hostPathOf(pod, { volume, path: subPathOf(entry, expand), target, readonly: ours !== undefined });
    const propagation = propagations[entry.mountPropagation ?? ''];
    return {
      containerPath: entry.mountPath.startsWith('/') ? entry.mountPath : `/${entry.mountPath}`,
      hostPath,
      ...(entry.readOnly === true || ours !== undefined ? { readonly: true } : {}),
      ...(entry.recursiveReadOnly === 'Enabled' ? { recursiveReadOnly: true } : {}),
      ...(propagation === undefined ? {} : { propagation }),
    };
  }

  await shareMounts();
  return {
    async setUp(pod, signal) {
      const problems: VolumeProblem[] = [];
      let refreshAt: number | undefined;
      for (const volume of pod.spec.volumes ?? []) {
        signal.throwIfAborted();
        try {
          const at = await setUpOne(pod, volume);
          if (at !== undefined) refreshAt = Math.min(refreshAt ?? at, at);
        } catch (error) {
          problems.push({ volume: volume.name, message: messageOf(error) });
        }
      }
      return { problems, ...(refreshAt === undefined ? {} : { refreshAt }) };
    },
    async mounts(pod, container, expand) {
      const mounts: Mount[] = [];
      for (const [i, entry] of (container.volumeMounts ?? []).entries()) {
        const target = `${subPathsDir(pod.metadata.uid ?? '')}/${entry.name}/${container.name}/${i}`;
        mounts.push(await mountOf(pod, { entry, target, expand }));
      }
      return mounts;
    },
    async tearDown(uid) {
      const dir = podDir(options.dataDir, uid);
      for (const part of [volumesDir(uid), subPathsDir(uid)]) {
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
        const parts = await Promise.all([fs.lstat(volumesDir(uid)), fs.lstat(subPathsDir(uid))]);
        if (parts.some((info) => info !== undefined)) uids.add(uid);
      }
      return [...uids];
    },
  };
}
