import { bool, type Infer, int32, int64, intOrString, list, of, oneOf, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const RollingUpdateDeployment = struct('apps.v1.RollingUpdateDeployment', {
  maxSurge: opt(2, intOrString),
  maxUnavailable: opt(1, intOrString),
});
export interface RollingUpdateDeployment extends Infer<typeof RollingUpdateDeployment> {}

export const DeploymentStrategy = struct('apps.v1.DeploymentStrategy', {
  rollingUpdate: opt(
    2,
    of<RollingUpdateDeployment>(() => RollingUpdateDeployment),
  ),
  type: opt(1, oneOf('Recreate', 'RollingUpdate')),
});
export interface DeploymentStrategy extends Infer<typeof DeploymentStrategy> {}

export const DeploymentSpec = struct('apps.v1.DeploymentSpec', {
  minReadySeconds: opt(5, int32),
  paused: opt(7, bool),
  progressDeadlineSeconds: opt(9, int32, { ptr: true }),
  replicas: opt(1, int32, { ptr: true }),
  revisionHistoryLimit: opt(6, int32, { ptr: true }),
  selector: req(
    2,
    of<LabelSelector>(() => LabelSelector),
  ),
  strategy: opt(
    4,
    of<DeploymentStrategy>(() => DeploymentStrategy),
    { emit: true, patchStrategy: 'retainKeys' },
  ),
  template: req(
    3,
    of<PodTemplateSpec>(() => PodTemplateSpec),
    { emit: true },
  ),
});
export interface DeploymentSpec extends Infer<typeof DeploymentSpec> {}

export const DeploymentCondition = struct('apps.v1.DeploymentCondition', {
  lastTransitionTime: opt(7, time, { emit: true }),
  lastUpdateTime: opt(6, time, { emit: true }),
  message: opt(5, string),
  reason: opt(4, string),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface DeploymentCondition extends Infer<typeof DeploymentCondition> {}

export const DeploymentStatus = struct('apps.v1.DeploymentStatus', {
  availableReplicas: opt(4, int32),
  collisionCount: opt(8, int32, { ptr: true }),
  conditions: opt(
    6,
    list(
      of<DeploymentCondition>(() => DeploymentCondition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  observedGeneration: opt(1, int64),
  readyReplicas: opt(7, int32),
  replicas: opt(2, int32),
  terminatingReplicas: opt(9, int32, { ptr: true }),
  unavailableReplicas: opt(5, int32),
  updatedReplicas: opt(3, int32),
});
export interface DeploymentStatus extends Infer<typeof DeploymentStatus> {}

export const Deployment = struct(
  'apps.v1.Deployment',
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
      of<DeploymentSpec>(() => DeploymentSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<DeploymentStatus>(() => DeploymentStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'apps', version: 'v1', kind: 'Deployment' }] },
);
export interface Deployment extends Root<Infer<typeof Deployment>, 'metadata' | 'spec' | 'status'> {}

export const DeploymentList = struct(
  'apps.v1.DeploymentList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<Deployment>(() => Deployment)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'apps', version: 'v1', kind: 'DeploymentList' }] },
);
export interface DeploymentList extends Root<Infer<typeof DeploymentList>, 'metadata'> {}
