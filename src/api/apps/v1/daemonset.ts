import { type Infer, int32, int64, intOrString, list, of, oneOf, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const RollingUpdateDaemonSet = struct('apps.v1.RollingUpdateDaemonSet', {
  maxSurge: opt(2, intOrString),
  maxUnavailable: opt(1, intOrString),
});
export interface RollingUpdateDaemonSet extends Infer<typeof RollingUpdateDaemonSet> {}

export const DaemonSetUpdateStrategy = struct('apps.v1.DaemonSetUpdateStrategy', {
  rollingUpdate: opt(
    2,
    of<RollingUpdateDaemonSet>(() => RollingUpdateDaemonSet),
  ),
  type: opt(1, oneOf('OnDelete', 'RollingUpdate')),
});
export interface DaemonSetUpdateStrategy extends Infer<typeof DaemonSetUpdateStrategy> {}

export const DaemonSetSpec = struct('apps.v1.DaemonSetSpec', {
  minReadySeconds: opt(4, int32),
  revisionHistoryLimit: opt(6, int32, { ptr: true }),
  selector: req(
    1,
    of<LabelSelector>(() => LabelSelector),
  ),
  template: req(
    2,
    of<PodTemplateSpec>(() => PodTemplateSpec),
    { emit: true },
  ),
  updateStrategy: opt(
    3,
    of<DaemonSetUpdateStrategy>(() => DaemonSetUpdateStrategy),
    { emit: true },
  ),
});
export interface DaemonSetSpec extends Infer<typeof DaemonSetSpec> {}

export const DaemonSetCondition = struct('apps.v1.DaemonSetCondition', {
  lastTransitionTime: opt(3, time, { emit: true }),
  message: opt(5, string),
  reason: opt(4, string),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface DaemonSetCondition extends Infer<typeof DaemonSetCondition> {}

export const DaemonSetStatus = struct('apps.v1.DaemonSetStatus', {
  collisionCount: opt(9, int32, { ptr: true }),
  conditions: opt(
    10,
    list(
      of<DaemonSetCondition>(() => DaemonSetCondition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  currentNumberScheduled: req(1, int32, { emit: true }),
  desiredNumberScheduled: req(3, int32, { emit: true }),
  numberAvailable: opt(7, int32),
  numberMisscheduled: req(2, int32, { emit: true }),
  numberReady: req(4, int32, { emit: true }),
  numberUnavailable: opt(8, int32),
  observedGeneration: opt(5, int64),
  updatedNumberScheduled: opt(6, int32),
});
export interface DaemonSetStatus extends Infer<typeof DaemonSetStatus> {}

export const DaemonSet = struct(
  'apps.v1.DaemonSet',
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
      of<DaemonSetSpec>(() => DaemonSetSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<DaemonSetStatus>(() => DaemonSetStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'apps', version: 'v1', kind: 'DaemonSet' }] },
);
export interface DaemonSet extends Root<Infer<typeof DaemonSet>, 'metadata' | 'spec' | 'status'> {}

export const DaemonSetList = struct(
  'apps.v1.DaemonSetList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<DaemonSet>(() => DaemonSet)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'apps', version: 'v1', kind: 'DaemonSetList' }] },
);
export interface DaemonSetList extends Root<Infer<typeof DaemonSetList>, 'metadata'> {}
