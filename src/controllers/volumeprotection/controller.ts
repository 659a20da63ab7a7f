// Keeps claims that pods use, volumes that claims use, and classes of attributes that both use, until their last user is gone.
import type { Component } from '#base/world.ts';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { type KubeObject, keyOf } from '#api/object.ts';
import type { VolumeAttributesClass } from '#api/storage/v1/volumeattributesclass.ts';
import { PersistentVolumeClaims, PersistentVolumes, Pods, VolumeAttributesClasses } from '#api/refs.ts';
import { startController } from '#client/controller.ts';
import { allSynced, type ControllerDeps, grouped, withCleanup } from '../wiring.ts';
import { claimKeysOf, claimProtection, classNamesOf, classProtection, isClaimInUse, planProtection, volumeProtection } from './plan.ts';

const byClaim = 'claim';
const byClass = 'volumeattributesclass';

function startClaimProtection({ client, informers, world }: ControllerDeps): Component {
  const claims = informers.of(PersistentVolumeClaims);
  const pods = informers.of(Pods);
  pods.addIndex(byClaim, claimKeysOf);
  const api = client.resource(PersistentVolumeClaims);

  async function reconcile(key: string): Promise<void> {
    const claim = claims.lister.getByKey(key);
    if (claim === undefined) return;
    const finalizers = planProtection(claim, claimProtection, isClaimInUse(pods.lister.byIndex(byClaim, key)));
    if (finalizers !== undefined) await api.update({ ...claim, metadata: { ...claim.metadata, finalizers } });
  }

  const handle = startController({ name: 'pvc-protection', world, synced: allSynced(claims, pods), reconcile });
  const look = (claim: PersistentVolumeClaim): void => {
    if (needsLook(claim, claimProtection)) handle.enqueue(keyOf(claim));
  };
  const freed = (pod: Pod): void => {
    for (const key of claimKeysOf(pod)) {
      const claim = claims.lister.getByKey(key);
      if (claim?.metadata.deletionTimestamp !== undefined) handle.enqueue(key);
    }
  };
  return withCleanup(handle, claims.onChange({ added: look, updated: look }), pods.onChange({ deleted: freed }));
}

function startVolumeProtectionOf({ client, informers, world }: ControllerDeps): Component {
  const volumes = informers.of(PersistentVolumes);
  const api = client.resource(PersistentVolumes);

  async function reconcile(key: string): Promise<void> {
    const volume = volumes.lister.getByKey(key);
    if (volume === undefined) return;
    const finalizers = planProtection(volume, volumeProtection, volume.status.phase === 'Bound');
    if (finalizers !== undefined) await api.update({ ...volume, metadata: { ...volume.metadata, finalizers } });
  }

  const handle = startController({ name: 'pv-protection', world, synced: allSynced(volumes), reconcile });
  const look = (volume: PersistentVolume): void => {
    if (needsLook(volume, volumeProtection)) handle.enqueue(keyOf(volume));
  };
  return withCleanup(handle, volumes.onChange({ added: look, updated: look }));
}

/** Starts the controller of VolumeAttributesClasses: claims and volumes that name one keep it. */
export function startClassProtection({ client, informers, world }: ControllerDeps): Component {
  const classes = informers.of(VolumeAttributesClasses);
  const claims = informers.of(PersistentVolumeClaims);
  const volumes = informers.of(PersistentVolumes);
  claims.addIndex(byClass, classNamesOf);
  const namesOf = ({ spec }: PersistentVolume): string[] => (spec.volumeAttributesClassName ? [spec.volumeAttributesClassName] : []);
  volumes.addIndex(byClass, namesOf);
  const api = client.resource(VolumeAttributesClasses);

  async function reconcile(name: string): Promise<void> {
    const found = classes.lister.getByKey(name);
    if (found === undefined) return;
    const inUse = claims.lister.byIndex(byClass, name).length > 0 || volumes.lister.byIndex(byClass, name).length > 0;
    const finalizers = planProtection(found, classProtection, inUse);
    if (finalizers !== undefined) await api.update({ ...found, metadata: { ...found.metadata, finalizers } });
  }

  const handle = startController({ name: 'vac-protection', world, synced: allSynced(classes, claims, volumes), reconcile });
  const look = (found: VolumeAttributesClass): void => {
    if (needsLook(found, classProtection)) handle.enqueue(found.metadata.name);
  };
  const freed = (names: readonly string[], still: readonly string[] = []): void => {
    for (const name of names) if (!still.includes(name)) handle.enqueue(name);
  };
  return withCleanup(
    handle,
    classes.onChange({ added: look, updated: look }),
    claims.onChange({
      updated: (claim, previous) => freed(classNamesOf(previous), classNamesOf(claim)),
      deleted: (claim) => freed(classNamesOf(claim)),
    }),
    volumes.onChange({
      updated: (volume, previous) => freed(namesOf(previous), namesOf(volume)),
      deleted: (volume) => freed(namesOf(volume)),
    }),
  );
}

/** What is being deleted may be let go; what lives must be protected. */
function needsLook({ metadata }: KubeObject, finalizer: string): boolean {
  return (metadata.deletionTimestamp !== undefined) === (metadata.finalizers?.includes(finalizer) ?? false);
}

/** Starts the controllers of claims and volumes. */
export function startVolumeProtection(claimDeps: ControllerDeps, volumeDeps: ControllerDeps): Component {
  return grouped([startClaimProtection(claimDeps), startVolumeProtectionOf(volumeDeps)]);
}
