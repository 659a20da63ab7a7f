// The busybox test image, from the machine's statically linked busybox.
import { buildImage, type LayerEntry } from '#agent/images/build.ts';
import type { ImageSource } from '#agent/images/source.ts';
import type { World } from '#base/world.ts';

const passwd = `root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/home:/bin/false
app:x:1000:1000::/home:/bin/sh
`;
const group = `root:x:0:
nogroup:x:65534:
app:x:1000:
`;

/** Directories, users and busybox's commands: what a small Linux has. */
export async function busyboxLayer(world: World): Promise<LayerEntry[]> {
  const info = await world.fs.stat('/bin/busybox');
  if (!info) throw new Error('busybox is not installed (Debian: apt-get install busybox-static)');
  const applets = await world.exec.run('/bin/busybox', ['--list'], { timeout: 10_000 });
  const names = applets.stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
  return [
    { path: 'bin/busybox', file: '/bin/busybox', size: info.size, mode: 0o755 },
    ...names.map((name) => ({ path: `bin/${name}`, link: 'busybox' })),
    ...['dev', 'etc', 'home', 'proc', 'root', 'sys', 'usr', 'var'].map((path) => ({ path, directory: true as const })),
    { path: 'tmp', directory: true, mode: 0o1777 },
    { path: 'etc/passwd', content: passwd },
    { path: 'etc/group', content: group },
  ];
}

/** The names under which tests (and Kubernetes' own) ask for busybox. */
export const busyboxNames = [
  'busybox:1',
  'busybox:latest',
  'registry.k8s.io/e2e-test-images/busybox:1.37.0-1',
  'registry.k8s.io/e2e-test-images/busybox:1.36.1-1',
];

/** The image. */
export async function busyboxImage(world: World): Promise<ImageSource> {
  return await buildImage(world, {
    names: busyboxNames,
    config: { Cmd: ['sh'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
    layers: [await busyboxLayer(world)],
  });
}
