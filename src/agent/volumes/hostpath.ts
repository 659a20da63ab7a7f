// hostPath volumes: a path of the node, of the type that the volume asks for.
import type { HostPathVolumeSource } from '#api/core/v1/volume.ts';
import type { FileInfo } from '#base/fs.ts';
import type { World } from '#base/world.ts';
import { PayloadError } from './payload.ts';

const kinds: Readonly<Record<string, { kind: FileInfo['kind']; text: string }>> = {
  Directory: { kind: 'directory', text: 'a directory' },
  DirectoryOrCreate: { kind: 'directory', text: 'a directory' },
  File: { kind: 'file', text: 'a file' },
  FileOrCreate: { kind: 'file', text: 'a file' },
  Socket: { kind: 'socket', text: 'a socket file' },
  CharDevice: { kind: 'char', text: 'a character device' },
  BlockDevice: { kind: 'block', text: 'a block device' },
};

/** Checks, or makes, what the volume names. */
export async function checkHostPath({ fs }: Pick<World, 'fs'>, { path, type = '' }: HostPathVolumeSource): Promise<void> {
  const wanted = kinds[type];
  if (!wanted) return;
  let info = await fs.stat(path);
  if (!info && type === 'DirectoryOrCreate') {
    await fs.mkdir(path, 0o755);
    info = await fs.stat(path);
  } else if (!info && type === 'FileOrCreate') {
    // The directory must be there: Kubernetes makes the file only.
    await fs.write(path, '', { mode: 0o644 });
    info = await fs.stat(path);
  }
  if (info?.kind !== wanted.kind) throw new PayloadError(`hostPath type check failed: ${path} is not ${wanted.text}`);
}
