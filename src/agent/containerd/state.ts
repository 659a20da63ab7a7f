// Where the daemon keeps what is good only while it runs: in memory, as distributions have it below /run. A file system on a disk
// would write all of it to its journal, and keep after a restart of the machine what means nothing any more.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { mount, mountTable } from '../volumes/mounting.ts';

type Needs = Pick<World, 'fs' | 'exec' | 'log'>;

/**
 * Puts the folder into memory, unless it is there already, or holds something: the tasks that an earlier daemon has started on the
 * disk must be found again. Where memory cannot be mounted the disk does as well.
 */
export async function stateInMemory(world: Needs, folder: string): Promise<void> {
  await world.fs.mkdir(folder, 0o711);
  if ((await world.fs.list(folder)).length > 0) return;
  const real = await world.fs.realpath(folder);
  if ((await mountTable(world)).some(({ point }) => point === real)) return;
  await mount(world, ['-t', 'tmpfs', '-o', 'mode=0711', 'tmpfs', folder]).catch((error: unknown) =>
    world.log.info('the state of containers is kept on the disk', { error: messageOf(error) }),
  );
}
