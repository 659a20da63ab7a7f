// Tells the user why a pod is pending: the FailedScheduling event and the PodScheduled condition.
import { rfc3339 } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { Pods } from '#api/refs.ts';
import type { Informer } from '#client/cache.ts';
import type { Client } from '#client/client.ts';
import type { Recorder } from '#client/events.ts';
import type { PodInfo } from './podinfo.ts';

export interface ReportDeps {
  readonly client: Client;
  readonly recorder: Recorder;
  readonly pods: Informer<Pod>;
  readonly world: Pick<World, 'clock'>;
}

export interface Failure {
  /** `SchedulerError` when something broke rather than did not fit. */
  readonly reason: 'Unschedulable' | 'SchedulerError';
  readonly message: string;
  /** A new nomination, or the empty text to take one away; undefined leaves it. */
  readonly nominate?: string | undefined;
}

/** Writes one event and, where it says something new, the pod's status. */
export async function reportFailure({ client, recorder, pods, world }: ReportDeps, info: PodInfo, failure: Failure): Promise<void> {
  const { reason, message, nominate } = failure;
  recorder.event(info.pod, 'Warning', 'FailedScheduling', message, 'Scheduling');
  const known = pods.lister.getByKey(info.key);
  if (known === undefined || known.metadata.uid !== info.uid) return;
  const condition = known.status.conditions?.find((entry) => entry.type === 'PodScheduled');
  const told = condition?.status === 'False' && condition.reason === reason && condition.message === message;
  const nominated = nominate !== undefined && nominate !== (known.status.nominatedNodeName ?? '');
  if (told && !nominated) return;
  const lastTransitionTime = condition?.status === 'False' ? condition.lastTransitionTime : rfc3339(world.clock.now());
  const next = {
    type: 'PodScheduled',
    status: 'False',
    reason,
    message,
    lastTransitionTime,
    ...(known.metadata.generation === undefined ? {} : { observedGeneration: known.metadata.generation }),
  };
  await client.resource(Pods).patch(
    info.pod.metadata.name,
    {
      metadata: { uid: info.uid },
      status: { conditions: [next], ...(nominated ? { nominatedNodeName: nominate === '' ? null : nominate } : {}) },
    },
    { type: 'strategic', subresource: 'status', namespace: info.namespace },
  );
}

/** Takes a pod's nomination away: a more important pod needs the room. */
export async function clearNomination(client: Client, info: PodInfo): Promise<void> {
  await client
    .resource(Pods)
    .patch(
      info.pod.metadata.name,
      { metadata: { uid: info.uid }, status: { nominatedNodeName: null } },
      { type: 'strategic', subresource: 'status', namespace: info.namespace },
    );
}
