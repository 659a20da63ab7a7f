import { type Infer, int32, int64, list, of, opt, quantity, req, type Root, string, struct, time } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const MetricTarget = struct('autoscaling.v2.MetricTarget', {
  averageUtilization: opt(4, int32, { ptr: true }),
  averageValue: opt(3, quantity),
  type: req(1, string, { emit: true }),
  value: opt(2, quantity),
});
export interface MetricTarget extends Infer<typeof MetricTarget> {}

export const ContainerResourceMetricSource = struct('autoscaling.v2.ContainerResourceMetricSource', {
  container: req(3, string, { emit: true }),
  name: req(1, string, { emit: true }),
  target: req(
    2,
    of<MetricTarget>(() => MetricTarget),
    { emit: true },
  ),
});
export interface ContainerResourceMetricSource extends Infer<typeof ContainerResourceMetricSource> {}

export const MetricValueStatus = struct('autoscaling.v2.MetricValueStatus', {
  averageUtilization: opt(3, int32, { ptr: true }),
  averageValue: opt(2, quantity),
  value: opt(1, quantity),
});
export interface MetricValueStatus extends Infer<typeof MetricValueStatus> {}

export const ContainerResourceMetricStatus = struct('autoscaling.v2.ContainerResourceMetricStatus', {
  container: req(3, string, { emit: true }),
  current: req(
    2,
    of<MetricValueStatus>(() => MetricValueStatus),
    { emit: true },
  ),
  name: req(1, string, { emit: true }),
});
export interface ContainerResourceMetricStatus extends Infer<typeof ContainerResourceMetricStatus> {}

export const CrossVersionObjectReference = struct('autoscaling.v2.CrossVersionObjectReference', {
  apiVersion: opt(3, string),
  kind: req(1, string, { emit: true }),
  name: req(2, string, { emit: true }),
});
export interface CrossVersionObjectReference extends Infer<typeof CrossVersionObjectReference> {}

export const MetricIdentifier = struct('autoscaling.v2.MetricIdentifier', {
  name: req(1, string, { emit: true }),
  selector: opt(
    2,
    of<LabelSelector>(() => LabelSelector),
  ),
});
export interface MetricIdentifier extends Infer<typeof MetricIdentifier> {}

export const ExternalMetricSource = struct('autoscaling.v2.ExternalMetricSource', {
  metric: req(
    1,
    of<MetricIdentifier>(() => MetricIdentifier),
    { emit: true },
  ),
  target: req(
    2,
    of<MetricTarget>(() => MetricTarget),
    { emit: true },
  ),
});
export interface ExternalMetricSource extends Infer<typeof ExternalMetricSource> {}

export const ExternalMetricStatus = struct('autoscaling.v2.ExternalMetricStatus', {
  current: req(
    2,
    of<MetricValueStatus>(() => MetricValueStatus),
    { emit: true },
  ),
  metric: req(
    1,
    of<MetricIdentifier>(() => MetricIdentifier),
    { emit: true },
  ),
});
export interface ExternalMetricStatus extends Infer<typeof ExternalMetricStatus> {}

export const HPAScalingPolicy = struct('autoscaling.v2.HPAScalingPolicy', {
  periodSeconds: req(3, int32, { emit: true }),
  type: req(1, string, { emit: true }),
  value: req(2, int32, { emit: true }),
});
export interface HPAScalingPolicy extends Infer<typeof HPAScalingPolicy> {}

export const HPAScalingRules = struct('autoscaling.v2.HPAScalingRules', {
  policies: opt(
    2,
    list(
      of<HPAScalingPolicy>(() => HPAScalingPolicy),
      'atomic',
    ),
  ),
  selectPolicy: opt(1, string, { ptr: true }),
  stabilizationWindowSeconds: opt(3, int32, { ptr: true }),
  tolerance: opt(4, quantity),
});
export interface HPAScalingRules extends Infer<typeof HPAScalingRules> {}

export const HorizontalPodAutoscalerBehavior = struct('autoscaling.v2.HorizontalPodAutoscalerBehavior', {
  scaleDown: opt(
    2,
    of<HPAScalingRules>(() => HPAScalingRules),
  ),
  scaleUp: opt(
    1,
    of<HPAScalingRules>(() => HPAScalingRules),
  ),
});
export interface HorizontalPodAutoscalerBehavior extends Infer<typeof HorizontalPodAutoscalerBehavior> {}

export const ObjectMetricSource = struct('autoscaling.v2.ObjectMetricSource', {
  describedObject: req(
    1,
    of<CrossVersionObjectReference>(() => CrossVersionObjectReference),
    { emit: true },
  ),
  metric: req(
    3,
    of<MetricIdentifier>(() => MetricIdentifier),
    { emit: true },
  ),
  target: req(
    2,
    of<MetricTarget>(() => MetricTarget),
    { emit: true },
  ),
});
export interface ObjectMetricSource extends Infer<typeof ObjectMetricSource> {}

export const PodsMetricSource = struct('autoscaling.v2.PodsMetricSource', {
  metric: req(
    1,
    of<MetricIdentifier>(() => MetricIdentifier),
    { emit: true },
  ),
  target: req(
    2,
    of<MetricTarget>(() => MetricTarget),
    { emit: true },
  ),
});
export interface PodsMetricSource extends Infer<typeof PodsMetricSource> {}

export const ResourceMetricSource = struct('autoscaling.v2.ResourceMetricSource', {
  name: req(1, string, { emit: true }),
  target: req(
    2,
    of<MetricTarget>(() => MetricTarget),
    { emit: true },
  ),
});
export interface ResourceMetricSource extends Infer<typeof ResourceMetricSource> {}

