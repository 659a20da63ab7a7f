import type { Plugin } from '../framework.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import type { Snapshot } from '../snapshot.ts';

const name = 'ImageLocality';
const mebibyte = 1024 * 1024;
const low = 23 * mebibyte;
const highPerContainer = 1000 * mebibyte;

/** `repo` → `repo:latest`, as nodes report images. */
function normalized(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}

interface Wanted {
  /** Images that some node has, with the share of nodes that have them. */
  readonly images: readonly { readonly name: string; readonly share: number }[];
  readonly high: number;
}

function bytesOn(node: NodeInfo, wanted: Wanted): number {
  let bytes = 0;
  // An image that few nodes have counts less, so that one node does not draw all pods.
  for (const image of wanted.images) bytes += Math.floor((node.images.get(image.name) ?? 0) * image.share);
  return bytes;
}

/** Prefers nodes that have the pod's images already. */
export const imageLocality: Plugin = {
  name,
  preFilter(_, state, snapshot) {
    state.set(name, snapshot);
    return {};
  },
  preScore(pod, _, state) {
    const snapshot = state.get(name) as Snapshot;
    const containers = [...(pod.pod.spec.initContainers ?? []), ...pod.pod.spec.containers];
    const images = containers.flatMap((container) => {
      const image = normalized(container.image ?? '');
      const nodes = snapshot.imageNodes(image);
      return nodes === 0 ? [] : [{ name: image, share: nodes / snapshot.nodes.length }];
    });
    state.set(name, { images, high: highPerContainer * containers.length } satisfies Wanted);
    return images.length > 0;
  },
  localScore: true,
  score(_, node, state) {
    const wanted = state.get(name) as Wanted;
    const bytes = Math.min(Math.max(bytesOn(node, wanted), low), wanted.high);
    return Math.floor((100 * (bytes - low)) / (wanted.high - low));
  },
};
