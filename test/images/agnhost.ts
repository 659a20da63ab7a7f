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
  const compile = (...more: string[]) =>
    exec.run('gcc', ['-static', '-O1', '-s', '-w', '-o', made, ...files, ...more], { timeout: 120_000 });
  const withTls = await compile('-DWITH_TLS', '-lssl', '-lcrypto');
  if (withTls.code !== 0) {
    // OpenSSL's headers may be missing (Debian: apt-get install libssl-dev): then servers have no TLS.
    const result = await compile();
    if (result.code !== 0) throw new Error(`cannot compile the test program (Debian: apt-get install build-essential): ${result.stderr}`);
  }
  await fs.rename(made, path);
  return path;
}

/** A certificate for this machine alone, made once for each version of the program: servers use it unless told otherwise. */
async function localCertificate(world: World, binary: string): Promise<{ cert: string; key: string }> {
  const { fs, pki } = world;
  const path = `${binary}.pem`;
  const kept = await fs.readText(path).catch(() => undefined);
  if (kept !== undefined) return JSON.parse(kept) as { cert: string; key: string };
  const ca = await pki.createCa('localhost-ca', 3650);
  const pair = await pki.issue(ca, {
    commonName: 'localhost',
    dnsNames: ['localhost'],
    ips: ['127.0.0.1', '::1'],
    usages: ['server'],
    days: 3650,
  });
  await fs.write(path, JSON.stringify(pair), { atomic: true });
  return pair;
}

export const agnhostName = 'registry.k8s.io/e2e-test-images/agnhost:2.55';
export const pauseName = 'registry.k8s.io/pause:3.10.1';

/** The image: the program as /agnhost and /agnhost-2, with a shell and small tools. */
export async function agnhostImage(world: World): Promise<ImageSource> {
  const binary = await agnhostBinary(world);
  const size = (await world.fs.stat(binary))?.size ?? 0;
  const { cert, key } = await localCertificate(world, binary);
  return await buildImage(world, {
    // Without arguments it pauses, so it also stands in for the pause image.
    names: [agnhostName, 'agnhost:1', pauseName],
    config: { Entrypoint: ['/agnhost'], Cmd: ['pause'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
    layers: [
      await busyboxLayer(world),
      [
        { path: 'agnhost', file: binary, size, mode: 0o755 },
        { path: 'agnhost-2', file: binary, size, mode: 0o755 },
        { path: 'usr/bin/curl', link: '/agnhost' },
        { path: 'localhost.crt', content: cert },
        { path: 'localhost.key', content: key },
      ],
    ],
  });
}
