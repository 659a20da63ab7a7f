import { bool, type Infer, list, map, of, oneOf, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { TopologySelectorTerm } from '#api/core/v1/reference.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const StorageClass = struct(
  'storage.v1.StorageClass',
  {
    allowVolumeExpansion: opt(6, bool, { ptr: true }),
    allowedTopologies: opt(
      8,
      list(
        of<TopologySelectorTerm>(() => TopologySelectorTerm),
        'atomic',
      ),
    ),
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    mountOptions: opt(5, list(string, 'atomic')),
    parameters: opt(3, map(string)),
    provisioner: req(2, string, { emit: true }),
    reclaimPolicy: opt(4, oneOf('Delete', 'Recycle', 'Retain'), { ptr: true }),
    volumeBindingMode: opt(7, oneOf('Immediate', 'WaitForFirstConsumer'), { ptr: true }),
  },
  { gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'StorageClass' }] },
);
export interface StorageClass extends Root<Infer<typeof StorageClass>, 'metadata'> {}

export const StorageClassList = struct(
  'storage.v1.StorageClassList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<StorageClass>(() => StorageClass)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'StorageClassList' }] },
);
export interface StorageClassList extends Root<Infer<typeof StorageClassList>, 'metadata'> {}
