// The identities of a StatefulSet: ordinals, names, pods and their claims. Pure.
import type { ControllerRevision } from '#api/apps/v1/controllerrevision.ts';
import type { StatefulSet } from '#api/apps/v1/statefulset.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { StatefulSets } from '#api/refs.ts';
import { controllerRef } from '#client/ownership.ts';
import { revisionLabel, templateOf } from '../history/revisions.ts';

export const podNameLabel = 'statefulset.kubernetes.io/pod-name';
export const podIndexLabel = 'apps.kubernetes.io/pod-index';

/** The ordinal in a pod's name; undefined when the name is not one that the set gives. */
export function ordinalOf(set: StatefulSet, pod: { readonly metadata: { readonly name: string } }): number | undefined {
  const match = /^(.*)-(\d+)$/.exec(pod.metadata.name);
  return match?.[1] === set.metadata.name ? Number(match[2]) : undefined;
}

/** The first ordinal (KEP-3335). */
export const startOf = (set: StatefulSet): number => set.spec.ordinals?.start ?? 0;
export const replicasOf = (set: StatefulSet): number => set.spec.replicas ?? 1;

/** True when the set wants a pod with this ordinal. */
export function inRange(set: StatefulSet, ordinal: number): boolean {
  return ordinal >= startOf(set) && ordinal < startOf(set) + replicasOf(set);
}

export const podNameOf = (set: StatefulSet, ordinal: number): string => `${set.metadata.name}-${ordinal}`;
export const revisionOfPod = (pod: Pod): string => pod.metadata.labels?.[revisionLabel] ?? '';

const claimName = (set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string =>
  `${template.metadata.name}-${podNameOf(set, ordinal)}`;

/** Names of the claims of one ordinal. */
export function claimNames(set: StatefulSet, ordinal: number): readonly string[] {
  return (set.spec.volumeClaimTemplates ?? []).map((template) => claimName(set, template, ordinal));
}

/** The claims of one ordinal as they are created. */
export function claimsFor(set: StatefulSet, ordinal: number): readonly Draft<PersistentVolumeClaim>[] {
  return (set.spec.volumeClaimTemplates ?? []).map((template) => ({
    metadata: {
      name: claimName(set, template, ordinal),
      namespace: set.metadata.namespace ?? '',
      labels: { ...template.metadata.labels, ...set.spec.selector.matchLabels },
      ...(template.metadata.annotations ? { annotations: template.metadata.annotations } : {}),
    },
    spec: template.spec,
  }));
}

/** The pod of an ordinal, made from a revision's template. */
export function podFor(set: StatefulSet, revision: ControllerRevision, ordinal: number): Draft<Pod> & { metadata: { name: string } } {
  const template = templateOf(revision);
  const name = podNameOf(set, ordinal);
  const claims = set.spec.volumeClaimTemplates ?? [];
  const own = claims.map((claim) => ({
    name: claim.metadata.name,
    persistentVolumeClaim: { claimName: claimName(set, claim, ordinal), readOnly: false },
  }));
  const shadowed = new Set(claims.map(({ metadata }) => metadata.name));
  const volumes = [...own, ...(template.spec?.volumes ?? []).filter((volume) => !shadowed.has(volume.name))];
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    metadata: {
      name,
      namespace: set.metadata.namespace ?? '',
      labels: { ...labels, [podNameLabel]: name, [podIndexLabel]: String(ordinal), [revisionLabel]: revision.metadata.name },
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerRef(set, StatefulSets)],
    },
    spec: {
      ...template.spec,
      containers: template.spec?.containers ?? [],
      hostname: name,
      ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...(volumes.length > 0 ? { volumes } : {}),
    },
  };
}
