// The image of examples/operator: Node, the official client with what it depends on, and the operator's sources.
import { join, resolve } from 'node:path';
import { buildImage, type LayerEntry, treeEntries } from '#agent/images/build.ts';
import type { ImageSource } from '#agent/images/source.ts';
import type { World } from '#base/world.ts';
import { nodeLayer } from '#cmd/demo/image.ts';

const root = resolve(import.meta.dirname, '../..');
const needless = /\.(d\.[cm]?ts|map|md)$|\/(test|docs)\//;

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Packages that a package needs to run, as folders below node_modules. */
async function packagesOf(world: World, name: string): Promise<Set<string>> {
  const found = new Set<string>();
  const visit = async (wanted: string, from: string): Promise<void> => {
    // As Node looks for it: beside the one that wants it, then further up.
    const places = [`${from}/node_modules/${wanted}`, `node_modules/${wanted}`];
    for (const place of places) {
      if (found.has(place)) return;
      const text = await world.fs.readText(join(root, place, 'package.json')).catch(() => undefined);
      if (text === undefined) continue;
      found.add(place);
      for (const dependency of Object.keys((JSON.parse(text) as Manifest).dependencies ?? {})) {
        if (!dependency.startsWith('@types/')) await visit(dependency, place);
      }
      return;
    }
    throw new Error(`package ${wanted} is not installed`);
  };
  await visit(name, '');
  return found;
}

export const operatorImageName = (version: number): string => `example.com/greetings-operator:${version}`;

/** The image under two names, so that there is something to upgrade to. */
export async function operatorImage(world: World): Promise<ImageSource> {
  const packages: LayerEntry[] = [];
  for (const place of await packagesOf(world, '@kubernetes/client-node')) {
    const entries = await treeEntries(world.fs, join(root, place), `app/${place}`);
    const nested = `app/${place}/node_modules/`;
    packages.push(...entries.filter(({ path }) => !needless.test(path) && !path.startsWith(nested)));
  }
  const sources = (await treeEntries(world.fs, join(root, 'examples/operator'), 'app')).filter(({ path }) => path.endsWith('.ts'));
  return buildImage(world, {
    names: [operatorImageName(1), operatorImageName(2)],
    config: {
      Entrypoint: ['/usr/local/bin/node', '/app/operator.ts'],
      Env: ['PATH=/usr/local/bin', 'NODE_ENV=production'],
      WorkingDir: '/app',
      User: '1000',
    },
    layers: [
      await nodeLayer(world, process.execPath),
      packages,
      [...sources, { path: 'app/package.json', content: '{ "type": "module" }\n' }],
    ],
  });
}
