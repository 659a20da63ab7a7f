// Who owns the claims of a StatefulSet: by that they live on or go with the set or with a pod (KEP-1847). Pure.
import type { StatefulSet } from '#api/apps/v1/statefulset.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { OwnerReference } from '#api/meta/v1/objectmeta.ts';
import { Pods, StatefulSets } from '#api/refs.ts';
import { controllerRef } from '#client/ownership.ts';
import { semanticEqual } from '../equal.ts';

/** The owners that the policy wants. A condemned pod takes its claims along when scaling down deletes them. */
export function wantedOwners(set: StatefulSet, pod: Pod | undefined, condemned: boolean): readonly OwnerReference[] {
  const policy = set.spec.persistentVolumeClaimRetentionPolicy;
  if (condemned && pod !== undefined && policy?.whenScaled === 'Delete') return [controllerRef(pod, Pods)];
  return policy?.whenDeleted === 'Delete' && !(condemned && policy.whenScaled === 'Delete') ? [controllerRef(set, StatefulSets)] : [];
}

function isOurs(reference: OwnerReference, set: StatefulSet, podName: string): boolean {
  return reference.uid === set.metadata.uid || (reference.kind === 'Pod' && reference.apiVersion === 'v1' && reference.name === podName);
}

/** The claim's owner references as they should be; undefined when they are, or when something else controls the claim. */
export function correctedOwners(
  claim: PersistentVolumeClaim,
  set: StatefulSet,
  { podName, wanted }: { readonly podName: string; readonly wanted: readonly OwnerReference[] },
): readonly OwnerReference[] | undefined {
  const current = claim.metadata.ownerReferences ?? [];
  const foreign = current.filter((reference) => !isOurs(reference, set, podName));
  if (foreign.some(({ controller }) => controller === true)) return undefined;
  const next = [...foreign, ...wanted];
  return semanticEqual(next, current) ? undefined : next;
}

/** True when the claim belongs to a former pod of this name and will be collected with it. */
export function isLeavingWithPod(claim: PersistentVolumeClaim, podName: string, podUid: string | undefined): boolean {
  return (claim.metadata.ownerReferences ?? []).some(
    (reference) => reference.kind === 'Pod' && reference.apiVersion === 'v1' && reference.name === podName && reference.uid !== podUid,
  );
}
