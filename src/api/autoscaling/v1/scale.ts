import { type Infer, int32, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ScaleSpec = struct('autoscaling.v1.ScaleSpec', {
  replicas: opt(1, int32),
});
export interface ScaleSpec extends Infer<typeof ScaleSpec> {}

export const ScaleStatus = struct('autoscaling.v1.ScaleStatus', {
  replicas: req(1, int32, { emit: true }),
  selector: opt(2, string),
});
export interface ScaleStatus extends Infer<typeof ScaleStatus> {}

export const Scale = struct(
  'autoscaling.v1.Scale',
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
      of<ScaleSpec>(() => ScaleSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<ScaleStatus>(() => ScaleStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'autoscaling', version: 'v1', kind: 'Scale' }] },
);
export interface Scale extends Root<Infer<typeof Scale>, 'metadata' | 'spec' | 'status'> {}
