// fsGroup: gives a volume to a group that all containers of the pod belong to.
import type { Pod } from '#api/core/v1/pod.ts';
import type { Fs } from '#base/fs.ts';

const setgid = 0o2000;

/** True when the root already has the group and its bits, so that `OnRootMismatch` leaves the rest alone. */
async function rootMatches(fs: Fs, dir: string, gid: number): Promise<boolean> {
  const info = await fs.lstat(dir);
  const wanted = setgid | 0o770;
  return info !== undefined && info.gid === gid && (info.mode & wanted) === wanted;
}

async function give(fs: Fs, path: string, gid: number): Promise<void> {
  const info = await fs.lstat(path);
  if (!info) return;
  await fs.chown(path, info.uid, gid);
  if (info.kind === 'symlink') return;
  const add = info.kind === 'directory' ? 0o660 | 0o110 | setgid : 0o660;
  await fs.chmod(path, info.mode | add);
  if (info.kind !== 'directory') return;
  for (const name of await fs.list(path)) await give(fs, `${path}/${name}`, gid);
}

/** Makes a writable volume's tree belong to the pod's fsGroup, new files included (setgid directories). */
export async function giveToGroup(fs: Fs, dir: string, pod: Pod): Promise<void> {
  const gid = pod.spec.securityContext?.fsGroup;
  if (gid === undefined) return;
  if (pod.spec.securityContext?.fsGroupChangePolicy === 'OnRootMismatch' && (await rootMatches(fs, dir, gid))) return;
  await give(fs, dir, gid);
}
