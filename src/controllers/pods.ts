// Pure: what controllers ask of pods.
import type { Pod } from '#api/core/v1/pod.ts';
import type { PodCondition } from '#api/core/v1/podstatus.ts';

/** A condition of a pod by type. */
export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status.conditions?.find((condition) => condition.type === type);
}

/** True when the pod's Ready condition is true. */
export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True';
}

/** True when all containers have ended for good. */
export function isPodTerminal(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}

/** True when the pod counts for its controller: it has neither ended nor is it being deleted. */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
}
