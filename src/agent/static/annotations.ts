// The annotations that tell static pods and their mirrors apart from all others: pure.
import type { Pod } from '#api/core/v1/pod.ts';
import { isMirrorPod } from '#api/podutil.ts';

export const annotations = {
  /** Where the node has the pod from: `file`; absent for pods of the API. */
  source: 'kubernetes.io/config.source',
  /** Changes with the manifest. */
  hash: 'kubernetes.io/config.hash',
  /** When the node first saw it. */
  seen: 'kubernetes.io/config.seen',
  /** On a mirror: the hash of the static pod that it shows. */
  mirror: 'kubernetes.io/config.mirror',
} as const;

/** `name_namespace`: what a static pod and its mirror have in common. */
export const fullName = (pod: Pod): string => `${pod.metadata.name}_${pod.metadata.namespace ?? ''}`;

/** True for a pod that the node has from a file of its own. */
export function isStaticPod(pod: Pod): boolean {
  const source = pod.metadata.annotations?.[annotations.source];
  return source !== undefined && source !== 'api' && !isMirrorPod(pod);
}

/** True when the mirror shows this very version of the static pod. */
export function isMirrorOf(mirror: Pod, pod: Pod): boolean {
  const shown = mirror.metadata.annotations?.[annotations.mirror];
  return fullName(mirror) === fullName(pod) && shown !== undefined && shown === pod.metadata.annotations?.[annotations.hash];
}
