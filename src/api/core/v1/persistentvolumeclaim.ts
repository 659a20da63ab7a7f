import { type Infer, list, map, of, oneOf, opt, quantity, req, type Root, string, struct, time } from '#api/dsl.ts';
import { TypedLocalObjectReference, TypedObjectReference } from '#api/core/v1/reference.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const ModifyVolumeStatus = struct('core.v1.ModifyVolumeStatus', {
  status: req(2, oneOf('InProgress', 'Infeasible', 'Pending'), { emit: true }),
  targetVolumeAttributesClassName: opt(1, string),
});
export interface ModifyVolumeStatus extends Infer<typeof ModifyVolumeStatus> {}

export const VolumeResourceRequirements = struct('core.v1.VolumeResourceRequirements', {
  limits: opt(1, map(quantity)),
  requests: opt(2, map(quantity)),
});
export interface VolumeResourceRequirements extends Infer<typeof VolumeResourceRequirements> {}

export const PersistentVolumeClaimSpec = struct('core.v1.PersistentVolumeClaimSpec', {
  accessModes: opt(1, list(oneOf('ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'), 'atomic')),
  dataSource: opt(
    7,
    of<TypedLocalObjectReference>(() => TypedLocalObjectReference),
  ),
  dataSourceRef: opt(
    8,
    of<TypedObjectReference>(() => TypedObjectReference),
  ),
  resources: opt(
    2,
    of<VolumeResourceRequirements>(() => VolumeResourceRequirements),
    { emit: true },
  ),
  selector: opt(
    4,
    of<LabelSelector>(() => LabelSelector),
  ),
  storageClassName: opt(5, string, { ptr: true }),
  volumeAttributesClassName: opt(9, string, { ptr: true }),
  volumeMode: opt(6, oneOf('Block', 'Filesystem'), { ptr: true }),
  volumeName: opt(3, string),
});
export interface PersistentVolumeClaimSpec extends Infer<typeof PersistentVolumeClaimSpec> {}

export const PersistentVolumeClaimCondition = struct('core.v1.PersistentVolumeClaimCondition', {
  lastProbeTime: opt(3, time, { emit: true }),
  lastTransitionTime: opt(4, time, { emit: true }),
  message: opt(6, string),
  reason: opt(5, string),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface PersistentVolumeClaimCondition extends Infer<typeof PersistentVolumeClaimCondition> {}

export const PersistentVolumeClaimStatus = struct('core.v1.PersistentVolumeClaimStatus', {
  accessModes: opt(2, list(oneOf('ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'), 'atomic')),
  allocatedResourceStatuses: opt(7, map(string), { mapType: 'granular' }),
  allocatedResources: opt(5, map(quantity)),
  capacity: opt(3, map(quantity)),
  conditions: opt(
    4,
    list(
      of<PersistentVolumeClaimCondition>(() => PersistentVolumeClaimCondition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  currentVolumeAttributesClassName: opt(8, string, { ptr: true }),
  modifyVolumeStatus: opt(
    9,
    of<ModifyVolumeStatus>(() => ModifyVolumeStatus),
  ),
  phase: opt(1, oneOf('Bound', 'Lost', 'Pending')),
});
export interface PersistentVolumeClaimStatus extends Infer<typeof PersistentVolumeClaimStatus> {}

export const PersistentVolumeClaim = struct(
  'core.v1.PersistentVolumeClaim',
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
      of<PersistentVolumeClaimSpec>(() => PersistentVolumeClaimSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<PersistentVolumeClaimStatus>(() => PersistentVolumeClaimStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'PersistentVolumeClaim' }] },
);
export interface PersistentVolumeClaim extends Root<Infer<typeof PersistentVolumeClaim>, 'metadata' | 'spec' | 'status'> {}

export const PersistentVolumeClaimList = struct(
  'core.v1.PersistentVolumeClaimList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<PersistentVolumeClaim>(() => PersistentVolumeClaim)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'PersistentVolumeClaimList' }] },
);
export interface PersistentVolumeClaimList extends Root<Infer<typeof PersistentVolumeClaimList>, 'metadata'> {}

export const PersistentVolumeClaimTemplate = struct('core.v1.PersistentVolumeClaimTemplate', {
  metadata: opt(
    1,
    of<ObjectMeta>(() => ObjectMeta),
    { emit: true },
  ),
  spec: req(
    2,
    of<PersistentVolumeClaimSpec>(() => PersistentVolumeClaimSpec),
    { emit: true },
  ),
});
export interface PersistentVolumeClaimTemplate extends Infer<typeof PersistentVolumeClaimTemplate> {}
