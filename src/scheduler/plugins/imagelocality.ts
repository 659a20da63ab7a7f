import type { Plugin } from '../framework.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import type { PodInfo } from '../podinfo.ts';
import type { Snapshot } from '../snapshot.ts';

const name = 'ImageLocality';
const mebibyte = 1024 * 1024;
const low = 23 * mebibyte;
const highPerContainer = 1000 * mebibyte;

/** `repo` → `repo:latest`, as nodes report images. */
function normalized(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}

function sum(pod: PodInfo, node: NodeInfo, snapshot: Snapshot): number {
  const total = snapshot.nodes.length;
  let bytes = 0;
  for (const container of [...(pod.pod.spec.initContainers ?? []), ...pod.pod.spec.containers]) {
    const image = normalized(container.image ?? '');
    // An image that few nodes have counts less, so that one node does not draw all pods.
    const size = node.images.get(image);
    if (size !== undefined) bytes += Math.floor(size * (snapshot.imageNodes(image) / total));
  }
  return bytes;
}

/** Prefers nodes that have the pod's images already. */
export const imageLocality: Plugin = {
  name,
  preFilter(_, state, snapshot) {
    state.set(name, snapshot);
    return {};
  },
  score(pod, node, state) {
    const count = pod.pod.spec.containers.length + (pod.pod.spec.initContainers?.length ?? 0);
    const high = highPerContainer * count;
    const bytes = Math.min(Math.max(sum(pod, node, state.get(name) as Snapshot), low), high);
    return Math.floor((100 * (bytes - low)) / (high - low));
  },
};
