// Pure: which pods nobody will ever finish.
import type { Pod } from '#api/core/v1/pod.ts';

export type Victim = { readonly pod: Pod; readonly why: 'orphaned' | 'out-of-service' | 'unscheduled' | 'terminated' };

export interface PodGcView {
  readonly pods: readonly Pod[];
  /** Does the node exist, and has it the taint that says that it will not come back? */
  readonly node: (name: string) => { readonly outOfService: boolean; readonly ready: boolean } | undefined;
  /** Nodes that have been missing long enough (40 s), confirmed by a fresh read. */
  readonly confirmedMissing: ReadonlySet<string>;
  /** How many terminated pods may stay; 0: all. */
  readonly threshold: number;
}

const terminated = (pod: Pod): boolean => pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';

function oldestFirst(a: Pod, b: Pod): number {
  const evicted = (pod: Pod): number => (pod.status.phase === 'Failed' && pod.status.reason === 'Evicted' ? 0 : 1);
  return (
    evicted(a) - evicted(b) ||
    (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') ||
    a.metadata.name.localeCompare(b.metadata.name)
  );
}

/** The pods to delete now, and the nodes that pods are bound to and that are not there. */
export function planPodGc(view: PodGcView): { readonly victims: readonly Victim[]; readonly missingNodes: ReadonlySet<string> } {
  const victims: Victim[] = [];
  const missingNodes = new Set<string>();
  const ended: Pod[] = [];
  for (const pod of view.pods) {
    const nodeName = pod.spec.nodeName ?? '';
    const node = nodeName === '' ? undefined : view.node(nodeName);
    if (nodeName !== '' && node === undefined) {
      missingNodes.add(nodeName);
      if (view.confirmedMissing.has(nodeName)) {
        victims.push({ pod, why: 'orphaned' });
        continue;
      }
    }
    if (pod.metadata.deletionTimestamp !== undefined) {
      if (nodeName === '') victims.push({ pod, why: 'unscheduled' });
      else if (node?.outOfService && !node.ready) victims.push({ pod, why: 'out-of-service' });
      continue;
    }
    if (terminated(pod)) ended.push(pod);
  }
  const surplus = view.threshold > 0 ? ended.length - view.threshold : 0;
  if (surplus > 0) for (const pod of ended.toSorted(oldestFirst).slice(0, surplus)) victims.push({ pod, why: 'terminated' });
  return { victims, missingNodes };
}
