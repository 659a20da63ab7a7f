import { type Infer, int32, int64, list, map, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ReplicationControllerSpec = struct('core.v1.ReplicationControllerSpec', {
  minReadySeconds: opt(4, int32),
  replicas: opt(1, int32, { ptr: true, default: 1 }),
  selector: opt(2, map(string), { mapType: 'atomic' }),
  template: opt(
    3,
    of<PodTemplateSpec>(() => PodTemplateSpec),
  ),
});
export interface ReplicationControllerSpec extends Infer<typeof ReplicationControllerSpec> {}

export const ReplicationControllerCondition = struct('core.v1.ReplicationControllerCondition', {
  lastTransitionTime: opt(3, time, { emit: true }),
  message: opt(5, string),
  reason: opt(4, string),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface ReplicationControllerCondition extends Infer<typeof ReplicationControllerCondition> {}

export const ReplicationControllerStatus = struct('core.v1.ReplicationControllerStatus', {
  availableReplicas: opt(5, int32),
  conditions: opt(
    6,
    list(
      of<ReplicationControllerCondition>(() => ReplicationControllerCondition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  fullyLabeledReplicas: opt(2, int32),
  observedGeneration: opt(3, int64),
  readyReplicas: opt(4, int32),
  replicas: req(1, int32, { emit: true }),
});
export interface ReplicationControllerStatus extends Infer<typeof ReplicationControllerStatus> {}

export const ReplicationController = struct(
  'core.v1.ReplicationController',
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
      of<ReplicationControllerSpec>(() => ReplicationControllerSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<ReplicationControllerStatus>(() => ReplicationControllerStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'ReplicationController' }] },
);
export interface ReplicationController extends Root<Infer<typeof ReplicationController>, 'metadata' | 'spec' | 'status'> {}

export const ReplicationControllerList = struct(
  'core.v1.ReplicationControllerList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ReplicationController>(() => ReplicationController)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'ReplicationControllerList' }] },
);
export interface ReplicationControllerList extends Root<Infer<typeof ReplicationControllerList>, 'metadata'> {}
