// The agnhost test image: our own small program (`agnhost/*.c`), compiled once per version of its source.
import { fileURLToPath } from 'node:url';
import { buildImage } from '#agent/images/build.ts';
import type { ImageSource } from '#agent/images/source.ts';
import type { World } from '#base/world.ts';
import { busyboxLayer } from './busybox.ts';

const folder = fileURLToPath(new URL('./agnhost', import.meta.url));

/** Path of the compiled program; it is kept in the system's temporary directory. */
export async function agnhostBinary(world: World): Promise<string> {
  const { fs, exec, digest } = world;
  const sources = (await fs.list(folder)).map((name) => `${folder}/${name}`);
  const text = await Promise.all(sources.map((path) => fs.readText(path)));
  const path = `/tmp/tutti-test-agnhost-${digest.sha256(text.join('\0')).slice(0, 16)}`;
  if (await fs.stat(path)) return path;
  const made = `${path}.${Buffer.from(world.random.bytes(4)).toString('hex')}`;
  const files = sources.filter((name) => name.endsWith('.c'));
  const result = await exec.run('gcc', ['-static', '-O1', '-s', '-w', '-o', made, ...files], { timeout: 120_000 });
  if (result.code !== 0) throw new Error(`cannot compile the test program (Debian: apt-get install build-essential): ${result.stderr}`);
  await fs.rename(made, path);
  return path;
}

export const agnhostName = 'registry.k8s.io/e2e-test-images/agnhost:2.55';

/** The image: the program as /agnhost and /agnhost-2, with a shell and small tools. */
export async function agnhostImage(world: World): Promise<ImageSource> {
  const binary = await agnhostBinary(world);
  const size = (await world.fs.stat(binary))?.size ?? 0;
  return await buildImage(world, {
    names: [agnhostName, 'agnhost:1'],
    config: { Entrypoint: ['/agnhost'], Cmd: ['pause'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
    layers: [
      await busyboxLayer(world),
      [
        { path: 'agnhost', file: binary, size, mode: 0o755 },
        { path: 'agnhost-2', file: binary, size, mode: 0o755 },
      ],
    ],
  });
}
