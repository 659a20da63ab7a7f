import { bool, type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { LocalObjectReference, ObjectReference } from '#api/core/v1/reference.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ServiceAccount = struct(
  'core.v1.ServiceAccount',
  {
    apiVersion: opt(0, string),
    automountServiceAccountToken: opt(4, bool, { ptr: true }),
    imagePullSecrets: opt(
      3,
      list(
        of<LocalObjectReference>(() => LocalObjectReference),
        'atomic',
      ),
    ),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    secrets: opt(
      2,
      list(
        of<ObjectReference>(() => ObjectReference),
        'map',
        'name',
      ),
      { patchStrategy: 'merge', patchMergeKey: 'name' },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'ServiceAccount' }] },
);
export interface ServiceAccount extends Root<Infer<typeof ServiceAccount>, 'metadata'> {}

export const ServiceAccountList = struct(
  'core.v1.ServiceAccountList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ServiceAccount>(() => ServiceAccount)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'ServiceAccountList' }] },
);
export interface ServiceAccountList extends Root<Infer<typeof ServiceAccountList>, 'metadata'> {}
