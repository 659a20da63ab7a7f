// `tutti image load` and `ls`: straight into the containerd of this node.
import type { World } from '#base/world.ts';
import { containerdPaths } from '#agent/containerd/paths.ts';
import { createCriRuntime } from '#agent/cri/create.ts';
import { readImageArchive } from '#agent/images/archive.ts';
import { importImage } from '#agent/images/import.ts';
import { place, runningAt } from '../place.ts';

async function channelOf(world: World, dataDir: string) {
  const where = place(dataDir);
  const paths = containerdPaths(where.node, world.digest);
  if ((await runningAt(world, where)) === undefined || !(await world.fs.stat(paths.socket)))
    throw new Error(`no node with containers runs in ${dataDir}: run \`tutti up\` first`);
  return world.grpc.connect(paths.socket);
}

/** Loads image archives. */
export async function loadVerb(world: World, files: readonly string[], flags: { readonly dataDir: string }): Promise<void> {
  const channel = await channelOf(world, flags.dataDir);
  try {
    for (const file of files) {
      const archive = await readImageArchive(world, file);
      try {
        for (const image of archive.images) {
          await importImage(world, channel, image);
          for (const name of image.names) console.log(`loaded ${name}`);
        }
      } finally {
        await archive.close();
      }
    }
  } finally {
    channel.close();
  }
}

/** Lists the images of the node. */
export async function listVerb(world: World, flags: { readonly dataDir: string }): Promise<void> {
  const channel = await channelOf(world, flags.dataDir);
  try {
    const images = await createCriRuntime(channel).listImages();
    const rows = images.flatMap((image) =>
      image.repoTags.map((tag) => [tag, image.id.replace('sha256:', '').slice(0, 12), `${(image.size / 1e6).toFixed(1)} MB`]),
    );
    const table = [['IMAGE', 'ID', 'SIZE'], ...rows.toSorted((a, b) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1))];
    const widths = [0, 1].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
    for (const row of table) console.log(`${row[0]?.padEnd(widths[0] ?? 0)}   ${row[1]?.padEnd(widths[1] ?? 0)}   ${row[2]}`);
  } finally {
    channel.close();
  }
}
