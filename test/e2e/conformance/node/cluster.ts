// The cluster that all tests of this folder share: they run in it side by side, each in a namespace of its own.
import { nonewprivsImage } from '../../../images/web.ts';
import { startCluster, type TestCluster } from '../../../support/cluster.ts';

export let cluster: TestCluster;

export async function openCluster(): Promise<void> {
  cluster = await startCluster({ images: [nonewprivsImage] });
}

export async function closeCluster(): Promise<void> {
  await cluster?.[Symbol.asyncDispose]();
}
