// The machine's files.
import { watch as watchPath, type Stats } from 'node:fs';
import * as fsp from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOf } from '#base/errors.ts';
import type { FileInfo, Fs, OpenFile, WriteOptions } from '#base/fs.ts';

function kindOf(stats: Stats): FileInfo['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isSocket()) return 'socket';
  if (stats.isBlockDevice()) return 'block';
  if (stats.isCharacterDevice()) return 'char';
  return 'fifo';
}

function info(stats: Stats): FileInfo {
  return {
    kind: kindOf(stats),
    size: stats.size,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    inode: stats.ino,
    mtime: stats.mtimeMs,
  };
}

/** `otherwise` when the path does not exist; other errors go through. */
async function orAbsent<T, U>(work: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await work;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return otherwise;
    throw error;
  }
}

let temporaries = 0;

async function writeAtomic(path: string, data: Uint8Array | string, mode: number): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${temporaries++}.tmp`);
  const file = await fsp.open(temporary, 'wx', mode);
  try {
    await file.writeFile(data);
    await file.chmod(mode); // the umask must not narrow an explicit mode
    await file.sync();
    await file.close();
    await fsp.rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => {});
    await fsp.rm(temporary, { force: true });
    throw error;
  }
  // The rename itself is durable only with the directory.
  const folder = await fsp.open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function write(path: string, data: Uint8Array | string, options: WriteOptions = {}): Promise<void> {
  if (options.atomic) return await writeAtomic(path, data, options.mode ?? 0o644);
  await fsp.writeFile(path, data, { flag: options.append ? 'a' : 'w', mode: options.mode ?? 0o644 });
  if (options.mode !== undefined) await fsp.chmod(path, options.mode);
}

async function open(path: string): Promise<OpenFile> {
  const file = await fsp.open(path, 'r');
  return {
    async read(position, length) {
      const buffer = Buffer.allocUnsafe(length);
      const { bytesRead } = await file.read(buffer, 0, length, position);
      return buffer.subarray(0, bytesRead);
    },
    stat: async () => info(await file.stat()),
    close: () => file.close(),
  };
}

function watch(path: string, changed: () => void): () => void {
  let pending: NodeJS.Timeout | undefined;
  const watcher = watchPath(path, { persistent: false }, () => {
    pending ??= setTimeout(() => {
      pending = undefined;
      changed();
    }, 10);
  });
  watcher.on('error', () => watcher.close());
  return () => {
    clearTimeout(pending);
    watcher.close();
  };
}

export const realFs: Fs = {
  read: (path) => fsp.readFile(path),
  readText: (path) => fsp.readFile(path, 'utf8'),
  write,
  open,
  lstat: async (path) => await orAbsent(fsp.lstat(path).then(info), undefined),
  stat: async (path) => await orAbsent(fsp.stat(path).then(info), undefined),
  list: async (path) => (await orAbsent(fsp.readdir(path), [] as string[])).sort(),
  async mkdir(path, mode) {
    const made = await fsp.mkdir(path, { recursive: true, mode: mode ?? 0o755 });
    if (made !== undefined && mode !== undefined) await fsp.chmod(path, mode);
  },
  remove: (path) => fsp.rm(path, { recursive: true, force: true }),
  rmdir: (path) => fsp.rmdir(path),
  rename: (from, to) => fsp.rename(from, to),
  symlink: (target, path) => fsp.symlink(target, path),
  readlink: (path) => fsp.readlink(path),
  chmod: (path, mode) => fsp.chmod(path, mode),
  chown: (path, uid, gid) => fsp.lchown(path, uid, gid),
  realpath: (path) => fsp.realpath(path),
  watch,
  async usage(path) {
    const stats = await fsp.statfs(path);
    return {
      capacity: stats.blocks * stats.bsize,
      available: stats.bavail * stats.bsize,
      inodes: stats.files,
      inodesFree: stats.ffree,
    };
  },
};
