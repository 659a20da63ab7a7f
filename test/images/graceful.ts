// The image of an ordinary graceful server: Node and one file.
import { fileURLToPath } from 'node:url';
import { buildImage } from '#agent/images/build.ts';
import type { ImageSource } from '#agent/images/source.ts';
import type { World } from '#base/world.ts';
import { nodeLayer } from '#cmd/demo/image.ts';

export const gracefulName = 'graceful:1';

export async function gracefulImage(world: World): Promise<ImageSource> {
  const content = await world.fs.readText(fileURLToPath(new URL('./graceful/serve.mjs', import.meta.url)));
  return await buildImage(world, {
    names: [gracefulName],
    config: { Entrypoint: ['/usr/local/bin/node', '/serve.mjs'], Env: ['PATH=/usr/local/bin'] },
    layers: [await nodeLayer(world, process.execPath), [{ path: 'serve.mjs', content }]],
  });
}
