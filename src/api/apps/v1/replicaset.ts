import { type Infer, int32, int64, list, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const ReplicaSetSpec = struct('apps.v1.ReplicaSetSpec', {
  minReadySeconds: opt(4, int32),
  replicas: opt(1, int32, { ptr: true }),
  selector: req(
    2,
    of<LabelSelector>(() => LabelSelector),
  ),
  template: opt(
    3,
    of<PodTemplateSpec>(() => PodTemplateSpec),
    { emit: true },
  ),
});
export interface ReplicaSetSpec extends Infer<typeof ReplicaSetSpec> {}

export const ReplicaSetCondition = struct('apps.v1.ReplicaSetCondition', {
  lastTransitionTime: opt(3, time, { emit: true }),
  message: opt(5, string),
  reason: opt(4, string),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface ReplicaSetCondition extends Infer<typeof ReplicaSetCondition> {}

export const ReplicaSetStatus = struct('apps.v1.ReplicaSetStatus', {
  availableReplicas: opt(5, int32),
  conditions: opt(
    6,
    list(
      of<ReplicaSetCondition>(() => ReplicaSetCondition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  fullyLabeledReplicas: opt(2, int32),
  observedGeneration: opt(3, int64),
  readyReplicas: opt(4, int32),
  replicas: req(1, int32, { emit: true }),
  terminatingReplicas: opt(7, int32, { ptr: true }),
});
export interface ReplicaSetStatus extends Infer<typeof ReplicaSetStatus> {}

export const ReplicaSet = struct(
  'apps.v1.ReplicaSet',
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
      of<ReplicaSetSpec>(() => ReplicaSetSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<ReplicaSetStatus>(() => ReplicaSetStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'apps', version: 'v1', kind: 'ReplicaSet' }] },
);
export interface ReplicaSet extends Root<Infer<typeof ReplicaSet>, 'metadata' | 'spec' | 'status'> {}

export const ReplicaSetList = struct(
  'apps.v1.ReplicaSetList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ReplicaSet>(() => ReplicaSet)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'apps', version: 'v1', kind: 'ReplicaSetList' }] },
);
export interface ReplicaSetList extends Root<Infer<typeof ReplicaSetList>, 'metadata'> {}
