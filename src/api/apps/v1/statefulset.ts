import { type Infer, int32, int64, intOrString, list, of, oneOf, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const RollingUpdateStatefulSetStrategy = struct('apps.v1.RollingUpdateStatefulSetStrategy', {
  maxUnavailable: opt(2, intOrString),
  partition: opt(1, int32, { ptr: true }),
});
export interface RollingUpdateStatefulSetStrategy extends Infer<typeof RollingUpdateStatefulSetStrategy> {}

export const StatefulSetOrdinals = struct('apps.v1.StatefulSetOrdinals', {
  start: opt(1, int32, { emit: true }),
});
export interface StatefulSetOrdinals extends Infer<typeof StatefulSetOrdinals> {}

export const StatefulSetPersistentVolumeClaimRetentionPolicy = struct('apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy', {
  whenDeleted: opt(1, string),
  whenScaled: opt(2, string),
});
export interface StatefulSetPersistentVolumeClaimRetentionPolicy extends Infer<typeof StatefulSetPersistentVolumeClaimRetentionPolicy> {}

export const StatefulSetUpdateStrategy = struct('apps.v1.StatefulSetUpdateStrategy', {
  rollingUpdate: opt(
    2,
    of<RollingUpdateStatefulSetStrategy>(() => RollingUpdateStatefulSetStrategy),
  ),
  type: opt(1, oneOf('OnDelete', 'RollingUpdate')),
});
export interface StatefulSetUpdateStrategy extends Infer<typeof StatefulSetUpdateStrategy> {}

export const StatefulSetSpec = struct('apps.v1.StatefulSetSpec', {
  minReadySeconds: opt(9, int32),
  ordinals: opt(
    11,
    of<StatefulSetOrdinals>(() => StatefulSetOrdinals),
  ),
  persistentVolumeClaimRetentionPolicy: opt(
    10,
    of<StatefulSetPersistentVolumeClaimRetentionPolicy>(() => StatefulSetPersistentVolumeClaimRetentionPolicy),
  ),
  podManagementPolicy: opt(6, oneOf('OrderedReady', 'Parallel')),
  replicas: opt(1, int32, { ptr: true }),
  revisionHistoryLimit: opt(8, int32, { ptr: true }),
  selector: req(
    2,
    of<LabelSelector>(() => LabelSelector),
  ),
  serviceName: opt(5, string, { emit: true }),
  template: req(
    3,
    of<PodTemplateSpec>(() => PodTemplateSpec),
    { emit: true },
  ),
  updateStrategy: opt(
    7,
    of<StatefulSetUpdateStrategy>(() => StatefulSetUpdateStrategy),
    { emit: true },
  ),
  volumeClaimTemplates: opt(
    4,
    list(
      of<PersistentVolumeClaim>(() => PersistentVolumeClaim),
      'atomic',
    ),
  ),
});
export interface StatefulSetSpec extends Infer<typeof StatefulSetSpec> {}

export const StatefulSetCondition = struct('apps.v1.StatefulSetCondition', {
  lastTransitionTime: opt(3, time, { emit: true }),
  message: opt(5, string),
  reason: opt(4, string),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface StatefulSetCondition extends Infer<typeof StatefulSetCondition> {}

export const StatefulSetStatus = struct('apps.v1.StatefulSetStatus', {
  availableReplicas: opt(11, int32, { emit: true }),
  collisionCount: opt(9, int32, { ptr: true }),
  conditions: opt(
    10,
    list(
      of<StatefulSetCondition>(() => StatefulSetCondition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  currentReplicas: opt(4, int32),
  currentRevision: opt(6, string),
  observedGeneration: opt(1, int64),
  readyReplicas: opt(3, int32),
  replicas: req(2, int32, { emit: true }),
  updateRevision: opt(7, string),
  updatedReplicas: opt(5, int32),
});
export interface StatefulSetStatus extends Infer<typeof StatefulSetStatus> {}

export const StatefulSet = struct(
  'apps.v1.StatefulSet',
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
      of<StatefulSetSpec>(() => StatefulSetSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<StatefulSetStatus>(() => StatefulSetStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'apps', version: 'v1', kind: 'StatefulSet' }] },
);
export interface StatefulSet extends Root<Infer<typeof StatefulSet>, 'metadata' | 'spec' | 'status'> {}

export const StatefulSetList = struct(
  'apps.v1.StatefulSetList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<StatefulSet>(() => StatefulSet)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'apps', version: 'v1', kind: 'StatefulSetList' }] },
);
export interface StatefulSetList extends Root<Infer<typeof StatefulSetList>, 'metadata'> {}