export const MetricSpec = struct('autoscaling.v2.MetricSpec', {
  containerResource: opt(
    7,
    of<ContainerResourceMetricSource>(() => ContainerResourceMetricSource),
  ),
  external: opt(
    5,
    of<ExternalMetricSource>(() => ExternalMetricSource),
  ),
  object: opt(
    2,
    of<ObjectMetricSource>(() => ObjectMetricSource),
  ),
  pods: opt(
    3,
    of<PodsMetricSource>(() => PodsMetricSource),
  ),
  resource: opt(
    4,
    of<ResourceMetricSource>(() => ResourceMetricSource),
  ),
  type: req(1, string, { emit: true }),
});
export interface MetricSpec extends Infer<typeof MetricSpec> {}

export const HorizontalPodAutoscalerSpec = struct('autoscaling.v2.HorizontalPodAutoscalerSpec', {
  behavior: opt(
    5,
    of<HorizontalPodAutoscalerBehavior>(() => HorizontalPodAutoscalerBehavior),
  ),
  maxReplicas: req(3, int32, { emit: true }),
  metrics: opt(
    4,
    list(
      of<MetricSpec>(() => MetricSpec),
      'atomic',
    ),
  ),
  minReplicas: opt(2, int32, { ptr: true }),
  scaleTargetRef: req(
    1,
    of<CrossVersionObjectReference>(() => CrossVersionObjectReference),
    { emit: true },
  ),
});
export interface HorizontalPodAutoscalerSpec extends Infer<typeof HorizontalPodAutoscalerSpec> {}

export const HorizontalPodAutoscalerCondition = struct('autoscaling.v2.HorizontalPodAutoscalerCondition', {
  lastTransitionTime: opt(3, time, { emit: true }),
  message: opt(5, string),
  reason: opt(4, string),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface HorizontalPodAutoscalerCondition extends Infer<typeof HorizontalPodAutoscalerCondition> {}

export const ObjectMetricStatus = struct('autoscaling.v2.ObjectMetricStatus', {
  current: req(
    2,
    of<MetricValueStatus>(() => MetricValueStatus),
    { emit: true },
  ),
  describedObject: req(
    3,
    of<CrossVersionObjectReference>(() => CrossVersionObjectReference),
    { emit: true },
  ),
  metric: req(
    1,
    of<MetricIdentifier>(() => MetricIdentifier),
    { emit: true },
  ),
});
export interface ObjectMetricStatus extends Infer<typeof ObjectMetricStatus> {}

export const PodsMetricStatus = struct('autoscaling.v2.PodsMetricStatus', {
  current: req(
    2,
    of<MetricValueStatus>(() => MetricValueStatus),
    { emit: true },
  ),
  metric: req(
    1,
    of<MetricIdentifier>(() => MetricIdentifier),
    { emit: true },
  ),
});
export interface PodsMetricStatus extends Infer<typeof PodsMetricStatus> {}

export const ResourceMetricStatus = struct('autoscaling.v2.ResourceMetricStatus', {
  current: req(
    2,
    of<MetricValueStatus>(() => MetricValueStatus),
    { emit: true },
  ),
  name: req(1, string, { emit: true }),
});
export interface ResourceMetricStatus extends Infer<typeof ResourceMetricStatus> {}

export const MetricStatus = struct('autoscaling.v2.MetricStatus', {
  containerResource: opt(
    7,
    of<ContainerResourceMetricStatus>(() => ContainerResourceMetricStatus),
  ),
  external: opt(
    5,
    of<ExternalMetricStatus>(() => ExternalMetricStatus),
  ),
  object: opt(
    2,
    of<ObjectMetricStatus>(() => ObjectMetricStatus),
  ),
  pods: opt(
    3,
    of<PodsMetricStatus>(() => PodsMetricStatus),
  ),
  resource: opt(
    4,
    of<ResourceMetricStatus>(() => ResourceMetricStatus),
  ),
  type: req(1, string, { emit: true }),
});
export interface MetricStatus extends Infer<typeof MetricStatus> {}

export const HorizontalPodAutoscalerStatus = struct('autoscaling.v2.HorizontalPodAutoscalerStatus', {
  conditions: opt(
    6,
    list(
      of<HorizontalPodAutoscalerCondition>(() => HorizontalPodAutoscalerCondition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  currentMetrics: opt(
    5,
    list(
      of<MetricStatus>(() => MetricStatus),
      'atomic',
    ),
    { emit: true },
  ),
  currentReplicas: opt(3, int32),
  desiredReplicas: req(4, int32, { emit: true }),
  lastScaleTime: opt(2, time),
  observedGeneration: opt(1, int64, { ptr: true }),
});
export interface HorizontalPodAutoscalerStatus extends Infer<typeof HorizontalPodAutoscalerStatus> {}

export const HorizontalPodAutoscaler = struct(
  'autoscaling.v2.HorizontalPodAutoscaler',
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
      of<HorizontalPodAutoscalerSpec>(() => HorizontalPodAutoscalerSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<HorizontalPodAutoscalerStatus>(() => HorizontalPodAutoscalerStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler' }] },
);
export interface HorizontalPodAutoscaler extends Root<Infer<typeof HorizontalPodAutoscaler>, 'metadata' | 'spec' | 'status'> {}

export const HorizontalPodAutoscalerList = struct(
  'autoscaling.v2.HorizontalPodAutoscalerList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<HorizontalPodAutoscaler>(() => HorizontalPodAutoscaler)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscalerList' }] },
);
export interface HorizontalPodAutoscalerList extends Root<Infer<typeof HorizontalPodAutoscalerList>, 'metadata'> {}
