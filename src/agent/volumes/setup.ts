// Making one volume of a pod present: which kind it is decides how.
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Volume } from '#api/core/v1/volume.ts';
import { inlineCsi, persistentCsi } from '../csi/request.ts';
import type { CsiVolumes } from '../csi/volumes.ts';
import { podDir } from '../options.ts';
import { ownPath } from '../plugins/paths.ts';
import { writeAtomically } from './atomic.ts';
import { type BoundClaim, claimNameOf } from './claims.ts';
import { makeEmptyDir } from './emptydir.ts';
import { checkHostPath } from './hostpath.ts';
import { giveToGroup } from './ownership.ts';
import { PayloadError } from './payload.ts';
import { mountNfs, setUpPersistent } from './persistent.ts';
import type { Placed } from './placed.ts';
import { type SourceContext, volumePayload } from './sources.ts';

type Needs = Pick<World, 'fs' | 'exec' | 'clock' | 'random' | 'digest'>;

export interface SetUpContext extends SourceContext {
  readonly dataDir: string;
  /** The claim behind a volume and what it is bound to; rejects with PayloadError while there is none. */
  readonly claims: (pod: Pod, volume: Volume) => Promise<BoundClaim>;
  /** Whether the runtime can make everything below a mount read-only. */
  readonly recursiveReadOnly: () => Promise<boolean>;
  /** Volumes of CSI drivers. */
  readonly csi: CsiVolumes;
}

/** Directory of the volumes of a pod. */
export const volumesDir = (dataDir: string, uid: string): string => `${podDir(dataDir, uid)}/volumes`;
/** One file system in memory for the secrets of all pods: a mount for each would cost a process for each. */
export const secretsDir = (dataDir: string): string => `${dataDir}/secrets`;

/** True for what must not reach a disk. */
const isSecret = (volume: Volume): boolean => volume.secret !== undefined || volume.projected !== undefined;

/** True for volumes that show API objects: containers cannot write to them. */
export const showsObjects = (volume: Volume): boolean =>
  (volume.configMap ?? volume.secret ?? volume.downwardAPI ?? volume.projected) !== undefined;

/** The name of a kind of volume in paths, as kubelet has it. */
function pluginOf(volume: Volume): string {
  if (volume.emptyDir) return 'empty-dir';
  if (volume.configMap) return 'configmap';
  if (volume.downwardAPI) return 'downward-api';
  return volume.nfs ? 'nfs' : 'unsupported';
}

async function objectVolume(world: Needs, context: SetUpContext, about: { pod: Pod; volume: Volume; dir: string }): Promise<Placed> {
  const { pod, volume, dir } = about;
  const { fs } = world;
  const made = await volumePayload(context, pod, volume);
  if (!made) throw new PayloadError('no volume plugin matched');
  await fs.mkdir(dir, 0o755);
  const gid = pod.spec.securityContext?.fsGroup;
  if (gid !== undefined) await fs.chown(dir, 0, gid);
  await fs.chmod(dir, gid === undefined ? 0o777 : 0o2777);
  await writeAtomically(world, dir, { payload: made.payload, ...(gid === undefined ? {} : { owner: { gid } }) });
  return { path: dir, readOnly: true, ...(made.refreshAt === undefined ? {} : { refreshAt: made.refreshAt }) };
}

async function claimedVolume(
  world: Needs,
  context: SetUpContext,
  about: { pod: Pod; volume: Volume; known: Placed | undefined },
): Promise<Placed> {
  const { pod, volume, known } = about;
  // Once it is there it stays, whatever becomes of the claim.
  if (known && known.refreshAt === undefined) return known;
  const bound = await context.claims(pod, volume);
  const { persistent, readOnly } = bound;
  const csi = persistentCsi(persistent, readOnly);
  if (csi) return await context.csi.setUp(pod, csi, bound);
  const kind = persistent.spec?.nfs ? 'nfs' : 'local-volume';
  const dir = `${volumesDir(context.dataDir, pod.metadata.uid ?? '')}/kubernetes.io~${kind}/${persistent.metadata.name}`;
  const placed = await setUpPersistent(world, { pod, persistent, readOnly, dir });
  if (!placed) throw new PayloadError('no volume plugin matched');
  return placed;
}

/** Makes a volume present and current. `known` is where it was the last time, in this life of the agent. */
export async function setUpVolume(
  world: Needs,
  context: SetUpContext,
  about: { pod: Pod; volume: Volume; known: Placed | undefined },
): Promise<Placed> {
  const { pod, volume } = about;
  const { dataDir } = context;
  const { fs } = world;
  const uid = pod.metadata.uid ?? '';
  if (volume.hostPath) {
    const path = ownPath(dataDir, volume.hostPath.path);
    await checkHostPath(world, { ...volume.hostPath, path });
    return { path };
  }
  const inline = inlineCsi(pod, volume, world.digest);
  if (inline) return about.known && about.known.refreshAt === undefined ? about.known : await context.csi.setUp(pod, inline);
  if (claimNameOf(pod, volume) !== undefined) return await claimedVolume(world, context, about);
  const dir = isSecret(volume)
    ? `${secretsDir(dataDir)}/${uid}/${volume.name}`
    : `${volumesDir(dataDir, uid)}/kubernetes.io~${pluginOf(volume)}/${volume.name}`;
  if (volume.nfs) return await mountNfs(world, dir, { source: volume.nfs, readOnly: false, options: [] });
  if (!volume.emptyDir) return await objectVolume(world, context, { pod, volume, dir });
  const fresh = (await fs.lstat(dir)) === undefined;
  await makeEmptyDir(world, dir, { pod, source: volume.emptyDir });
  if (fresh) await giveToGroup(fs, dir, pod);
  return { path: dir };
}
