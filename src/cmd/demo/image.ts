// The image of the example: Node, the libraries that it needs, and the app with its model. No Docker, no registry.
import type { World } from '#base/world.ts';
import { buildImage, type LayerEntry, treeEntries } from '#agent/images/build.ts';
import type { ImageSource } from '#agent/images/source.ts';

/** The shared libraries of a program, as the machine's loader resolves them. */
async function libraries(world: Pick<World, 'exec' | 'fs'>, program: string): Promise<LayerEntry[]> {
  const listed = await world.exec.run('ldd', [program], { timeout: 10_000 });
  const paths = [...listed.stdout.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? '');
  const entries: LayerEntry[] = [];
  for (const path of new Set(paths)) {
    const file = await world.fs.realpath(path);
    const size = (await world.fs.stat(file))?.size ?? 0;
    entries.push({ path: path.slice(1), file, size, mode: 0o755 });
  }
  return entries;
}

/** Node in a layer of its own, which all versions of the app share. */
export async function nodeLayer(world: Pick<World, 'exec' | 'fs'>, node: string): Promise<LayerEntry[]> {
  const file = await world.fs.realpath(node);
  const size = (await world.fs.stat(file))?.size ?? 0;
  return [
    { path: 'usr/local/bin/node', file, size, mode: 0o755 },
    ...(await libraries(world, file)),
    { path: 'tmp', directory: true, mode: 0o1777 },
    { path: 'etc/passwd', content: 'root:x:0:0:root:/root:/bin/false\napp:x:1000:1000::/app:/bin/false\n' },
    { path: 'etc/group', content: 'root:x:0:\napp:x:1000:\n' },
  ];
}

export interface AppImage {
  readonly name: string;
  /** Directory of the example's sources. */
  readonly sources: string;
  readonly model: string;
  readonly node: readonly LayerEntry[];
}

/** One version of the example's image. */
export async function appImage(world: World, app: AppImage): Promise<ImageSource> {
  const files = (await treeEntries(world.fs, app.sources, 'app')).filter(
    (entry) => entry.path.endsWith('.ts') && !entry.path.endsWith('.test.ts'),
  );
  const model: LayerEntry = { path: 'app/model.json', content: app.model };
  const module: LayerEntry = { path: 'app/package.json', content: '{ "type": "module" }\n' };
  return buildImage(world, {
    names: [app.name],
    config: {
      Entrypoint: ['/usr/local/bin/node', '/app/serve.ts'],
      Env: ['PATH=/usr/local/bin', 'NODE_ENV=production'],
      WorkingDir: '/app',
      User: '1000',
      ExposedPorts: { '8080/tcp': {} },
    },
    layers: [app.node, [...files, model, module]],
  });
}
