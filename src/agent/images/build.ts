// Making an OCI image from files, without any tool: layers are tar streams computed when they are read, once for their
// digest and once for their destination, so that no copy is kept. The same files always make the same image.
import type { Fs } from '#base/fs.ts';
import type { World } from '#base/world.ts';
import { fullReference } from './reference.ts';
import { blobOf, chunkSize, imageArchitecture, mediaTypes, type Blob, type ImageSource } from './source.ts';
import { paddingOf, tarEnd, tarHeader, type TarHeader } from './tar.ts';

interface EntryFacts {
  /** Path in the image, without a leading slash. */
  readonly path: string;
  /** Permission bits; 0755 for directories, 0644 for files when absent. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** A member of a layer: a directory, text or bytes, a file of this machine, or a symbolic link. */
export type LayerEntry = EntryFacts &
  (
    | { readonly directory: true }
    | { readonly content: string | Uint8Array }
    | { readonly file: string; readonly size: number }
    | { readonly link: string }
  );

/** How containers of the image run; the names are those of the OCI image configuration. */
export interface ImageRunConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
}

export interface BuildSpec {
  /** References; completed ('app:1' becomes 'docker.io/library/app:1'). */
  readonly names: readonly string[];
  readonly config: ImageRunConfig;
  /** Bottom first. Parent directories that an entry needs are added. */
  readonly layers: readonly (readonly LayerEntry[])[];
}

type Needs = Pick<World, 'fs' | 'digest' | 'exec'>;

/** The entries of a directory tree of this machine, to stand at `at` in the image. Owners become root's. */
export async function treeEntries(fs: Fs, dir: string, at: string): Promise<LayerEntry[]> {
  const entries: LayerEntry[] = [];
  for (const name of await fs.list(dir)) {
    const from = `${dir}/${name}`;
    const path = at === '' ? name : `${at}/${name}`;
    const info = await fs.lstat(from);
    if (info?.kind === 'directory') entries.push({ path, directory: true, mode: info.mode }, ...(await treeEntries(fs, from, path)));
    else if (info?.kind === 'file') entries.push({ path, file: from, size: info.size, mode: info.mode });
    else if (info?.kind === 'symlink') entries.push({ path, link: await fs.readlink(from) });
  }
  return entries;
}

/** Entries sorted by path, with the parent directories that nobody listed. */
function complete(entries: readonly LayerEntry[]): LayerEntry[] {
  const byPath = new Map<string, LayerEntry>();
  for (const entry of entries) {
    const path = entry.path.replace(/^\/+|\/+$/g, '');
    if (path === '' || path.split('/').includes('..')) throw new Error(`image entry with a bad path: "${entry.path}"`);
    byPath.set(path, { ...entry, path });
  }
  for (const path of byPath.keys()) {
    const parts = path.split('/');
    for (let i = 1; i < parts.length; i++) {
      const parent = parts.slice(0, i).join('/');
      if (!byPath.has(parent)) byPath.set(parent, { path: parent, directory: true });
    }
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function headerOf(entry: LayerEntry): TarHeader {
  const common = { uid: entry.uid ?? 0, gid: entry.gid ?? 0, linkTarget: '', size: 0 };
  if ('directory' in entry) return { ...common, path: `${entry.path}/`, kind: 'directory', mode: entry.mode ?? 0o755 };
  if ('link' in entry) return { ...common, path: entry.path, kind: 'symlink', mode: 0o777, linkTarget: entry.link };
  const size = 'file' in entry ? entry.size : Buffer.byteLength(entry.content);
  return { ...common, path: entry.path, kind: 'file', mode: entry.mode ?? 0o644, size };
}

/** The contents of a file of a known size, in pieces; a file that changed its size meanwhile is an error. */
async function* readFile(fs: Fs, path: string, size: number): AsyncGenerator<Uint8Array> {
  const file = await fs.open(path);
  try {
    for (let at = 0; at < size; ) {
      const chunk = await file.read(at, Math.min(chunkSize, size - at));
      if (chunk.length === 0) throw new Error(`${path} became shorter while it was read`);
      at += chunk.length;
      yield chunk;
    }
  } finally {
    await file.close();
  }
}

async function* layerBytes(fs: Fs, entries: readonly LayerEntry[]): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    const header = headerOf(entry);
    yield tarHeader(header);
    if ('content' in entry) yield typeof entry.content === 'string' ? Buffer.from(entry.content) : entry.content;
    else if ('file' in entry) yield* readFile(fs, entry.file, entry.size);
    if (paddingOf(header.size) > 0) yield new Uint8Array(paddingOf(header.size));
  }
  yield tarEnd;
}

async function layerBlob({ fs, digest }: Needs, entries: readonly LayerEntry[]): Promise<Blob> {
  const sorted = complete(entries);
  let size = tarEnd.length;
  for (const entry of sorted) {
    const header = headerOf(entry);
    size += tarHeader(header).length + header.size + paddingOf(header.size);
  }
  const read = (): AsyncIterable<Uint8Array> => layerBytes(fs, sorted);
  return { mediaType: mediaTypes.layer, digest: `sha256:${await digest.sha256Of(read())}`, size, read };
}

/** Builds an image. The files that the entries name must stay as they are until the image was imported or written. */
export async function buildImage(world: Needs, spec: BuildSpec): Promise<ImageSource> {
  const machine = await world.exec.run('uname', ['-m'], { timeout: 10_000 });
  const layers: Blob[] = [];
  for (const entries of spec.layers) layers.push(await layerBlob(world, entries));
  const json = (mediaType: string, value: object): Blob => blobOf(mediaType, Buffer.from(JSON.stringify(value)), world.digest.sha256);
  const config = json(mediaTypes.config, {
    architecture: imageArchitecture(machine.stdout.trim()),
    os: 'linux',
    config: spec.config,
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
    history: layers.map(() => ({ created_by: 'tutti' })),
  });
  const descriptor = ({ mediaType, digest, size }: Blob): object => ({ mediaType, digest, size });
  const manifest = json(mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptor(config),
    layers: layers.map(descriptor),
  });
  return { names: spec.names.map(fullReference), manifest, config, layers };
}
