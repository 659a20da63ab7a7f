// The cluster that all tests of this folder share: they run in it side by side, each in a namespace of its own, and speak
// protobuf with it, as the suite does.
import { createClient } from '#client/create.ts';
import { httpTransport } from '#client/http.ts';
import { nonewprivsImage } from '../../../images/web.ts';
import { startCluster, type TestCluster } from '../../../support/cluster.ts';
import { protobufTransport } from '../../../support/protobuf.ts';

export let cluster: TestCluster;

export async function openCluster(): Promise<void> {
  const started = await startCluster({ images: [nonewprivsImage] });
  const { world, access } = started;
  cluster = { ...started, client: createClient(protobufTransport(httpTransport(world.net, { server: access.server, tls: access.tls }))) };
}

export async function closeCluster(): Promise<void> {
  await cluster?.[Symbol.asyncDispose]();
}
