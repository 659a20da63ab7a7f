import { type ClusterEvent, type Plugin, unschedulable } from '../framework.ts';
import type { PodInfo } from '../podinfo.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Storage } from '../volumes/storage.ts';

const name = 'VolumeRestrictions';
const reason = 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode';

/** A claim that is for one pod only is not given to a second one. */
export function volumeRestrictions(storage: Storage): Plugin {
  const exclusive = (pod: PodInfo): string[] =>
    pod.claims.filter(({ key }) => storage.claim(key)?.spec.accessModes?.includes('ReadWriteOncePod') === true).map(({ key }) => key);
  return {
    name,
    preFilter(pod, state, snapshot) {
      const keys = pod.claims.length === 0 ? [] : exclusive(pod);
      if (keys.length === 0) return { skip: true };
      state.set(name, { keys, snapshot });
      return {};
    },
    filter(_, __, state) {
      const { keys, snapshot } = state.get(name) as { keys: readonly string[]; snapshot: Snapshot };
      return keys.some((key) => snapshot.claimUsers(key) > 0) ? unschedulable(name, reason) : undefined;
    },
    hears: ['AssignedPod/delete', 'PersistentVolumeClaim/add', 'PersistentVolumeClaim/update'],
    helps(pod, event: ClusterEvent) {
      if (event.resource === 'PersistentVolumeClaim') return pod.claims.some(({ key }) => key === event.key);
      return event.info?.claims.some((theirs) => pod.claims.some(({ key }) => key === theirs.key)) === true;
    },
  };
}
