// A file system in memory: what a simulated machine has on its disk.
import type { FileInfo, Fs } from '#base/fs.ts';

interface Entry {
  kind: 'file' | 'directory';
  bytes: Uint8Array;
  mode: number;
  readonly inode: number;
}

const absent = (path: string): Error => Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' });
const unsupported = (what: string) => (): never => {
  throw new Error(`${what} is not part of a simulated machine`);
};
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

export interface Files extends Fs {
  /** True when there is a file or a directory. */
  has(path: string): boolean;
}

/** An empty disk. Files have no times: nothing that is simulated looks at them. */
export function createFiles(): Files {
  const entries = new Map<string, Entry>();
  let inodes = 1;

  function must(path: string): Entry {
    const entry = entries.get(path);
    if (entry === undefined) throw absent(path);
    return entry;
  }
  function infoOf({ kind, bytes, mode, inode }: Entry): FileInfo {
    return { kind, size: bytes.length, mode, uid: 0, gid: 0, inode, mtime: 0 };
  }
  function makeDirectory(path: string, mode: number): void {
    if (path === '' || entries.has(path)) return;
    makeDirectory(parentOf(path), mode);
    entries.set(path, { kind: 'directory', bytes: new Uint8Array(0), mode, inode: inodes++ });
  }

  return {
    has: (path) => entries.has(path),
    read: async (path) => must(path).bytes,
    readText: async (path) => Buffer.from(must(path).bytes).toString('utf8'),
    async write(path, data, options = {}) {
      if (entries.get(parentOf(path))?.kind !== 'directory') throw absent(path);
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      const before = entries.get(path);
      const whole = options.append && before !== undefined ? Buffer.concat([before.bytes, bytes]) : bytes;
      entries.set(path, {
        kind: 'file',
        bytes: whole,
        mode: options.mode ?? before?.mode ?? 0o644,
        inode: options.atomic || before === undefined ? inodes++ : before.inode,
      });
    },
    async open(path) {
      const entry = must(path);
      return {
        read: async (position, length) => entry.bytes.subarray(position, position + length),
        stat: async () => infoOf(entry),
        close: () => Promise.resolve(),
      };
    },
    lstat: async (path) => (entries.has(path) ? infoOf(must(path)) : undefined),
    stat: async (path) => (entries.has(path) ? infoOf(must(path)) : undefined),
    async list(path) {
      const prefix = `${path}/`;
      return [...entries.keys()]
        .filter((name) => name.startsWith(prefix) && !name.slice(prefix.length).includes('/'))
        .map((name) => name.slice(prefix.length))
        .sort();
    },
    mkdir: async (path, mode = 0o755) => makeDirectory(path, mode),
    async remove(path) {
      entries.delete(path);
      for (const name of entries.keys()) if (name.startsWith(`${path}/`)) entries.delete(name);
    },
    async rmdir(path) {
      must(path);
      entries.delete(path);
    },
    async rename(from, to) {
      entries.set(to, must(from));
      entries.delete(from);
    },
    async chmod(path, mode) {
      must(path).mode = mode;
    },
    chown: async (path) => void must(path),
    realpath: async (path) => path,
    symlink: unsupported('a symbolic link'),
    readlink: unsupported('a symbolic link'),
    watch: () => () => undefined,
    usage: async () => ({ capacity: 100e9, available: 100e9, inodes: 1e7, inodesFree: 1e7 }),
  };
}
