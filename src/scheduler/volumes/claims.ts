// The claims of a pod's volumes, and what each of them still needs. Pure.
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { controllerOf } from '#api/object.ts';
import type { Storage } from './storage.ts';

/** A volume of a pod that is a claim. */
export interface ClaimRef {
  /** `namespace/name`. */
  readonly key: string;
  readonly name: string;
  /** The claim is made for the pod (generic ephemeral volume). */
  readonly ephemeral: boolean;
}

const none: readonly ClaimRef[] = [];

/** The claims that a pod's volumes name. */
export function claimsOf(pod: Pod): readonly ClaimRef[] {
  const { volumes } = pod.spec;
  if (volumes === undefined || volumes.length === 0) return none;
  const { namespace = '' } = pod.metadata;
  const claims = volumes.flatMap((volume) => {
    const ephemeral = volume.ephemeral !== undefined;
    const name = ephemeral ? `${pod.metadata.name}-${volume.name}` : volume.persistentVolumeClaim?.claimName;
    return name === undefined ? [] : [{ key: `${namespace}/${name}`, name, ephemeral }];
  });
  return claims.length === 0 ? none : claims;
}

const boundAnnotation = 'pv.kubernetes.io/bind-completed';

/** The claim has its volume, and the controller has said so. */
export function isBound(claim: PersistentVolumeClaim): boolean {
  return (claim.spec.volumeName ?? '') !== '' && claim.metadata.annotations?.[boundAnnotation] !== undefined;
}

/** The node that a volume is to be made for. */
export const selectedNodeAnnotation = 'volume.kubernetes.io/selected-node';

/** Why the pod cannot be placed at all because of a claim, in Kubernetes' words. */
export function claimProblem(pod: Pod, ref: ClaimRef, storage: Storage): string | undefined {
  const claim = storage.claim(ref.key);
  const { name } = ref;
  if (claim === undefined)
    return ref.ephemeral
      ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
      : `persistentvolumeclaim "${name}" not found`;
  if (claim.status.phase === 'Lost')
    return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`;
  if (claim.metadata.deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`;
  if (ref.ephemeral && controllerOf(claim)?.uid !== pod.metadata.uid)
    return `PVC ${ref.key} was not created for pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name} (pod is not owner)`;
  return undefined;
}

/** True when the claim's volume is chosen only once a pod has a node. */
export function waitsForConsumer(claim: PersistentVolumeClaim, storage: Storage): boolean {
  return storage.storageClass(claim.spec.storageClassName ?? '')?.volumeBindingMode === 'WaitForFirstConsumer';
}
