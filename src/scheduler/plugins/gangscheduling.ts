// GangScheduling: holds the pods of a gang until enough of them have a node (KEP-4671; gated by serving its API).
import type { Pod } from '#api/core/v1/pod.ts';
import type { Workload } from '#api/scheduling/v1alpha1/workload.ts';
import { type Plugin, type Rejection, unresolvable } from '../framework.ts';
import { gangOf, type Gangs } from '../gangs.ts';
import type { PodInfo } from '../podinfo.ts';

const name = 'GangScheduling';
/** Milliseconds for which a gang's room is kept while it is not complete. */
const patience = 300_000;

export interface GangDeps {
  readonly gangs: Gangs;
  workload(namespace: string, name: string): Workload | undefined;
  /** Lets a held pod go on to its node. */
  allow(uid: string): void;
}

/** How many pods must have a node before any may start; 0 for groups that are no gang. Or why the pod must wait. */
function required(pod: Pod, deps: GangDeps): number | Rejection {
  const ref = pod.spec.workloadRef;
  if (ref === undefined) return 0;
  const workload = deps.workload(pod.metadata.namespace ?? '', ref.name);
  if (workload === undefined) return unresolvable(name, `waiting for pods's workload "${ref.name}" to appear in scheduling queue`);
  const group = workload.spec.podGroups.find((item) => item.name === ref.podGroup);
  if (group === undefined) return unresolvable(name, `pod group "${ref.podGroup}" doesn't exist for a workload "${ref.name}"`);
  return group.policy.gang?.minCount ?? 0;
}

export function gangScheduling(deps: GangDeps): Plugin {
  const { gangs } = deps;
  return {
    name,
    preEnqueue(pod) {
      const count = required(pod, deps);
      if (typeof count !== 'number') return count;
      const key = gangOf(pod);
      if (key === undefined || gangs.size(key).members >= count) return undefined;
      return unresolvable(name, `waiting for minCount pods from a gang to appear in scheduling queue`);
    },
    reserve(pod) {
      gangs.placed(pod.pod);
      return undefined;
    },
    unreserve(pod) {
      gangs.displaced(pod.pod);
    },
    permit({ pod }: PodInfo) {
      const count = required(pod, deps);
      if (typeof count !== 'number') return count;
      const key = gangOf(pod);
      if (key === undefined) return undefined;
      if (gangs.size(key).placed < count) return { wait: patience };
      for (const uid of gangs.members(key)) deps.allow(uid);
      return undefined;
    },
    hears: ['AssignedPod/delete', 'Node/add', 'Node/update', 'Pod/add', 'Workload/add', 'Workload/update'],
    // A gang that was given up is tried again when there may be more room than it left itself.
    helps: ({ pod }, event) => event.pod === undefined || gangOf(event.pod) !== gangOf(pod) || event.resource === 'Pod',
  };
}
