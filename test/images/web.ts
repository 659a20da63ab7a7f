// Stand-ins for the images that serve pages: busybox's own server with the files that tests look for.
import { buildImage } from '#agent/images/build.ts';
import type { ImageSource } from '#agent/images/source.ts';
import type { World } from '#base/world.ts';
import { agnhostBinary } from './agnhost.ts';
import { busyboxLayer } from './busybox.ts';

const env = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
const serve = (dir: string): { Cmd: string[]; Env: string[] } => ({ Cmd: ['httpd', '-f', '-p', '80', '-h', dir], Env: env });

export const httpdName = 'registry.k8s.io/e2e-test-images/httpd:2.4.38-4';
export const nginxName = 'registry.k8s.io/e2e-test-images/nginx:1.15-4';
export const nautilusName = 'registry.k8s.io/e2e-test-images/nautilus:1.7';
export const nonewprivsName = 'registry.k8s.io/e2e-test-images/nonewprivs:1.3';

/** httpd and nginx: one page. */
export async function webImage(world: World): Promise<ImageSource> {
  const page = { path: 'www/index.html', content: '<html><body><h1>It works!</h1></body></html>\n' };
  return await buildImage(world, { names: [httpdName, nginxName], config: serve('/www'), layers: [await busyboxLayer(world), [page]] });
}

/** The update demo's nautilus. */
export async function nautilusImage(world: World): Promise<ImageSource> {
  const data = { path: 'www/data.json', content: '{\n"image":"nautilus.jpg"\n}\n' };
  return await buildImage(world, { names: [nautilusName], config: serve('/www'), layers: [await busyboxLayer(world), [data]] });
}

/** A program that belongs to root, is run as root (setuid), and tells as whom it runs. */
export async function nonewprivsImage(world: World): Promise<ImageSource> {
  const file = await agnhostBinary(world);
  const size = (await world.fs.stat(file))?.size ?? 0;
  return await buildImage(world, {
    names: [nonewprivsName],
    config: { Cmd: ['/nnp'], Env: env },
    layers: [[{ path: 'nnp', file, size, mode: 0o4755 }]],
  });
}
