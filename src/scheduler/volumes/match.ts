// Which volume would do for a claim on a node. Pure.
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Node } from '#api/core/v1/node.ts';
import { keyOf } from '#api/object.ts';
import { matchesNodeSelector } from '#api/nodeselector.ts';
import type { StorageClass } from '#api/storage/v1/storageclass.ts';
import { compareQuantity } from '#format/quantity.ts';
import { selectorOf } from '#format/selector.ts';
import type { Storage } from './storage.ts';

/** The node may use the volume. */
export function reachable(volume: PersistentVolume, node: Node): boolean {
  const required = volume.spec.nodeAffinity?.required;
  return required === undefined || matchesNodeSelector(required, node);
}

const sizeOf = (volume: PersistentVolume): string => volume.spec.capacity?.['storage'] ?? '0';

function suits(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { spec } = claim;
  if (volume.metadata.deletionTimestamp !== undefined || volume.status.phase !== 'Available') return false;
  if ((volume.spec.storageClassName ?? '') !== (spec.storageClassName ?? '')) return false;
  if ((volume.spec.volumeMode ?? 'Filesystem') !== (spec.volumeMode ?? 'Filesystem')) return false;
  if (compareQuantity(sizeOf(volume), spec.resources?.requests?.['storage'] ?? '0') < 0) return false;
  if (!(spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode))) return false;
  return spec.selector === undefined || selectorOf(spec.selector).matches(volume.metadata.labels);
}

/** The smallest free volume for the claim that the node reaches; one that is reserved for the claim comes first. */
export function findVolume(
  claim: PersistentVolumeClaim,
  node: Node,
  { volumes, taken }: { volumes: readonly PersistentVolume[]; taken(volume: PersistentVolume): boolean },
): PersistentVolume | undefined {
  const key = keyOf(claim);
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    const ref = volume.spec.claimRef;
    if (ref !== undefined) {
      const reserved =
        `${ref.namespace ?? ''}/${ref.name ?? ''}` === key && (ref.uid === undefined || ref.uid === '' || ref.uid === claim.metadata.uid);
      if (reserved && reachable(volume, node)) return volume;
      continue;
    }
    if (taken(volume) || !suits(volume, claim) || !reachable(volume, node)) continue;
    if (best === undefined || compareQuantity(sizeOf(volume), sizeOf(best)) < 0) best = volume;
  }
  return best;
}

const noProvisioner = 'kubernetes.io/no-provisioner';

/** The class lets volumes be made for the node. */
function allowsNode(storageClass: StorageClass, node: Node): boolean {
  const terms = storageClass.allowedTopologies ?? [];
  const labels = node.metadata.labels ?? {};
  return (
    terms.length === 0 ||
    terms.some((term) =>
      (term.matchLabelExpressions ?? []).every(({ key, values }) => labels[key] !== undefined && values.includes(labels[key])),
    )
  );
}

function hasRoom(
  claim: PersistentVolumeClaim,
  node: Node,
  { storage, storageClass }: { storage: Storage; storageClass: StorageClass },
): boolean {
  if (storage.csiDriver(storageClass.provisioner)?.spec.storageCapacity !== true) return true;
  const wanted = claim.spec.resources?.requests?.['storage'] ?? '0';
  return storage.capacities().some((item) => {
    const limit = item.maximumVolumeSize ?? item.capacity;
    if (item.storageClassName !== storageClass.metadata.name || limit === undefined || compareQuantity(limit, wanted) < 0) return false;
    return selectorOf(item.nodeTopology).matches(node.metadata.labels);
  });
}

/** Can a volume be made for the claim and the node? */
export function provisionable(claim: PersistentVolumeClaim, node: Node, storage: Storage): 'yes' | 'no' | 'full' {
  const storageClass = storage.storageClass(claim.spec.storageClassName ?? '');
  if (storageClass === undefined || storageClass.provisioner === '' || storageClass.provisioner === noProvisioner) return 'no';
  if (!allowsNode(storageClass, node)) return 'no';
  return hasRoom(claim, node, { storage, storageClass }) ? 'yes' : 'full';
}
