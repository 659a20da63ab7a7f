// The data directory: one process at a time, and a look at the file before it is mapped into memory.
import { codeOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';

/** Identifies a process so that a reused process id is not mistaken for it. */
async function identity(world: Pick<World, 'fs'>, pid: number): Promise<string | undefined> {
  try {
    const stat = await world.fs.readText(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined; // dead, only not yet waited for
    return `${pid}:${fields[19] ?? ''}`; // start time
  } catch {
    return undefined;
  }
}

async function isAlive(world: Pick<World, 'fs' | 'exec'>, owner: string): Promise<boolean> {
  const pid = Number(owner.split(':')[0]);
  if (!world.exec.alive(pid)) return false;
  const now = await identity(world, pid);
  // Without /proc the process id has to do.
  return now === undefined ? (await world.fs.stat('/proc/self')) === undefined : now === owner;
}

/** Takes the directory for this process; returns the function that gives it back. */
export async function lockDirectory(world: Pick<World, 'fs' | 'exec' | 'random'>, path: string): Promise<() => Promise<void>> {
  const { fs, exec } = world;
  const lock = `${path}/lock`;
  const self = (await identity(world, exec.pid)) ?? `${exec.pid}:`;
  for (let attempt = 0; ; attempt++) {
    try {
      await fs.symlink(self, lock); // atomic: fails when there is one
      return () => fs.remove(lock);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    let owner: string;
    try {
      owner = await fs.readlink(lock);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') continue; // given back meanwhile
      if (codeOf(error) === 'EINVAL') throw new Error(`${lock} is not a lock of ours; ${path} is no data directory`, { cause: error });
      throw error;
    }
    if (attempt >= 3 || (await isAlive(world, owner))) {
      throw new Error(`the data directory ${path} is in use by process ${owner.split(':')[0]}; stop it first or choose another --data-dir`);
    }
    // Left behind by a process that died. Of two that find it, one wins the rename; the other finds a new owner.
    const stale = `${lock}.${world.random.uuid()}`;
    try {
      await fs.rename(lock, stale);
      if ((await fs.readlink(stale)) !== owner) await fs.rename(stale, lock);
      else await fs.remove(stale);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
}

const magic = 0xbeefc0de;

function damaged(path: string, what: string): Error {
  return new Error(`the store ${path} is damaged (${what}); restore it from a backup, or remove its directory to start empty`);
}

// Where lmdb's header has what: a page header of 24 bytes, then magic, version, address, size, two trees, last page, txn.

/** Throws a clear error for a file that is no store or was cut: mapping it would end in a crash of the process. */
export async function checkFile(world: Pick<World, 'fs'>, path: string): Promise<void> {
  const info = await world.fs.stat(path);
  if (info === undefined) return;
  if (info.kind !== 'file') throw damaged(path, `it is a ${info.kind}`);
  if (info.size === 0) return;
  const file = await world.fs.open(path);
  try {
    const first = Buffer.from(await file.read(0, 256));
    if (first.length < 256 || first.readUInt32LE(24) !== magic) throw damaged(path, 'the header is not of a store');
    const pageSize = first.readUInt32LE(48);
    if (pageSize < 512 || pageSize > 65_536) throw damaged(path, 'the page size makes no sense');
    const second = Buffer.from(await file.read(pageSize, 256));
    if (second.length < 256 || second.readUInt32LE(24) !== magic) throw damaged(path, 'the second header is missing');
    // The newer of the two headers counts; its transaction must lie inside the file.
    const newer = second.readBigUInt64LE(152) > first.readBigUInt64LE(152) ? second : first;
    const lastPage = Number(newer.readBigUInt64LE(144));
    if ((lastPage + 1) * pageSize > info.size) throw damaged(path, `${(lastPage + 1) * pageSize} bytes expected, ${info.size} found`);
  } finally {
    await file.close();
  }
}
