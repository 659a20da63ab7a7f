// What the scheduler knows of storage, and what it has decided about it that the API does not show yet.
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import { keyOf, type KubeObject } from '#api/object.ts';
import {
  CSIDrivers,
  CSINodes,
  CSIStorageCapacities,
  PersistentVolumeClaims,
  PersistentVolumes,
  type ResourceRef,
  StorageClasses,
} from '#api/refs.ts';
import type { CSIDriver } from '#api/storage/v1/csidriver.ts';
import type { CSINode } from '#api/storage/v1/csinode.ts';
import type { CSIStorageCapacity } from '#api/storage/v1/csistoragecapacity.ts';
import type { StorageClass } from '#api/storage/v1/storageclass.ts';
import type { Informers } from '#client/cache.ts';
import type { ClusterEvent, OtherResource } from '../framework.ts';

/** Read access for the volume plugins. */
export interface Storage {
  claim(key: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumes(): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  csiNode(name: string): CSINode | undefined;
  csiDriver(name: string): CSIDriver | undefined;
  capacities(): readonly CSIStorageCapacity[];
}

/** A cluster without any storage. */
export const noStorage: Storage = {
  claim: () => undefined,
  volume: () => undefined,
  volumes: () => [],
  storageClass: () => undefined,
  csiNode: () => undefined,
  csiDriver: () => undefined,
  capacities: () => [],
};

/** Storage as informers show it. */
export function storageFrom(informers: Informers): Storage {
  const claims = informers.of(PersistentVolumeClaims).lister;
  const volumes = informers.of(PersistentVolumes).lister;
  const classes = informers.of(StorageClasses).lister;
  const csiNodes = informers.of(CSINodes).lister;
  const drivers = informers.of(CSIDrivers).lister;
  const capacities = informers.of(CSIStorageCapacities).lister;
  return {
    claim: (key) => claims.getByKey(key),
    volume: (name) => volumes.get(name),
    volumes: () => volumes.list(),
    storageClass: (name) => classes.get(name),
    csiNode: (name) => csiNodes.get(name),
    csiDriver: (name) => drivers.get(name),
    capacities: () => capacities.list(),
  };
}

/** Tells the queue of changes of storage. */
export function watchStorage(informers: Informers, notify: (event: ClusterEvent) => void): void {
  const watch = <T extends KubeObject>(ref: ResourceRef<T>, resource: OtherResource): void => {
    const tell = (action: ClusterEvent['action']) => (object: T) => notify({ resource, action, key: keyOf(object) });
    informers.of(ref).onChange({ added: tell('add'), updated: tell('update'), deleted: tell('delete') });
  };
  watch(PersistentVolumeClaims, 'PersistentVolumeClaim');
  watch(PersistentVolumes, 'PersistentVolume');
  watch(StorageClasses, 'StorageClass');
  watch(CSINodes, 'CSINode');
  watch(CSIDrivers, 'CSIDriver');
  watch(CSIStorageCapacities, 'CSIStorageCapacity');
}
