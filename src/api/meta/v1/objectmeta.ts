import { bool, fieldsV1, type Infer, int64, list, map, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';

export const ListMeta = struct('meta.v1.ListMeta', {
  continue: opt(3, string),
  remainingItemCount: opt(4, int64, { ptr: true }),
  resourceVersion: opt(2, string),
  selfLink: opt(1, string),
});
export interface ListMeta extends Infer<typeof ListMeta> {}

export const ManagedFieldsEntry = struct('meta.v1.ManagedFieldsEntry', {
  apiVersion: opt(3, string),
  fieldsType: opt(6, string),
  fieldsV1: opt(7, fieldsV1),
  manager: opt(1, string),
  operation: opt(2, string),
  subresource: opt(8, string),
  time: opt(4, time),
});
export interface ManagedFieldsEntry extends Infer<typeof ManagedFieldsEntry> {}

export const OwnerReference = struct(
  'meta.v1.OwnerReference',
  {
    apiVersion: req(5, string, { emit: true }),
    blockOwnerDeletion: opt(7, bool, { ptr: true }),
    controller: opt(6, bool, { ptr: true }),
    kind: req(1, string, { emit: true }),
    name: req(3, string, { emit: true }),
    uid: req(4, string, { emit: true }),
  },
  { mapType: 'atomic' },
);
export interface OwnerReference extends Infer<typeof OwnerReference> {}

export const ObjectMeta = struct('meta.v1.ObjectMeta', {
  annotations: opt(12, map(string)),
  creationTimestamp: opt(8, time),
  deletionGracePeriodSeconds: opt(10, int64, { ptr: true }),
  deletionTimestamp: opt(9, time),
  finalizers: opt(14, list(string, 'set'), { patchStrategy: 'merge' }),
  generateName: opt(2, string),
  generation: opt(7, int64),
  labels: opt(11, map(string)),
  managedFields: opt(
    17,
    list(
      of<ManagedFieldsEntry>(() => ManagedFieldsEntry),
      'atomic',
    ),
  ),
  name: opt(1, string),
  namespace: opt(3, string),
  ownerReferences: opt(
    13,
    list(
      of<OwnerReference>(() => OwnerReference),
      'map',
      'uid',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'uid' },
  ),
  resourceVersion: opt(6, string),
  selfLink: opt(4, string),
  uid: opt(5, string),
});
export interface ObjectMeta extends Root<Infer<typeof ObjectMeta>, 'name'> {}

export const PartialObjectMetadata = struct('meta.v1.PartialObjectMetadata', {
  apiVersion: opt(0, string),
  kind: opt(0, string),
  metadata: opt(
    1,
    of<ObjectMeta>(() => ObjectMeta),
    { emit: true },
  ),
});
export interface PartialObjectMetadata extends Root<Infer<typeof PartialObjectMetadata>, 'metadata'> {}

export const PartialObjectMetadataList = struct('meta.v1.PartialObjectMetadataList', {
  apiVersion: opt(0, string),
  items: req(2, list(of<PartialObjectMetadata>(() => PartialObjectMetadata)), { emit: true }),
  kind: opt(0, string),
  metadata: opt(
    1,
    of<ListMeta>(() => ListMeta),
    { emit: true },
  ),
});
export interface PartialObjectMetadataList extends Root<Infer<typeof PartialObjectMetadataList>, 'metadata'> {}
