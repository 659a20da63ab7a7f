// Which persistent volume a pod's volume stands for: through its claim, or the claim that was made for it (ephemeral).
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Volume } from '#api/core/v1/volume.ts';
import { messageOf } from '#base/errors.ts';
import { PersistentVolumeClaims, PersistentVolumes } from '#api/refs.ts';
import type { Client } from '#client/client.ts';
import { PayloadError } from './payload.ts';

/** A claim and the volume that it is bound to. */
export interface BoundClaim {
  readonly claim: PersistentVolumeClaim;
  readonly persistent: PersistentVolume;
  /** The pod may only read, whatever its mounts say. */
  readonly readOnly: boolean;
}

/** Name of the claim behind a volume; undefined when it has none. */
export function claimNameOf(pod: Pod, volume: Volume): string | undefined {
  if (volume.persistentVolumeClaim) return volume.persistentVolumeClaim.claimName;
  return volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined;
}

/** Why a claim cannot be used by the pod now: pure. */
export function claimProblem(pod: Pod, volume: Volume, claim: PersistentVolumeClaim): string | undefined {
  const owned = claim.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === pod.metadata.uid);
  if (volume.ephemeral && !owned) {
    const { name, namespace = '' } = claim.metadata;
    return `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`;
  }
  if (claim.metadata.deletionTimestamp) return 'PVC is being deleted';
  return claim.status?.phase === 'Bound' && claim.spec?.volumeName ? undefined : 'PVC is not bound';
}

/** Why a volume is not the claim's: pure. */
export function volumeProblem(claim: PersistentVolumeClaim, volume: PersistentVolume): string | undefined {
  const { name } = volume.metadata;
  const owner = volume.spec?.claimRef;
  if (!owner) return `PV ${name} spec.claimRef is nil`;
  return owner.uid === claim.metadata.uid ? undefined : `PV ${name} spec.claimRef.UID ${owner.uid ?? ''} does not match the claim's`;
}

/** Finds both; rejects with PayloadError when there is nothing to mount yet. */
export async function boundClaim(client: Client, pod: Pod, volume: Volume): Promise<BoundClaim> {
  const name = claimNameOf(pod, volume) ?? '';
  const namespace = pod.metadata.namespace ?? '';
  const refuse = (text: string): PayloadError => new PayloadError(`error processing PVC ${namespace}/${name}: ${text}`);
  const claim = await client
    .resource(PersistentVolumeClaims)
    .get(name, { namespace })
    .catch((error: unknown) => {
      throw refuse(`failed to fetch PVC from API server: ${messageOf(error)}`);
    });
  const problem = claimProblem(pod, volume, claim);
  if (problem !== undefined) throw refuse(problem);
  const persistent = await client
    .resource(PersistentVolumes)
    .get(claim.spec?.volumeName ?? '')
    .catch((error: unknown) => {
      throw refuse(`failed to fetch PV ${claim.spec?.volumeName} from API server: ${messageOf(error)}`);
    });
  const mismatch = volumeProblem(claim, persistent);
  if (mismatch !== undefined) throw refuse(mismatch);
  return { claim, persistent, readOnly: volume.persistentVolumeClaim?.readOnly === true };
}
