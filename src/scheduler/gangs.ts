// Gangs: pods of a Workload's group that start together or not at all (KEP-4671). Who belongs to which, and who has a node.
import type { Pod } from '#api/core/v1/pod.ts';
import type { ResourceRef } from '#api/refs.ts';
import { Workload } from '#api/scheduling/v1alpha1/workload.ts';
import { isDone } from './podinfo.ts';

/** Served only where it is asked for: `--runtime-config scheduling.k8s.io/v1alpha1`. */
export const Workloads: ResourceRef<Workload> = {
  group: 'scheduling.k8s.io',
  version: 'v1alpha1',
  resource: 'workloads',
  kind: 'Workload',
  namespaced: true,
  struct: Workload,
};

/** One gang: a group of a Workload, or one replica of the group. */
interface Gang {
  /** Members that exist and have not ended. */
  readonly members: Set<string>;
  /** Members with a node, bound or held. */
  readonly placed: Set<string>;
}

/** The key of a pod's gang; undefined for pods of none. */
export function gangOf(pod: Pod): string | undefined {
  const ref = pod.spec.workloadRef;
  if (ref === undefined) return undefined;
  return [pod.metadata.namespace ?? '', ref.name, ref.podGroup, ref.podGroupReplicaKey ?? ''].join('/');
}

const uidOf = (pod: Pod): string => pod.metadata.uid ?? '';

export class Gangs {
  readonly #gangs = new Map<string, Gang>();

  /** A state of a pod from the API. True when it is news that it is there. */
  seen(pod: Pod): boolean {
    const key = gangOf(pod);
    if (key === undefined) return false;
    if (isDone(pod) || pod.metadata.deletionTimestamp !== undefined) {
      this.gone(pod);
      return false;
    }
    const gang = this.#gang(key);
    const isNew = !gang.members.has(uidOf(pod));
    gang.members.add(uidOf(pod));
    if (pod.spec.nodeName) gang.placed.add(uidOf(pod));
    return isNew;
  }

  gone(pod: Pod): void {
    const key = gangOf(pod);
    const gang = key === undefined ? undefined : this.#gangs.get(key);
    if (key === undefined || gang === undefined) return;
    gang.members.delete(uidOf(pod));
    gang.placed.delete(uidOf(pod));
    if (gang.members.size === 0) this.#gangs.delete(key);
  }

  placed(pod: Pod): void {
    const key = gangOf(pod);
    if (key !== undefined) this.#gang(key).placed.add(uidOf(pod));
  }

  displaced(pod: Pod): void {
    const key = gangOf(pod);
    if (key !== undefined) this.#gangs.get(key)?.placed.delete(uidOf(pod));
  }

  size(key: string): { members: number; placed: number } {
    const gang = this.#gangs.get(key);
    return { members: gang?.members.size ?? 0, placed: gang?.placed.size ?? 0 };
  }

  members(key: string): readonly string[] {
    return [...(this.#gangs.get(key)?.members ?? [])];
  }

  #gang(key: string): Gang {
    let gang = this.#gangs.get(key);
    if (gang === undefined) {
      gang = { members: new Set(), placed: new Set() };
      this.#gangs.set(key, gang);
    }
    return gang;
  }
}
