// Makes the claims of ephemeral volumes: they belong to one pod and go with it (KEP-1698).
import { messageOf } from '#base/errors.ts';
import type { Component } from '#base/world.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { controllerOf, type Draft, keyOf } from '#api/object.ts';
import { isPodTerminal } from '#api/podutil.ts';
import { PersistentVolumeClaims, Pods } from '#api/refs.ts';
import { isAlreadyExists } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { controllerRef } from '#client/ownership.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';

type Volume = NonNullable<Pod['spec']['volumes']>[number];

/** The claim of one of a pod's ephemeral volumes. */
export function claimFor(pod: Pod, volume: Volume): Draft<PersistentVolumeClaim> & { readonly metadata: { readonly name: string } } {
  const template = volume.ephemeral?.volumeClaimTemplate;
  const { labels, annotations } = template?.metadata ?? {};
  return {
    metadata: {
      name: `${pod.metadata.name}-${volume.name}`,
      namespace: pod.metadata.namespace ?? '',
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ownerReferences: [controllerRef(pod, Pods)],
    },
    ...(template?.spec ? { spec: template.spec } : {}),
  };
}

const isEphemeral = (volume: Volume): boolean => volume.ephemeral !== undefined;

/** Starts the controller. */
export function startEphemeralVolumeController({ client, informers, world }: ControllerDeps): Component {
  const pods = informers.of(Pods);
  const claims = informers.of(PersistentVolumeClaims);
  const api = client.resource(PersistentVolumeClaims);
  const recorder = createRecorder(client, world, { component: 'ephemeral_volume' });

  async function reconcile(key: string): Promise<void> {
    const pod = pods.lister.getByKey(key);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return;
    const { namespace = '' } = pod.metadata;
    for (const volume of (pod.spec.volumes ?? []).filter(isEphemeral)) {
      const draft = claimFor(pod, volume);
      const { name } = draft.metadata;
      const known = claims.lister.get(name, namespace);
      if (known !== undefined) {
        if (controllerOf(known)?.uid !== pod.metadata.uid)
          throw new Error(`PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`);
        continue;
      }
      try {
        await api.create(draft, { namespace });
      } catch (error) {
        if (isAlreadyExists(error)) throw error;
        recorder.event(pod, 'Warning', 'FailedBinding', `ephemeral volume ${volume.name}: create PVC ${name}: ${messageOf(error)}`);
        throw error;
      }
    }
  }

  const handle = startController({ name: 'ephemeral-volume', world, synced: allSynced(pods, claims), reconcile });
  const look = (pod: Pod): void => {
    if (pod.metadata.deletionTimestamp === undefined && !isPodTerminal(pod) && pod.spec.volumes?.some(isEphemeral))
      handle.enqueue(keyOf(pod));
  };
  return withCleanup(
    handle,
    pods.onChange({ added: look }),
    claims.onChange({
      deleted: (claim) => {
        const owner = controllerOf(claim);
        const pod = owner?.kind === 'Pod' ? pods.lister.get(owner.name, claim.metadata.namespace) : undefined;
        if (pod !== undefined) look(pod);
      },
    }),
    () => recorder[Symbol.asyncDispose](),
  );
}
