import { duration, type Infer, list, map, of, opt, quantity, req, type Root, string, struct, time } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ContainerMetrics = struct('metrics.v1beta1.ContainerMetrics', {
  name: req(1, string, { emit: true }),
  usage: req(2, map(quantity), { emit: true }),
});
export interface ContainerMetrics extends Infer<typeof ContainerMetrics> {}

export const PodMetrics = struct('metrics.v1beta1.PodMetrics', {
  apiVersion: opt(0, string),
  containers: req(
    4,
    list(
      of<ContainerMetrics>(() => ContainerMetrics),
      'atomic',
    ),
    { emit: true },
  ),
  kind: opt(0, string),
  metadata: opt(
    1,
    of<ObjectMeta>(() => ObjectMeta),
    { emit: true },
  ),
  timestamp: req(2, time, { emit: true }),
  window: req(3, duration, { emit: true }),
});
export interface PodMetrics extends Root<Infer<typeof PodMetrics>, 'metadata'> {}

export const PodMetricsList = struct('metrics.v1beta1.PodMetricsList', {
  apiVersion: opt(0, string),
  items: req(2, list(of<PodMetrics>(() => PodMetrics)), { emit: true }),
  kind: opt(0, string),
  metadata: opt(
    1,
    of<ListMeta>(() => ListMeta),
    { emit: true },
  ),
});
export interface PodMetricsList extends Root<Infer<typeof PodMetricsList>, 'metadata'> {}
