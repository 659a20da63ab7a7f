import { type Infer, int32, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const VolumeNodeResources = struct('storage.v1.VolumeNodeResources', {
  count: opt(1, int32, { ptr: true }),
});
export interface VolumeNodeResources extends Infer<typeof VolumeNodeResources> {}

export const CSINodeDriver = struct('storage.v1.CSINodeDriver', {
  allocatable: opt(
    4,
    of<VolumeNodeResources>(() => VolumeNodeResources),
  ),
  name: req(1, string, { emit: true }),
  nodeID: req(2, string, { emit: true }),
  topologyKeys: opt(3, list(string, 'atomic'), { emit: true }),
});
export interface CSINodeDriver extends Infer<typeof CSINodeDriver> {}

export const CSINodeSpec = struct('storage.v1.CSINodeSpec', {
  drivers: req(
    1,
    list(
      of<CSINodeDriver>(() => CSINodeDriver),
      'map',
      'name',
    ),
    { emit: true, patchStrategy: 'merge', patchMergeKey: 'name' },
  ),
});
export interface CSINodeSpec extends Infer<typeof CSINodeSpec> {}

export const CSINode = struct(
  'storage.v1.CSINode',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    spec: req(
      2,
      of<CSINodeSpec>(() => CSINodeSpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'CSINode' }] },
);
export interface CSINode extends Root<Infer<typeof CSINode>, 'metadata' | 'spec'> {}

export const CSINodeList = struct(
  'storage.v1.CSINodeList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<CSINode>(() => CSINode)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'CSINodeList' }] },
);
export interface CSINodeList extends Root<Infer<typeof CSINodeList>, 'metadata'> {}
