import { type Infer, int32, int64, intOrString, list, map, of, oneOf, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { Condition } from '#api/meta/v1/condition.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const PodDisruptionBudgetSpec = struct('policy.v1.PodDisruptionBudgetSpec', {
  maxUnavailable: opt(3, intOrString),
  minAvailable: opt(1, intOrString),
  selector: opt(
    2,
    of<LabelSelector>(() => LabelSelector),
    { patchStrategy: 'replace' },
  ),
  unhealthyPodEvictionPolicy: opt(4, oneOf('AlwaysAllow', 'IfHealthyBudget'), { ptr: true }),
});
export interface PodDisruptionBudgetSpec extends Infer<typeof PodDisruptionBudgetSpec> {}

export const PodDisruptionBudgetStatus = struct('policy.v1.PodDisruptionBudgetStatus', {
  conditions: opt(
    7,
    list(
      of<Condition>(() => Condition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  currentHealthy: req(4, int32, { emit: true }),
  desiredHealthy: req(5, int32, { emit: true }),
  disruptedPods: opt(2, map(time)),
  disruptionsAllowed: req(3, int32, { emit: true }),
  expectedPods: req(6, int32, { emit: true }),
  observedGeneration: opt(1, int64),
});
export interface PodDisruptionBudgetStatus extends Infer<typeof PodDisruptionBudgetStatus> {}

export const PodDisruptionBudget = struct(
  'policy.v1.PodDisruptionBudget',
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
      of<PodDisruptionBudgetSpec>(() => PodDisruptionBudgetSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<PodDisruptionBudgetStatus>(() => PodDisruptionBudgetStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'policy', version: 'v1', kind: 'PodDisruptionBudget' }] },
);
export interface PodDisruptionBudget extends Root<Infer<typeof PodDisruptionBudget>, 'metadata' | 'spec' | 'status'> {}

export const PodDisruptionBudgetList = struct(
  'policy.v1.PodDisruptionBudgetList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<PodDisruptionBudget>(() => PodDisruptionBudget)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'policy', version: 'v1', kind: 'PodDisruptionBudgetList' }] },
);
export interface PodDisruptionBudgetList extends Root<Infer<typeof PodDisruptionBudgetList>, 'metadata'> {}
