// hostPath volumes: what must be there, and what is made when it is not.
import type { World } from '#base/world.ts';
import { VolumeError } from './payload.ts';

const kinds: Readonly<Record<string, { readonly kind: string; readonly text: string }>> = {
  Directory: { kind: 'directory', text: 'a directory' },
  File: { kind: 'file', text: 'a file' },
  Socket: { kind: 'socket', text: 'a socket file' },
  CharDevice: { kind: 'char', text: 'a character device' },
  BlockDevice: { kind: 'block', text: 'a block device' },
};

/** Checks (and for the OrCreate types makes) the path. Throws `VolumeError` in kubelet's words. */
export async function prepareHostPath({ fs }: Pick<World, 'fs'>, path: string, type: string): Promise<void> {
  const info = await fs.stat(path);
  if (type === '') return;
  if (type === 'DirectoryOrCreate') {
    if (info === undefined) await fs.mkdir(path, 0o755);
    else if (info.kind !== 'directory') throw new VolumeError(`hostPath type check failed: ${path} is not a directory`);
    return;
  }
  if (type === 'FileOrCreate') {
    if (info === undefined) await fs.write(path, '', { mode: 0o644 });
    else if (info.kind !== 'file') throw new VolumeError(`hostPath type check failed: ${path} is not a file`);
    return;
  }
  const wanted = kinds[type];
  if (wanted === undefined) throw new VolumeError(`${type} is an invalid volume type`);
  if (info?.kind !== wanted.kind) throw new VolumeError(`hostPath type check failed: ${path} is not ${wanted.text}`);
}
