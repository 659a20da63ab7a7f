// When a claim or volume that is being deleted may go. Pure.
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { KubeObject } from '#api/object.ts';

export const claimProtection = 'kubernetes.io/pvc-protection';
export const volumeProtection = 'kubernetes.io/pv-protection';
export const classProtection = 'kubernetes.io/vac-protection';

/** Keys of the claims that a pod uses, by name and as ephemeral volumes. */
export function claimKeysOf(pod: Pod): string[] {
  const { name, namespace } = pod.metadata;
  return (pod.spec.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [`${namespace}/${volume.persistentVolumeClaim.claimName}`];
    return volume.ephemeral ? [`${namespace}/${name}-${volume.name}`] : [];
  });
}

/** A pod without a node has not begun to use its claims, and will not be started with one that is being deleted. */
export function isClaimInUse(users: readonly Pod[]): boolean {
  return users.some((pod) => (pod.spec.nodeName ?? '') !== '');
}

/** The VolumeAttributesClasses that a claim names: that which it asks for, that which it has, and that to which it is on its way. */
export function classNamesOf({ spec, status }: PersistentVolumeClaim): string[] {
  const names = [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return [...new Set(names.filter((name) => name !== undefined && name !== ''))] as string[];
}

/** The finalizers that the object should have; undefined when it has them. */
export function planProtection({ metadata }: KubeObject, finalizer: string, inUse: boolean): readonly string[] | undefined {
  const finalizers = metadata.finalizers ?? [];
  const held = finalizers.includes(finalizer);
  if (metadata.deletionTimestamp !== undefined) return held && !inUse ? finalizers.filter((name) => name !== finalizer) : undefined;
  return held ? undefined : [...finalizers, finalizer];
}
