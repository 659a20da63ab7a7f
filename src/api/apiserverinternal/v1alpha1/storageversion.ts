import { type Infer, int64, list, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ServerStorageVersion = struct('apiserverinternal.v1alpha1.ServerStorageVersion', {
  apiServerID: opt(1, string),
  decodableVersions: opt(3, list(string, 'set')),
  encodingVersion: opt(2, string),
  servedVersions: opt(4, list(string, 'set')),
});
export interface ServerStorageVersion extends Infer<typeof ServerStorageVersion> {}

export const StorageVersionSpec = struct('apiserverinternal.v1alpha1.StorageVersionSpec', {});
export type StorageVersionSpec = Readonly<Record<string, never>>;

export const StorageVersionCondition = struct('apiserverinternal.v1alpha1.StorageVersionCondition', {
  lastTransitionTime: opt(4, time, { emit: true }),
  message: req(6, string),
  observedGeneration: opt(3, int64),
  reason: req(5, string, { emit: true }),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface StorageVersionCondition extends Infer<typeof StorageVersionCondition> {}

export const StorageVersionStatus = struct('apiserverinternal.v1alpha1.StorageVersionStatus', {
  commonEncodingVersion: opt(2, string, { ptr: true }),
  conditions: opt(
    3,
    list(
      of<StorageVersionCondition>(() => StorageVersionCondition),
      'map',
      'type',
    ),
  ),
  storageVersions: opt(
    1,
    list(
      of<ServerStorageVersion>(() => ServerStorageVersion),
      'map',
      'apiServerID',
    ),
  ),
});
export interface StorageVersionStatus extends Infer<typeof StorageVersionStatus> {}

export const StorageVersion = struct(
  'apiserverinternal.v1alpha1.StorageVersion',
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
      of<StorageVersionSpec>(() => StorageVersionSpec),
      { emit: true },
    ),
    status: req(
      3,
      of<StorageVersionStatus>(() => StorageVersionStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'internal.apiserver.k8s.io', version: 'v1alpha1', kind: 'StorageVersion' }] },
);
export interface StorageVersion extends Root<Infer<typeof StorageVersion>, 'metadata' | 'spec' | 'status'> {}

export const StorageVersionList = struct(
  'apiserverinternal.v1alpha1.StorageVersionList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<StorageVersion>(() => StorageVersion)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'internal.apiserver.k8s.io', version: 'v1alpha1', kind: 'StorageVersionList' }] },
);
export interface StorageVersionList extends Root<Infer<typeof StorageVersionList>, 'metadata'> {}
