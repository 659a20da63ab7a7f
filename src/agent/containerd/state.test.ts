import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { World } from '#base/world.ts';
import { stateInMemory } from './state.ts';

const root = '22 1 8:1 / / rw - ext4 /dev/vda rw';
const rows: readonly (readonly [string, { files?: string[]; mounts?: string; code?: number }, boolean])[] = [
  ['a new folder', {}, true],
  ['a folder that is in memory already', { mounts: `${root}\n30 22 0:50 / /data/state rw - tmpfs tmpfs rw` }, false],
  ['tasks of an earlier daemon lie on the disk', { files: ['io.containerd.runtime.v2.task'] }, false],
  ['a machine that does not let us', { code: 1 }, true],
];
for (const [name, { files = [], mounts = root, code = 0 }, expected] of rows) {
  test(`${name}: ${expected ? 'mounted' : 'left alone'}`, async () => {
    const commands: string[] = [];
    const world = {
      fs: {
        mkdir: () => Promise.resolve(),
        list: () => Promise.resolve(files),
        realpath: (path: string) => Promise.resolve(path),
        readText: () => Promise.resolve(`${mounts}\n`),
      },
      exec: {
        run: (command: string, args: readonly string[]) => {
          commands.push([command, ...args].join(' '));
          return Promise.resolve({ code, stdout: '', stderr: 'mount: permission denied' });
        },
      },
      log: { info: () => undefined },
    } as unknown as World;
    await stateInMemory(world, '/data/state');
    assert.deepEqual(commands, expected ? ['mount -t tmpfs -o mode=0711 tmpfs /data/state'] : []);
  });
}
