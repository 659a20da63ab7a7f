import { type Infer, int32, int64, list, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const CrossVersionObjectReference = struct(
  'autoscaling.v1.CrossVersionObjectReference',
  {
    apiVersion: opt(3, string),
    kind: req(1, string, { emit: true }),
    name: req(2, string, { emit: true }),
  },
  { mapType: 'atomic' },
);
export interface CrossVersionObjectReference extends Infer<typeof CrossVersionObjectReference> {}

export const HorizontalPodAutoscalerSpec = struct('autoscaling.v1.HorizontalPodAutoscalerSpec', {
  maxReplicas: req(3, int32, { emit: true }),
  minReplicas: opt(2, int32, { ptr: true }),
  scaleTargetRef: req(
    1,
    of<CrossVersionObjectReference>(() => CrossVersionObjectReference),
    { emit: true },
  ),
  targetCPUUtilizationPercentage: opt(4, int32, { ptr: true }),
});
export interface HorizontalPodAutoscalerSpec extends Infer<typeof HorizontalPodAutoscalerSpec> {}

export const HorizontalPodAutoscalerStatus = struct('autoscaling.v1.HorizontalPodAutoscalerStatus', {
  currentCPUUtilizationPercentage: opt(5, int32, { ptr: true }),
  currentReplicas: req(3, int32, { emit: true }),
  desiredReplicas: req(4, int32, { emit: true }),
  lastScaleTime: opt(2, time),
  observedGeneration: opt(1, int64, { ptr: true }),
});
export interface HorizontalPodAutoscalerStatus extends Infer<typeof HorizontalPodAutoscalerStatus> {}

export const HorizontalPodAutoscaler = struct(
  'autoscaling.v1.HorizontalPodAutoscaler',
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
  { gvk: [{ group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscaler' }] },
);
export interface HorizontalPodAutoscaler extends Root<Infer<typeof HorizontalPodAutoscaler>, 'metadata' | 'spec' | 'status'> {}

export const HorizontalPodAutoscalerList = struct(
  'autoscaling.v1.HorizontalPodAutoscalerList',
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
  { gvk: [{ group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscalerList' }] },
);
export interface HorizontalPodAutoscalerList extends Root<Infer<typeof HorizontalPodAutoscalerList>, 'metadata'> {}
