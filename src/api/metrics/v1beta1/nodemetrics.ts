import { duration, type Infer, list, map, of, opt, quantity, req, type Root, string, struct, time } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const NodeMetrics = struct('metrics.v1beta1.NodeMetrics', {
  apiVersion: opt(0, string),
  kind: opt(0, string),
  metadata: opt(
    1,
    of<ObjectMeta>(() => ObjectMeta),
    { emit: true },
  ),
  timestamp: req(2, time, { emit: true }),
  usage: req(4, map(quantity), { emit: true }),
  window: req(3, duration, { emit: true }),
});
export interface NodeMetrics extends Root<Infer<typeof NodeMetrics>, 'metadata'> {}

export const NodeMetricsList = struct('metrics.v1beta1.NodeMetricsList', {
  apiVersion: opt(0, string),
  items: req(2, list(of<NodeMetrics>(() => NodeMetrics)), { emit: true }),
  kind: opt(0, string),
  metadata: opt(
    1,
    of<ListMeta>(() => ListMeta),
    { emit: true },
  ),
});
export interface NodeMetricsList extends Root<Infer<typeof NodeMetricsList>, 'metadata'> {}
