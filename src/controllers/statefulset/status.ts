// What a StatefulSet says about itself. Pure.
import type { ControllerRevision } from '#api/apps/v1/controllerrevision.ts';
import type { StatefulSet, StatefulSetStatus } from '#api/apps/v1/statefulset.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { isPodAvailable, isPodReady } from '#api/podutil.ts';
import { replicasOf, revisionOfPod } from './identity.ts';

export const isTerminating = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;
export const isRunningAndReady = (pod: Pod): boolean => pod.status.phase === 'Running' && isPodReady(pod);
export const isHealthy = (pod: Pod): boolean => isRunningAndReady(pod) && !isTerminating(pod);

/** True when the pod has been ready for the set's minReadySeconds. */
export function isRunningAndAvailable(set: StatefulSet, pod: Pod, now: number): boolean {
  return pod.status.phase === 'Running' && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now);
}

export interface StatusInput {
  readonly set: StatefulSet;
  readonly pods: readonly Pod[];
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly collisionCount: number;
  readonly now: number;
}

/** The whole status. A finished rolling update makes the update revision the current one. */
export function statefulSetStatus({ set, pods, current, update, collisionCount, now }: StatusInput): StatefulSetStatus {
  const staying = pods.filter((pod) => !isTerminating(pod));
  const at = (revision: ControllerRevision): number => staying.filter((pod) => revisionOfPod(pod) === revision.metadata.name).length;
  const updated = at(update);
  const ready = pods.filter(isRunningAndReady).length;
  const rolling = set.spec.updateStrategy?.type === 'RollingUpdate';
  // A pod that is missing right now comes back at its old revision: only a full house is done.
  const done = rolling && updated === pods.length && ready === pods.length && updated >= replicasOf(set);
  return {
    ...set.status,
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: ready,
    availableReplicas: pods.filter((pod) => isRunningAndAvailable(set, pod, now)).length,
    currentReplicas: done ? updated : at(current),
    updatedReplicas: updated,
    currentRevision: done ? update.metadata.name : current.metadata.name,
    updateRevision: update.metadata.name,
    collisionCount,
  };
}
