// An image, wherever its bytes are: what is imported into a runtime or written as an archive.

/** A piece of content with its digest; `read` may be called more than once. */
export interface Blob {
  readonly mediaType: string;
  /** 'sha256:…'. */
  readonly digest: string;
  readonly size: number;
  read(): AsyncIterable<Uint8Array>;
}

export interface ImageSource {
  /** Full references ('docker.io/library/busybox:1'); may be empty. */
  readonly names: readonly string[];
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layers: readonly Blob[];
}

/** Contents move in pieces of this size. */
export const chunkSize = 1024 * 1024;

export const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

/** A blob of bytes at hand. */
export function blobOf(mediaType: string, bytes: Uint8Array, sha256: (bytes: Uint8Array) => string): Blob {
  return {
    mediaType,
    digest: `sha256:${sha256(bytes)}`,
    size: bytes.length,
    async *read() {
      for (let at = 0; at < bytes.length; at += chunkSize) yield bytes.subarray(at, at + chunkSize);
    },
  };
}

/** All bytes of a small blob. */
export async function bytesOf(blob: Blob): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of blob.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Another system's name for a machine's architecture ('x86_64') in images ('amd64'). */
export function imageArchitecture(machine: string): string {
  const names: Readonly<Record<string, string>> = { x86_64: 'amd64', x64: 'amd64', aarch64: 'arm64', armv7l: 'arm' };
  return names[machine] ?? machine;
}
