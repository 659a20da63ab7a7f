// Limits of local storage: what a pod may write to its emptyDir volumes, its logs and the roots of its containers. Pure.
import type { Pod } from '#api/core/v1/pod.ts';
import { quantityValue } from '#format/quantity.ts';

/** Bytes that a pod has on the node's disk. */
export interface LocalUsage {
  /** Of emptyDir volumes on disk, by volume. */
  readonly volumes: ReadonlyMap<string, number>;
  /** Writable root and logs, by container. */
  readonly containers: ReadonlyMap<string, number>;
}

const limitOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : quantityValue(text));
const emptyDirs = (pod: Pod) => (pod.spec.volumes ?? []).flatMap(({ name, emptyDir }) => (emptyDir ? [{ name, emptyDir }] : []));
const all = (pod: Pod) => [...(pod.spec.initContainers ?? []), ...pod.spec.containers];

/** True when the pod has a limit that must be looked after: all others cost nothing. */
export function hasLocalLimits(pod: Pod): boolean {
  return (
    all(pod).some(({ resources }) => resources?.limits?.['ephemeral-storage'] !== undefined) ||
    emptyDirs(pod).some(({ emptyDir }) => emptyDir.sizeLimit !== undefined && emptyDir.medium !== 'Memory')
  );
}

/** Kubelet's message when the pod has more on disk than one of its limits allows; undefined while it has not. */
export function localProblem(pod: Pod, usage: LocalUsage): string | undefined {
  for (const { name, emptyDir } of emptyDirs(pod)) {
    const limit = limitOf(emptyDir.sizeLimit);
    if (limit === undefined || limit === 0 || emptyDir.medium === 'Memory') continue;
    if ((usage.volumes.get(name) ?? 0) > limit) return `Usage of EmptyDir volume "${name}" exceeds the limit "${emptyDir.sizeLimit}". `;
  }
  const limits = pod.spec.containers.map(({ resources }) => resources?.limits?.['ephemeral-storage']);
  // The pod as a whole has a limit only when all its containers have one.
  if (limits.every((limit) => limit !== undefined)) {
    const total = limits.reduce((sum, limit) => sum + quantityValue(limit), 0);
    const used = [...usage.volumes.values(), ...usage.containers.values()].reduce((sum, bytes) => sum + bytes, 0);
    if (total > 0 && used > total) {
      const text = limits.length === 1 ? limits[0] : String(total);
      return `Pod ephemeral local storage usage exceeds the total limit of containers ${text}. `;
    }
  }
  for (const container of pod.spec.containers) {
    const text = container.resources?.limits?.['ephemeral-storage'];
    const limit = limitOf(text);
    if (limit !== undefined && limit > 0 && (usage.containers.get(container.name) ?? 0) > limit) {
      return `Container ${container.name} exceeded its local ephemeral storage limit "${text}". `;
    }
  }
  return undefined;
}
