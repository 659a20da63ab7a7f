// Which volume suits a claim. Pure.
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import { compareQuantity } from '#format/quantity.ts';
import { selectorOf } from '#format/selector.ts';

const betaClass = 'volume.beta.kubernetes.io/storage-class';

/** The storage class of a claim or volume; empty: none. */
export function classOf(object: PersistentVolume | PersistentVolumeClaim): string {
  return object.metadata.annotations?.[betaClass] ?? object.spec.storageClassName ?? '';
}

/** True when the volume is meant for this claim: by uid, or by name before the claim existed. */
export function isFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const ref = volume.spec.claimRef;
  if (ref === undefined || ref.name !== claim.metadata.name || ref.namespace !== claim.metadata.namespace) return false;
  return !ref.uid || ref.uid === claim.metadata.uid;
}

const requested = (claim: PersistentVolumeClaim): string => claim.spec.resources?.requests?.storage ?? '0';
const size = (volume: PersistentVolume): string => volume.spec.capacity?.storage ?? '0';

/** Why a volume named by a claim cannot serve it; undefined when it can. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (compareQuantity(size(volume), requested(claim)) < 0) return 'requested PV is too small';
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match';
  if ((volume.spec.volumeAttributesClassName ?? '') !== (claim.spec.volumeAttributesClassName ?? ''))
    return 'volumeAttributesClassName does not match';
  if ((volume.spec.volumeMode ?? 'Filesystem') !== (claim.spec.volumeMode ?? 'Filesystem')) return 'incompatible volumeMode';
  const modes = volume.spec.accessModes ?? [];
  if (!(claim.spec.accessModes ?? []).every((mode) => modes.includes(mode))) return 'incompatible accessMode';
  return undefined;
}

/** The volume that was made for the claim, or else the smallest free one that suits it. */
export function bestMatch(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  delayed: boolean,
): PersistentVolume | undefined {
  const selector = claim.spec.selector === undefined ? undefined : selectorOf(claim.spec.selector);
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    if (volume.metadata.deletionTimestamp !== undefined) continue;
    if (isFor(volume, claim)) {
      if (mismatch(volume, claim) === undefined) return volume;
      continue;
    }
    if (delayed || volume.spec.claimRef !== undefined || volume.status.phase !== 'Available') continue;
    if (mismatch(volume, claim) !== undefined || selector?.matches(volume.metadata.labels ?? {}) === false) continue;
    if (best === undefined || compareQuantity(size(volume), size(best)) < 0) best = volume;
  }
  return best;
}
