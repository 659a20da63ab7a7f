import { type Infer, list, of, opt, quantity, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const CSIStorageCapacity = struct(
  'storage.v1.CSIStorageCapacity',
  {
    apiVersion: opt(0, string),
    capacity: opt(4, quantity),
    kind: opt(0, string),
    maximumVolumeSize: opt(5, quantity),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    nodeTopology: opt(
      2,
      of<LabelSelector>(() => LabelSelector),
    ),
    storageClassName: req(3, string, { emit: true }),
  },
  { gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'CSIStorageCapacity' }] },
);
export interface CSIStorageCapacity extends Root<Infer<typeof CSIStorageCapacity>, 'metadata'> {}

export const CSIStorageCapacityList = struct(
  'storage.v1.CSIStorageCapacityList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<CSIStorageCapacity>(() => CSIStorageCapacity)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'CSIStorageCapacityList' }] },
);
export interface CSIStorageCapacityList extends Root<Infer<typeof CSIStorageCapacityList>, 'metadata'> {}
