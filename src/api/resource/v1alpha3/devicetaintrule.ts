import { type Infer, list, of, oneOf, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { Condition } from '#api/meta/v1/condition.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const DeviceTaint = struct('resource.v1alpha3.DeviceTaint', {
  effect: req(3, oneOf('NoExecute', 'NoSchedule', 'None'), { emit: true }),
  key: req(1, string, { emit: true }),
  timeAdded: opt(4, time),
  value: opt(2, string),
});
export interface DeviceTaint extends Infer<typeof DeviceTaint> {}

export const DeviceTaintSelector = struct('resource.v1alpha3.DeviceTaintSelector', {
  device: opt(4, string, { ptr: true }),
  driver: opt(2, string, { ptr: true }),
  pool: opt(3, string, { ptr: true }),
});
export interface DeviceTaintSelector extends Infer<typeof DeviceTaintSelector> {}

export const DeviceTaintRuleSpec = struct('resource.v1alpha3.DeviceTaintRuleSpec', {
  deviceSelector: opt(
    1,
    of<DeviceTaintSelector>(() => DeviceTaintSelector),
  ),
  taint: req(
    2,
    of<DeviceTaint>(() => DeviceTaint),
    { emit: true },
  ),
});
export interface DeviceTaintRuleSpec extends Infer<typeof DeviceTaintRuleSpec> {}

export const DeviceTaintRuleStatus = struct('resource.v1alpha3.DeviceTaintRuleStatus', {
  conditions: opt(
    1,
    list(
      of<Condition>(() => Condition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
});
export interface DeviceTaintRuleStatus extends Infer<typeof DeviceTaintRuleStatus> {}

export const DeviceTaintRule = struct(
  'resource.v1alpha3.DeviceTaintRule',
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
      of<DeviceTaintRuleSpec>(() => DeviceTaintRuleSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<DeviceTaintRuleStatus>(() => DeviceTaintRuleStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'resource.k8s.io', version: 'v1alpha3', kind: 'DeviceTaintRule' }] },
);
export interface DeviceTaintRule extends Root<Infer<typeof DeviceTaintRule>, 'metadata' | 'spec' | 'status'> {}

export const DeviceTaintRuleList = struct(
  'resource.v1alpha3.DeviceTaintRuleList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<DeviceTaintRule>(() => DeviceTaintRule)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'resource.k8s.io', version: 'v1alpha3', kind: 'DeviceTaintRuleList' }] },
);
export interface DeviceTaintRuleList extends Root<Infer<typeof DeviceTaintRuleList>, 'metadata'> {}
