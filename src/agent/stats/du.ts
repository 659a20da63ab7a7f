// Bytes and files below directories, counted by `du`.
import type { World } from '#base/world.ts';

export interface DiskUse {
  readonly bytes: number;
  readonly inodes: number;
}

const timeout = 60_000;

function sizes(stdout: string): Map<string, number> {
  return new Map(
    stdout.split('\n').flatMap((line): [string, number][] => {
      const tab = line.indexOf('\t');
      return tab > 0 ? [[line.slice(tab + 1), Number(line.slice(0, tab))]] : [];
    }),
  );
}

/** Bytes on disk below each directory, without other file systems mounted there; those that are absent are left out. */
export async function diskBytes(world: Pick<World, 'exec' | 'fs'>, directories: readonly string[]): Promise<Map<string, number>> {
  const present: string[] = [];
  for (const directory of directories) if (await world.fs.lstat(directory)) present.push(directory);
  if (present.length === 0) return new Map();
  const { stdout } = await world.exec.run('du', ['-skx', '--', ...present], { timeout });
  return new Map([...sizes(stdout)].map(([path, kilobytes]) => [path, kilobytes * 1024]));
}

/** The same, with the number of files and directories. */
export async function diskUse(world: Pick<World, 'exec' | 'fs'>, directories: readonly string[]): Promise<Map<string, DiskUse>> {
  const bytes = await diskBytes(world, directories);
  if (bytes.size === 0) return new Map();
  const { stdout } = await world.exec.run('du', ['-sx', '--inodes', '--', ...bytes.keys()], { timeout });
  const inodes = sizes(stdout);
  return new Map([...bytes].map(([path, size]) => [path, { bytes: size, inodes: inodes.get(path) ?? 0 }]));
}
