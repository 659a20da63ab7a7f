// What is mounted for whom, kept beside the mounts so that the next life of the agent can take it down.
import type { World } from '#base/world.ts';
import { podDir } from '../options.ts';

type Needs = Pick<World, 'fs' | 'digest'>;

/** One published volume of a pod. */
export interface VolumeRecord {
  readonly driver: string;
  readonly handle: string;
  readonly name: string;
  /** Target of the publication. */
  readonly target: string;
  /** Where it is staged; absent when the driver does not stage. */
  readonly staging?: string;
}

const fileName = 'vol_data.json';

/** Directory of a pod's CSI volumes. */
export const csiDir = (dataDir: string, uid: string): string => `${podDir(dataDir, uid)}/volumes/kubernetes.io~csi`;

/** Directory that a volume is staged on, the same for all pods of the node. */
export function stagingPath(
  { digest }: Pick<World, 'digest'>,
  dataDir: string,
  volume: { driver: string; handle: string; block: boolean; name: string },
): string {
  const root = `${dataDir}/plugins/kubernetes.io/csi`;
  if (volume.block) return `${root}/volumeDevices/staging/${volume.name}`;
  return `${root}/${volume.driver}/${digest.sha256(volume.handle)}/globalmount`;
}

/** Where a pod's volume is published. */
export function targetPath(dataDir: string, uid: string, volume: { block: boolean; name: string }): string {
  if (volume.block) return `${dataDir}/plugins/kubernetes.io/csi/volumeDevices/publish/${volume.name}/${uid}`;
  return `${csiDir(dataDir, uid)}/${volume.name}/mount`;
}

/** Keeps a record; written before the driver is called, so that nothing is mounted that nobody knows of. */
export async function writeRecord({ fs }: Pick<World, 'fs'>, about: { dataDir: string; uid: string; record: VolumeRecord }): Promise<void> {
  const dir = `${csiDir(about.dataDir, about.uid)}/${about.record.name}`;
  await fs.mkdir(dir, 0o750);
  await fs.write(`${dir}/${fileName}`, JSON.stringify(about.record), { mode: 0o600, atomic: true });
}

/** The records of a pod. */
export async function readRecords({ fs }: Pick<World, 'fs'>, dataDir: string, uid: string): Promise<VolumeRecord[]> {
  const dir = csiDir(dataDir, uid);
  const records: VolumeRecord[] = [];
  for (const name of await fs.list(dir)) {
    const text = await fs.readText(`${dir}/${name}/${fileName}`).catch(() => undefined);
    if (text !== undefined) records.push(JSON.parse(text) as VolumeRecord);
  }
  return records;
}

export async function removeRecord({ fs }: Needs, about: { dataDir: string; uid: string; name: string }): Promise<void> {
  const dir = `${csiDir(about.dataDir, about.uid)}/${about.name}`;
  await fs.remove(`${dir}/${fileName}`);
  // Not with what may still be in there: only what is empty goes.
  await fs.rmdir(dir).catch(() => undefined);
}

/** Every record of the node, with the uid of its pod. */
export async function allRecords(world: Needs, dataDir: string): Promise<{ uid: string; record: VolumeRecord }[]> {
  const found: { uid: string; record: VolumeRecord }[] = [];
  for (const uid of await world.fs.list(`${dataDir}/pods`)) {
    for (const record of await readRecords(world, dataDir, uid)) found.push({ uid, record });
  }
  return found;
}
