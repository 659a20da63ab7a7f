// The image of a sample aggregated API server: Node and our own small server.
import { resolve } from 'node:path';
import { buildImage, treeEntries } from '#agent/images/build.ts';
import type { ImageSource } from '#agent/images/source.ts';
import type { World } from '#base/world.ts';
import { nodeLayer } from '#cmd/demo/image.ts';

export const wardleName = 'example.com/sample-apiserver:1';

export async function wardleImage(world: World): Promise<ImageSource> {
  const sources = await treeEntries(world.fs, resolve(import.meta.dirname, 'wardle'), 'app');
  return buildImage(world, {
    names: [wardleName],
    config: { Entrypoint: ['/usr/local/bin/node', '/app/server.ts'], Env: ['PATH=/usr/local/bin'], WorkingDir: '/app' },
    layers: [await nodeLayer(world, process.execPath), [...sources, { path: 'app/package.json', content: '{ "type": "module" }\n' }]],
  });
}
