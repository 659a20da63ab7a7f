// Image archives as other tools write them are loaded and run: OCI layout, `docker save`, compressed.
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { after, before, test } from 'node:test';
import { readImageArchive } from '#agent/images/archive.ts';
import { buildImage } from '#agent/images/build.ts';
import { importImage } from '#agent/images/import.ts';
import { bytesOf, type ImageSource } from '#agent/images/source.ts';
import { paddingOf, tarEnd, tarHeader } from '#agent/images/tar.ts';
import { busyboxLayer } from '../../images/busybox.ts';
import { containerConfig, runPod, startTestNode, until, type TestNode } from './support.ts';

let node: TestNode;
let image: ImageSource;
before(async () => {
  node = await startTestNode({ subnets: ['10.244.6.0/24'] });
  image = await buildImage(node.world, {
    names: [],
    config: { Cmd: ['cat', '/hello'] },
    layers: [await busyboxLayer(node.world), [{ path: 'hello', content: 'from an archive\n' }]],
  });
});
after(async () => {
  await node?.[Symbol.asyncDispose]();
});

function tarOf(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [path, bytes] of files) {
    parts.push(tarHeader({ path, kind: 'file', size: bytes.length, mode: 0o644, uid: 0, gid: 0, linkTarget: '' }), bytes);
    parts.push(new Uint8Array(paddingOf(bytes.length)));
  }
  return Buffer.concat([...parts, tarEnd]);
}

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

async function ociArchive(name: string): Promise<Uint8Array> {
  const { mediaType, digest, size } = image.manifest;
  const files = new Map<string, Uint8Array>([
    ['oci-layout', json({ imageLayoutVersion: '1.0.0' })],
    ['index.json', json({ schemaVersion: 2, manifests: [{ mediaType, digest, size, annotations: { 'io.containerd.image.name': name } }] })],
  ]);
  for (const blob of [image.manifest, image.config, ...image.layers])
    files.set(`blobs/${blob.digest.replace(':', '/')}`, await bytesOf(blob));
  return tarOf(files);
}

async function dockerArchive(name: string, compressLayers: boolean): Promise<Uint8Array> {
  const files = new Map<string, Uint8Array>([['config.json', await bytesOf(image.config)]]);
  const layers: string[] = [];
  for (const [i, layer] of image.layers.entries()) {
    const bytes = await bytesOf(layer);
    files.set(`${i}/layer.tar`, compressLayers ? gzipSync(bytes, { level: 1 }) : bytes);
    layers.push(`${i}/layer.tar`);
  }
  files.set('manifest.json', json([{ Config: 'config.json', RepoTags: [name], Layers: layers }]));
  return tarOf(files);
}

async function loads(name: string, bytes: Uint8Array): Promise<void> {
  const { world, instance, dataDir } = node;
  const { runtime } = instance;
  const path = `${dataDir}/${name}.tar`;
  await world.fs.write(path, bytes);
  const archive = await readImageArchive(world, path);
  for (const found of archive.images) {
    assert.deepEqual(found.names, [`docker.io/library/${name}:1`]);
    await importImage(world, instance.channel, found);
    await importImage(world, instance.channel, found);
  }
  await archive.close();
  const { sandboxId, containerId } = await runPod(node, name, containerConfig([], { image: { image: `docker.io/library/${name}:1` } }));
  const status = await until(world, 'the end', async () => {
    const now = await runtime.containerStatus(containerId);
    return now.state === 'CONTAINER_EXITED' && now;
  });
  assert.match(await world.fs.readText(status.logPath), /from an archive/);
  await runtime.stopSandbox(sandboxId);
  await runtime.removeSandbox(sandboxId);
  await runtime.removeImage(`${name}:1`);
  await until(world, 'the image is gone', async () => (await runtime.imageStatus(`${name}:1`)) === undefined);
}

test('an OCI layout', async () => {
  await loads('oci', await ociArchive('docker.io/library/oci:1'));
});

test('docker save, with plain and with compressed layers', async () => {
  await loads('saved', await dockerArchive('saved:1', false));
  await loads('packed', await dockerArchive('packed:1', true));
});

test('an archive compressed as a whole', async () => {
  await loads('gzipped', gzipSync(await ociArchive('docker.io/library/gzipped:1'), { level: 1 }));
});

test('what is not an image is refused', async () => {
  const { world, dataDir } = node;
  await world.fs.write(`${dataDir}/text`, 'hello'.repeat(500));
  await assert.rejects(readImageArchive(world, `${dataDir}/text`), /not a tar archive/);
  await world.fs.write(`${dataDir}/other.tar`, tarOf(new Map([['a', json({})]])));
  await assert.rejects(readImageArchive(world, `${dataDir}/other.tar`), /not an image archive/);
});
