// Claims that want to grow and whose volumes we cannot grow ourselves: says, once per wish, that somebody else has to.
// (kube-controller-manager's expand controller without in-tree plug-ins.)
import type { Component } from '#base/world.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import { keyOf } from '#api/object.ts';
import { PersistentVolumeClaims, PersistentVolumes } from '#api/refs.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { compareQuantity } from '#format/quantity.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';

/** True when a bound claim asks for more than it has. */
export function wantsToGrow({ spec, status }: PersistentVolumeClaim): boolean {
  const wanted = spec.resources?.requests?.['storage'];
  const has = status.capacity?.['storage'];
  return status.phase === 'Bound' && wanted !== undefined && has !== undefined && compareQuantity(wanted, has) > 0;
}

/** Starts the controller. */
export function startVolumeExpandController({ client, informers, world }: ControllerDeps): Component {
  const claims = informers.of(PersistentVolumeClaims);
  const volumes = informers.of(PersistentVolumes);
  const recorder = createRecorder(client, world, { component: 'volume_expand' });

  async function reconcile(key: string): Promise<void> {
    const claim = claims.lister.getByKey(key);
    if (claim === undefined || !wantsToGrow(claim)) return;
    const volume = volumes.lister.get(claim.spec.volumeName ?? '');
    if (volume?.spec.claimRef?.uid !== claim.metadata.uid) return;
    recorder.event(claim, 'Normal', 'ExternalExpanding', 'waiting for an external controller to expand this PVC');
  }

  const handle = startController({ name: 'volume-expand', world, synced: allSynced(claims, volumes), reconcile });
  return withCleanup(
    handle,
    claims.onChange({
      added: (claim) => handle.enqueue(keyOf(claim)),
      updated: (claim, previous) => {
        const storage = (one: PersistentVolumeClaim): string | undefined => one.spec.resources?.requests?.['storage'];
        if (storage(claim) !== storage(previous)) handle.enqueue(keyOf(claim));
      },
    }),
    () => recorder[Symbol.asyncDispose](),
  );
}
