import { type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { Condition } from '#api/meta/v1/condition.ts';
import { GroupResource } from '#api/meta/v1/discovery.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const StorageVersionMigrationSpec = struct('storagemigration.v1beta1.StorageVersionMigrationSpec', {
  resource: req(
    1,
    of<GroupResource>(() => GroupResource),
    { emit: true },
  ),
});
export interface StorageVersionMigrationSpec extends Infer<typeof StorageVersionMigrationSpec> {}

export const StorageVersionMigrationStatus = struct('storagemigration.v1beta1.StorageVersionMigrationStatus', {
  conditions: opt(
    1,
    list(
      of<Condition>(() => Condition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  resourceVersion: opt(2, string),
});
export interface StorageVersionMigrationStatus extends Infer<typeof StorageVersionMigrationStatus> {}

export const StorageVersionMigration = struct(
  'storagemigration.v1beta1.StorageVersionMigration',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    spec: opt(
      2,
      of<StorageVersionMigrationSpec>(() => StorageVersionMigrationSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<StorageVersionMigrationStatus>(() => StorageVersionMigrationStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'storagemigration.k8s.io', version: 'v1beta1', kind: 'StorageVersionMigration' }] },
);
export interface StorageVersionMigration extends Root<Infer<typeof StorageVersionMigration>, 'metadata' | 'spec' | 'status'> {}

export const StorageVersionMigrationList = struct(
  'storagemigration.v1beta1.StorageVersionMigrationList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<StorageVersionMigration>(() => StorageVersionMigration)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'storagemigration.k8s.io', version: 'v1beta1', kind: 'StorageVersionMigrationList' }] },
);
export interface StorageVersionMigrationList extends Root<Infer<typeof StorageVersionMigrationList>, 'metadata'> {}
