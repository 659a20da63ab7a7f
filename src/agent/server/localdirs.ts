// Directories of this node that volumes are made of on demand: one each, below the agent's own.
import { codeOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { HttpProblem } from './route.ts';

/** Names that volumes made on demand have: nothing that leads out of the directory. */
const volumeName = /^pvc-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface LocalDirectories {
  /** Makes the directory of a volume, if it is not there, open to every user; returns its path. */
  make(name: string): Promise<string>;
  /** Removes it with all that is in it; no error if absent. */
  remove(name: string): Promise<void>;
  /** Removes it only if nothing is in it, as while it has no volume; no error if absent or in use. */
  removeEmpty(name: string): Promise<void>;
  /** Names of all of them. */
  list(): Promise<readonly string[]>;
}

/** `dataDir`: the agent's directory. Names of other forms are refused with HttpProblem 400. */
export function createLocalDirectories({ fs }: Pick<World, 'fs'>, dataDir: string): LocalDirectories {
  const base = `${dataDir}/local-volumes`;
  const pathOf = (name: string): string => {
    if (!volumeName.test(name)) throw new HttpProblem(400, `no name of a local volume: ${JSON.stringify(name)}`);
    return `${base}/${name}`;
  };
  return {
    async make(name) {
      const path = pathOf(name);
      await fs.mkdir(path, 0o777);
      // The process' mask does not count: whoever the pod runs as may write.
      await fs.chmod(path, 0o777);
      return path;
    },
    remove: async (name) => fs.remove(pathOf(name)),
    removeEmpty: async (name) => {
      try {
        await fs.rmdir(pathOf(name));
      } catch (error) {
        if (!['ENOENT', 'ENOTEMPTY', 'EBUSY'].includes(codeOf(error) ?? '')) throw error;
      }
    },
    list: async () => (await fs.list(base)).filter((name) => volumeName.test(name)),
  };
}
