// Image archives as files: OCI layouts (`index.json`) and what `docker save` writes (`manifest.json`). Nothing is unpacked:
// contents are read from the archive where they are.
import type { OpenFile } from '#base/fs.ts';
import type { World } from '#base/world.ts';
import { fullReference } from './reference.ts';
import { type Blob, blobOf, chunkSize, type ImageSource, imageArchitecture, mediaTypes } from './source.ts';
import { readTarIndex, type TarMember } from './tar.ts';

export interface ImageArchive {
  readonly images: readonly ImageSource[];
  close(): Promise<void>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly architecture?: string; readonly os?: string };
}
interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

type Needs = Pick<World, 'fs' | 'digest' | 'exec' | 'zip' | 'env' | 'random'>;

const nameKeys = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'];

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Opens an archive, also one that was compressed as a whole (it is unpacked beside). Rejects with a message that names the file when it is not an image. */
export async function readImageArchive(world: Needs, path: string): Promise<ImageArchive> {
  const given = await world.fs.open(path);
  const compressed = isGzip(await given.read(0, 2));
  if (!compressed) return await openArchive(world, path, given);
  await given.close();
  const unpacked = `${world.env.TMPDIR ?? '/tmp'}/tutti-image-${world.random.uuid()}.tar`;
  try {
    await gunzipFile(world, path, unpacked);
    const archive = await openArchive(world, path, await world.fs.open(unpacked));
    const close = async (): Promise<void> => {
      await archive.close();
      await world.fs.remove(unpacked);
    };
    return { images: archive.images, close };
  } catch (error) {
    await world.fs.remove(unpacked);
    throw error;
  }
}

async function gunzipFile({ fs, zip }: Needs, from: string, to: string): Promise<void> {
  const file = await fs.open(from);
  const { size } = await file.stat();
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < size; at += chunkSize) yield await file.read(at, chunkSize);
  }
  try {
    await fs.write(to, '', { mode: 0o600 });
    for await (const chunk of zip.gunzipStream(bytes())) await fs.write(to, chunk, { append: true });
  } finally {
    await file.close();
  }
}

async function openArchive(world: Needs, path: string, file: OpenFile): Promise<ImageArchive> {
  try {
    const members = new Map((await readTarIndex(file)).map((member) => [member.path.replace(/^\.\//, ''), member]));

    async function* content(member: TarMember): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < member.size; at += chunkSize) yield await file.read(member.offset + at, Math.min(chunkSize, member.size - at));
    }
    const member = (name: string): TarMember => {
      const found = members.get(name);
      if (found === undefined) throw new Error(`${path} is not a whole image archive: ${name} is missing`);
      return found;
    };
    const json = async <T>(name: string): Promise<T> => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of content(member(name))) chunks.push(chunk);
      return JSON.parse(Buffer.concat(chunks).toString('utf8')) as T;
    };
    const blobName = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
    const blob = ({ mediaType, digest, size }: Descriptor): Blob => {
      const at = member(blobName(digest));
      return { mediaType, digest, size, read: () => content(at) };
    };

    async function ofLayout(): Promise<ImageSource[]> {
      const machine = imageArchitecture((await world.exec.run('uname', ['-m'], { timeout: 10_000 })).stdout.trim());
      const images: ImageSource[] = [];
      const visit = async (descriptor: Descriptor, names: readonly string[]): Promise<void> => {
        const own = nameKeys.map((key) => descriptor.annotations?.[key]).filter((name) => name !== undefined && name.includes('/'));
        const known = [...names, ...own.filter((name) => name !== undefined)];
        if (descriptor.mediaType === mediaTypes.index || descriptor.mediaType.endsWith('manifest.list.v2+json')) {
          const { manifests } = await json<{ manifests: Descriptor[] }>(blobName(descriptor.digest));
          const fitting = manifests.find(
            ({ platform }) => platform === undefined || (platform.architecture === machine && platform.os === 'linux'),
          );
          if (fitting === undefined) throw new Error(`${path} has no image for ${machine}`);
          return visit(fitting, known);
        }
        const manifest = await json<Manifest>(blobName(descriptor.digest));
        images.push({
          names: [...new Set(known)].map(fullReference),
          manifest: blob(descriptor),
          config: blob(manifest.config),
          layers: manifest.layers.map(blob),
        });
      };
      for (const descriptor of (await json<{ manifests: Descriptor[] }>('index.json')).manifests) await visit(descriptor, []);
      return images;
    }

    async function ofDockerSave(): Promise<ImageSource[]> {
      const entries = await json<{ Config: string; RepoTags?: string[]; Layers: string[] }[]>('manifest.json');
      const images: ImageSource[] = [];
      for (const entry of entries) {
        const stored = async (name: string, mediaType: string): Promise<Blob> => {
          const at = member(name);
          return { mediaType, digest: `sha256:${await world.digest.sha256Of(content(at))}`, size: at.size, read: () => content(at) };
        };
        const config = await stored(entry.Config, mediaTypes.config);
        const layers: Blob[] = [];
        for (const name of entry.Layers) {
          const start = await file.read(member(name).offset, 2);
          layers.push(await stored(name, isGzip(start) ? mediaTypes.layerGzip : mediaTypes.layer));
        }
        const descriptor = ({ mediaType, digest, size }: Blob): object => ({ mediaType, digest, size });
        const text = JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.manifest,
          config: descriptor(config),
          layers: layers.map(descriptor),
        });
        images.push({
          names: (entry.RepoTags ?? []).map(fullReference),
          manifest: blobOf(mediaTypes.manifest, Buffer.from(text), world.digest.sha256),
          config,
          layers,
        });
      }
      return images;
    }

    if (!members.has('index.json') && !members.has('manifest.json'))
      throw new Error(`${path} is not an image archive: it has neither index.json nor manifest.json`);
    const images = members.has('index.json') ? await ofLayout() : await ofDockerSave();
    return { images, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}
