import { type Infer, list, map, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const VolumeAttributesClass = struct(
  'storage.v1beta1.VolumeAttributesClass',
  {
    apiVersion: opt(0, string),
    driverName: req(2, string, { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    parameters: opt(3, map(string)),
  },
  { gvk: [{ group: 'storage.k8s.io', version: 'v1beta1', kind: 'VolumeAttributesClass' }] },
);
export interface VolumeAttributesClass extends Root<Infer<typeof VolumeAttributesClass>, 'metadata'> {}

export const VolumeAttributesClassList = struct(
  'storage.v1beta1.VolumeAttributesClassList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<VolumeAttributesClass>(() => VolumeAttributesClass)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'storage.k8s.io', version: 'v1beta1', kind: 'VolumeAttributesClassList' }] },
);
export interface VolumeAttributesClassList extends Root<Infer<typeof VolumeAttributesClassList>, 'metadata'> {}
