// The volumes of a node's pods: made, kept current, mounted into containers, taken away.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { VolumeMount } from '#api/core/v1/container.ts';
import type { Volume } from '#api/core/v1/volume.ts';
import { quantityValue } from '#format/quantity.ts';
import { podDir } from '../options.ts';
import type { PodVolumes, VolumeProblem } from '../parts.ts';
import type { Mount } from '../runtime.ts';
import { writeAtomically } from './atomic.ts';
import { prepareHostPath } from './hostpath.ts';
import { groupMode, type Payload, VolumeError } from './payload.ts';
import { filesOf, type Sources } from './sources.ts';
import { resolveSubPath } from './subpath.ts';

export interface VolumeOptions extends Sources {
  readonly dataDir: string;
}

type Needs = Pick<World, 'fs' | 'exec' | 'clock' | 'random' | 'log'>;

const kindOf = (volume: Volume): string => {
  if (volume.emptyDir) return 'empty-dir';
  if (volume.configMap) return 'configmap';
  if (volume.secret) return 'secret';
  if (volume.downwardAPI) return 'downward-api';
  if (volume.projected) return 'projected';
  return '';
};

const propagations: Readonly<Record<string, Mount['propagation']>> = {
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
};

/** Files of a volume that belongs to a group can be read by the group. */
function forGroup(payload: Payload): Payload {
  return new Map([...payload].map(([path, file]) => [path, { ...file, mode: groupMode(file.mode) }]));
}

/** Creates the volume manager of a node. */
export async function createPodVolumes(world: Needs, options: VolumeOptions): Promise<PodVolumes> {
  const { fs, exec } = world;
  const root = `${options.dataDir}/pods`;
  const volumesDir = (uid: string): string => `${podDir(options.dataDir, uid)}/volumes`;
  const volumeDir = (pod: Pod, volume: Volume): string =>
    `${volumesDir(pod.metadata.uid ?? '')}/kubernetes.io~${kindOf(volume)}/${volume.name}`;
  await fs.mkdir(root, 0o750);
  await shareMounts();

  async function mountpoints(): Promise<Set<string>> {
    const text = await fs.readText('/proc/self/mountinfo').catch(() => '');
    return new Set(text.split('\n').map((line) => (line.split(' ')[4] ?? '').replaceAll('\\040', ' ')));
  }

  async function mount(args: readonly string[]): Promise<void> {
    const result = await exec.run('mount', args, { timeout: 30_000 });
    if (result.code !== 0) throw new VolumeError(`mount failed: ${result.stderr.trim()}`);
  }

  /** Mounts below the pods' directory must reach containers that ask for them: the directory is made a shared mount. */
  async function shareMounts(): Promise<void> {
    if ((await mountpoints()).has(root)) return;
    const bound = await exec.run('mount', ['--bind', root, root], { timeout: 30_000 }).catch(() => undefined);
    if (bound?.code === 0) await exec.run('mount', ['--make-rshared', root], { timeout: 30_000 });
    else world.log.warn('mount propagation is not available', { dir: root });
  }

  async function emptyDir(pod: Pod, volume: Volume): Promise<void> {
    const dir = volumeDir(pod, volume);
    const { medium = '', sizeLimit } = volume.emptyDir ?? {};
    const gid = pod.spec.securityContext?.fsGroup;
    const present = (await fs.lstat(dir)) !== undefined;
    await fs.mkdir(dir, 0o777);
    if (medium === 'Memory' && !(await mountpoints()).has(dir)) {
      const size = sizeLimit === undefined || quantityValue(sizeLimit) === 0 ? '' : `,size=${quantityValue(sizeLimit)}`;
      await mount(['-t', 'tmpfs', '-o', `mode=0777${size}`, 'tmpfs', dir]);
    } else if (medium !== '' && medium !== 'Memory') throw new VolumeError(`unknown storage medium "${medium}"`);
    else if (present) return;
    await fs.chmod(dir, gid === undefined ? 0o777 : 0o2777);
    if (gid !== undefined) await fs.chown(dir, 0, gid);
  }

  async function setUpOne(pod: Pod, volume: Volume): Promise<number | undefined> {
    if (volume.emptyDir) {
      await emptyDir(pod, volume);
      return undefined;
    }
    if (volume.hostPath) {
      await prepareHostPath(world, volume.hostPath.path, volume.hostPath.type ?? '');
      return undefined;
    }
    const made = await filesOf(options, pod, volume);
    if (made === undefined) throw new VolumeError('no volume plugin matched');
    const gid = pod.spec.securityContext?.fsGroup;
    await writeAtomically(world, volumeDir(pod, volume), gid === undefined ? made.payload : forGroup(made.payload), gid);
    return made.refreshAt;
  }

  async function mountOf(pod: Pod, entry: VolumeMount, expand: (text: string) => string): Promise<Mount> {
    const volume = pod.spec.volumes?.find(({ name }) => name === entry.name);
    if (volume === undefined) throw new Error(`cannot find volume "${entry.name}" to mount into container`);
    let hostPath = volume.hostPath ? volume.hostPath.path : volumeDir(pod, volume);
    const subPath = entry.subPathExpr ? expand(entry.subPathExpr) : (entry.subPath ?? '');
    if (subPath !== '') {
      if (subPath.startsWith('/')) throw new Error(`error SubPath \`${subPath}\` must not be an absolute path`);
      if (subPath.split('/').includes('..')) throw new Error(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
      hostPath = await resolveSubPath(world, hostPath, subPath, volume.emptyDir ? 0o777 : 0o750);
    }
    const readonly = entry.readOnly === true || (kindOf(volume) !== 'empty-dir' && kindOf(volume) !== '');
    const propagation = propagations[entry.mountPropagation ?? ''];
    return {
      containerPath: entry.mountPath.startsWith('/') ? entry.mountPath : `/${entry.mountPath}`,
      hostPath,
      ...(readonly ? { readonly: true } : {}),
      ...(propagation === undefined ? {} : { propagation }),
    };
  }

  return {
    async setUp(pod) {
      const problems: VolumeProblem[] = [];
      let refreshAt: number | undefined;
      for (const volume of pod.spec.volumes ?? []) {
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
      for (const entry of container.volumeMounts ?? []) mounts.push(await mountOf(pod, entry, expand));
      return mounts;
    },
    async tearDown(uid) {
      const dir = volumesDir(uid);
      const inside = [...(await mountpoints())].filter((path) => path.startsWith(`${dir}/`)).toSorted((a, b) => b.length - a.length);
      for (const path of inside) {
        const result = await exec.run('umount', [path], { timeout: 30_000 });
        // Never remove what is mounted: its contents may be somebody else's.
        if (result.code !== 0 && (await mountpoints()).has(path)) throw new Error(`umount ${path}: ${result.stderr.trim()}`);
      }
      await fs.remove(podDir(options.dataDir, uid));
    },
    present: () => fs.list(root),
  };
}
