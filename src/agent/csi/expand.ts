// Growing a volume that is in use: the driver enlarges it on the node, then the claim is told its new size.
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import { quantityValue } from '#format/quantity.ts';

const pending = new Set(['FileSystemResizePending', 'Resizing']);

/** The size that the volume has and the claim does not show yet, as a quantity; undefined when there is none: pure. */
export function growth(claim: PersistentVolumeClaim, persistent: PersistentVolume): string | undefined {
  const size = persistent.spec?.capacity?.['storage'];
  const shown = claim.status?.capacity?.['storage'];
  if (size === undefined || shown === undefined) return undefined;
  return quantityValue(size) > quantityValue(shown) ? size : undefined;
}

/** The patch of the claim's status once the volume has the size: pure. */
export function grown(claim: PersistentVolumeClaim, size: string): object {
  const conditions = (claim.status?.conditions ?? []).filter((condition) => !pending.has(condition.type));
  return { status: { capacity: { storage: size }, conditions, allocatedResourceStatuses: null } };
}
