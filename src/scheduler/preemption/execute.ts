// DefaultPreemption, the acting half: marks and deletes the victims.
import { rfc3339 } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { Pods } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import type { Recorder } from '#client/events.ts';
import type { PodInfo } from '../podinfo.ts';
import type { Candidate } from './pick.ts';

export interface ExecuteDeps {
  readonly client: Client;
  readonly recorder: Recorder;
  readonly world: Pick<World, 'clock'>;
}

async function preempt({ client, recorder, world }: ExecuteDeps, victim: PodInfo, by: { pod: PodInfo; nodeName: string }): Promise<void> {
  const pods = client.resource(Pods);
  const { name } = victim.pod.metadata;
  const { namespace } = victim;
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${by.pod.pod.spec.schedulerName ?? 'default-scheduler'}: preempting to accommodate a higher priority pod`,
    lastTransitionTime: rfc3339(world.clock.now()),
    ...(victim.pod.metadata.generation === undefined ? {} : { observedGeneration: victim.pod.metadata.generation }),
  };
  try {
    await pods.patch(
      name,
      { metadata: { uid: victim.uid }, status: { conditions: [condition] } },
      { type: 'strategic', subresource: 'status', namespace },
    );
    await pods.delete(name, { namespace, options: { preconditions: { uid: victim.uid } } });
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
  recorder.event(victim.pod, 'Normal', 'Preempted', `Preempted by pod ${by.pod.uid} on node ${by.nodeName}`, 'Preempting');
}

/** Lets the victims go, each with its own grace period. Rejects when one could not be deleted; the others may be gone then. */
export async function executePreemption(deps: ExecuteDeps, pod: PodInfo, { node, victims }: Candidate): Promise<void> {
  const left = victims.filter((victim) => !victim.terminating);
  await Promise.all(left.map((victim) => preempt(deps, victim, { pod, nodeName: node.name })));
}
