import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import { type Plugin, unresolvable } from '../framework.ts';
import type { Storage } from '../volumes/storage.ts';

const name = 'VolumeZone';
const reason = 'node(s) had no available volume zone';
/** Labels of volumes, and the newer names that nodes may have them under. */
const topologies: readonly (readonly [string, string])[] = [
  ['topology.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['topology.kubernetes.io/region', 'topology.kubernetes.io/region'],
  ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/region'],
];

interface Demand {
  readonly key: string;
  readonly newer: string;
  readonly values: ReadonlySet<string>;
}

function demandsOf(volume: PersistentVolume): Demand[] {
  return topologies.flatMap(([key, newer]) => {
    const value = volume.metadata.labels?.[key];
    // A volume in several zones lists them with double underscores between.
    return value === undefined ? [] : [{ key, newer, values: new Set(value.split('__')) }];
  });
}

/** Bound volumes whose labels name zones are reached only from nodes there. */
export function volumeZone(storage: Storage): Plugin {
  return {
    name,
    preFilter(pod, state) {
      const demands = pod.claims.flatMap(({ key }) => {
        const volume = storage.volume(storage.claim(key)?.spec.volumeName ?? '');
        return volume === undefined ? [] : demandsOf(volume);
      });
      if (demands.length === 0) return { skip: true };
      state.set(name, demands);
      return {};
    },
    filter(_, { labels }, state) {
      // A cluster without zones has labelled volumes only by chance.
      if (!topologies.some(([key]) => labels[key] !== undefined)) return undefined;
      for (const { key, newer, values } of state.get(name) as readonly Demand[]) {
        const value = labels[key] ?? labels[newer];
        if (value === undefined || !values.has(value)) return unresolvable(name, reason);
      }
      return undefined;
    },
    hears: [
      'Node/add',
      'Node/update',
      'PersistentVolumeClaim/add',
      'PersistentVolumeClaim/update',
      'PersistentVolume/add',
      'PersistentVolume/update',
    ],
    helps(pod, event) {
      if (event.resource === 'Node') return event.action === 'add' || event.changed?.has('labels') === true;
      return event.resource !== 'PersistentVolumeClaim' || pod.claims.some(({ key }) => key === event.key);
    },
  };
}
