import { type Infer, int32, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const BasicSchedulingPolicy = struct('scheduling.v1alpha1.BasicSchedulingPolicy', {});
export type BasicSchedulingPolicy = Readonly<Record<string, never>>;

export const GangSchedulingPolicy = struct('scheduling.v1alpha1.GangSchedulingPolicy', {
  minCount: req(1, int32, { emit: true }),
});
export interface GangSchedulingPolicy extends Infer<typeof GangSchedulingPolicy> {}

export const PodGroupPolicy = struct('scheduling.v1alpha1.PodGroupPolicy', {
  basic: opt(
    2,
    of<BasicSchedulingPolicy>(() => BasicSchedulingPolicy),
  ),
  gang: opt(
    3,
    of<GangSchedulingPolicy>(() => GangSchedulingPolicy),
  ),
});
export interface PodGroupPolicy extends Infer<typeof PodGroupPolicy> {}

export const PodGroup = struct('scheduling.v1alpha1.PodGroup', {
  name: req(1, string, { emit: true }),
  policy: req(
    3,
    of<PodGroupPolicy>(() => PodGroupPolicy),
    { emit: true },
  ),
});
export interface PodGroup extends Infer<typeof PodGroup> {}

export const TypedLocalObjectReference = struct('scheduling.v1alpha1.TypedLocalObjectReference', {
  apiGroup: opt(1, string),
  kind: req(2, string, { emit: true }),
  name: req(3, string, { emit: true }),
});
export interface TypedLocalObjectReference extends Infer<typeof TypedLocalObjectReference> {}

export const WorkloadSpec = struct('scheduling.v1alpha1.WorkloadSpec', {
  controllerRef: opt(
    1,
    of<TypedLocalObjectReference>(() => TypedLocalObjectReference),
  ),
  podGroups: req(
    2,
    list(
      of<PodGroup>(() => PodGroup),
      'map',
      'name',
    ),
    { emit: true },
  ),
});
export interface WorkloadSpec extends Infer<typeof WorkloadSpec> {}

export const Workload = struct(
  'scheduling.v1alpha1.Workload',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    spec: req(
      2,
      of<WorkloadSpec>(() => WorkloadSpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'scheduling.k8s.io', version: 'v1alpha1', kind: 'Workload' }] },
);
export interface Workload extends Root<Infer<typeof Workload>, 'metadata' | 'spec'> {}

export const WorkloadList = struct(
  'scheduling.v1alpha1.WorkloadList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<Workload>(() => Workload)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'scheduling.k8s.io', version: 'v1alpha1', kind: 'WorkloadList' }] },
);
export interface WorkloadList extends Root<Infer<typeof WorkloadList>, 'metadata'> {}
