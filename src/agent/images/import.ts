// Putting an image into containerd over its own services (CRI can only pull): content under a lease, then the name.
import { GrpcError, grpcCode, type GrpcChannel } from '#base/grpc.ts';
import type { World } from '#base/world.ts';
import { criNamespace, messages } from '../containerd/messages.ts';
import { runtimeError } from '../cri/call.ts';
import { chunkSize, type Blob, type ImageSource } from './source.ts';

type Needs = Pick<World, 'random' | 'clock'>;

const service = (name: string): string => `/containerd.services.${name}`;
const isExisting = (error: unknown): boolean => error instanceof GrpcError && error.code === grpcCode.alreadyExists;

/** The same bytes in pieces of about `chunkSize`: a layer's many small headers must not be a message each. */
async function* inChunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pending: Uint8Array[] = [];
  let size = 0;
  for await (const piece of source) {
    pending.push(piece);
    size += piece.length;
    if (size < chunkSize) continue;
    yield Buffer.concat(pending);
    pending = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(pending);
}

async function* writeRequests(ref: string, blob: Blob, labels: Readonly<Record<string, string>>): AsyncGenerator<Uint8Array> {
  const common = { ref, total: blob.size, expected: blob.digest };
  let offset = 0;
  for await (const data of inChunks(blob.read())) {
    yield messages.WriteContentRequest.encode({ ...common, action: 'WRITE', offset, data });
    offset += data.length;
  }
  yield messages.WriteContentRequest.encode({ ...common, action: 'COMMIT', offset, labels });
}

/** Stores a blob; the daemon checks its digest, and ends the call early when it has the blob already (the lease then holds it). */
async function writeBlob(
  channel: GrpcChannel,
  blob: Blob,
  { lease, labels }: { lease: string; labels?: Readonly<Record<string, string>> },
): Promise<void> {
  const requests = writeRequests(`${lease}-${blob.digest}`, blob, labels ?? {});
  const metadata = { ...criNamespace, 'containerd-lease': lease };
  try {
    for await (const answer of channel.bidi(service('content.v1.Content/Write'), requests, { metadata })) {
      messages.WriteContentResponse.decode(answer);
    }
  } catch (error) {
    if (!isExisting(error)) throw error;
  }
}

async function nameImage(channel: GrpcChannel, name: string, manifest: Blob): Promise<void> {
  const target = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.size };
  const image = { name, target, labels: { 'io.cri-containerd.image': 'managed' } };
  try {
    await channel.unary(service('images.v1.Images/Create'), messages.CreateImageRequest.encode({ image }), { metadata: criNamespace });
  } catch (error) {
    if (!isExisting(error)) throw error;
    const update = messages.UpdateImageRequest.encode({ image, updateMask: { paths: ['target', 'labels'] } });
    await channel.unary(service('images.v1.Images/Update'), update, { metadata: criNamespace });
  }
}

/** Imports an image under its names and waits until CRI sees it. An image that is there already costs a few calls. */
export async function importImage(world: Needs, channel: GrpcChannel, source: ImageSource): Promise<void> {
  const lease = `tutti-import-${world.random.uuid()}`;
  const expires = new Date(world.clock.now() + 3_600_000).toISOString();
  const leaseOf = messages.CreateLeaseRequest.encode({ id: lease, labels: { 'containerd.io/gc.expire': expires } });
  try {
    await channel.unary(service('leases.v1.Leases/Create'), leaseOf, { metadata: criNamespace });
    try {
      for (const blob of [...source.layers, source.config]) await writeBlob(channel, blob, { lease });
      const labels: Record<string, string> = { 'containerd.io/gc.ref.content.config': source.config.digest };
      for (const [i, layer] of source.layers.entries()) labels[`containerd.io/gc.ref.content.l.${i}`] = layer.digest;
      await writeBlob(channel, source.manifest, { lease, labels });
      for (const name of source.names) await nameImage(channel, name, source.manifest);
    } finally {
      await channel.unary(service('leases.v1.Leases/Delete'), messages.DeleteLeaseRequest.encode({ id: lease }), {
        metadata: criNamespace,
      });
    }
  } catch (error) {
    throw runtimeError(error);
  }
}
