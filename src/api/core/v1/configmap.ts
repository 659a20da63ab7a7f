import { bool, bytes, type Infer, list, map, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ConfigMap = struct(
  'core.v1.ConfigMap',
  {
    apiVersion: opt(0, string),
    binaryData: opt(3, map(bytes)),
    data: opt(2, map(string)),
    immutable: opt(4, bool, { ptr: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'ConfigMap' }] },
);
export interface ConfigMap extends Root<Infer<typeof ConfigMap>, 'metadata'> {}

export const ConfigMapList = struct(
  'core.v1.ConfigMapList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ConfigMap>(() => ConfigMap)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'ConfigMapList' }] },
);
export interface ConfigMapList extends Root<Infer<typeof ConfigMapList>, 'metadata'> {}
