// What is to become of a mirror: pure.
import type { Pod } from '#api/core/v1/pod.ts';
import { isMirrorOf } from './annotations.ts';

export type MirrorAction = 'keep' | 'create' | 'delete';

/**
 * A mirror that is being deleted, or shows another version of its pod, goes at once; the next look makes a new one.
 * `complete`: every static pod is known, so a mirror without one has lost it.
 */
export function planMirror(pod: Pod | undefined, mirror: Pod | undefined, complete: boolean): MirrorAction {
  if (!pod) return mirror && complete ? 'delete' : 'keep';
  if (!mirror) return 'create';
  return mirror.metadata.deletionTimestamp || !isMirrorOf(mirror, pod) ? 'delete' : 'keep';
}
