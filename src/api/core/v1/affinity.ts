import { type Infer, int32, int64, list, of, oneOf, opt, req, string, struct, time } from '#api/dsl.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const NodeSelectorRequirement = struct('core.v1.NodeSelectorRequirement', {
  key: req(1, string, { emit: true }),
  operator: req(2, oneOf('DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'), { emit: true }),
  values: opt(3, list(string, 'atomic')),
});
export interface NodeSelectorRequirement extends Infer<typeof NodeSelectorRequirement> {}

export const NodeSelectorTerm = struct(
  'core.v1.NodeSelectorTerm',
  {
    matchExpressions: opt(
      1,
      list(
        of<NodeSelectorRequirement>(() => NodeSelectorRequirement),
        'atomic',
      ),
    ),
    matchFields: opt(
      2,
      list(
        of<NodeSelectorRequirement>(() => NodeSelectorRequirement),
        'atomic',
      ),
    ),
  },
  { mapType: 'atomic' },
);
export interface NodeSelectorTerm extends Infer<typeof NodeSelectorTerm> {}

export const NodeSelector = struct(
  'core.v1.NodeSelector',
  {
    nodeSelectorTerms: req(
      1,
      list(
        of<NodeSelectorTerm>(() => NodeSelectorTerm),
        'atomic',
      ),
      { emit: true },
    ),
  },
  { mapType: 'atomic' },
);
export interface NodeSelector extends Infer<typeof NodeSelector> {}

export const PreferredSchedulingTerm = struct('core.v1.PreferredSchedulingTerm', {
  preference: req(
    2,
    of<NodeSelectorTerm>(() => NodeSelectorTerm),
    { emit: true },
  ),
  weight: req(1, int32, { emit: true }),
});
export interface PreferredSchedulingTerm extends Infer<typeof PreferredSchedulingTerm> {}

export const NodeAffinity = struct('core.v1.NodeAffinity', {
  preferredDuringSchedulingIgnoredDuringExecution: opt(
    2,
    list(
      of<PreferredSchedulingTerm>(() => PreferredSchedulingTerm),
      'atomic',
    ),
  ),
  requiredDuringSchedulingIgnoredDuringExecution: opt(
    1,
    of<NodeSelector>(() => NodeSelector),
  ),
});
export interface NodeAffinity extends Infer<typeof NodeAffinity> {}

export const PodAffinityTerm = struct('core.v1.PodAffinityTerm', {
  labelSelector: opt(
    1,
    of<LabelSelector>(() => LabelSelector),
  ),
  matchLabelKeys: opt(5, list(string, 'atomic')),
  mismatchLabelKeys: opt(6, list(string, 'atomic')),
  namespaceSelector: opt(
    4,
    of<LabelSelector>(() => LabelSelector),
  ),
  namespaces: opt(2, list(string, 'atomic')),
  topologyKey: req(3, string, { emit: true }),
});
export interface PodAffinityTerm extends Infer<typeof PodAffinityTerm> {}

export const WeightedPodAffinityTerm = struct('core.v1.WeightedPodAffinityTerm', {
  podAffinityTerm: req(
    2,
    of<PodAffinityTerm>(() => PodAffinityTerm),
    { emit: true },
  ),
  weight: req(1, int32, { emit: true }),
});
export interface WeightedPodAffinityTerm extends Infer<typeof WeightedPodAffinityTerm> {}

export const PodAffinity = struct('core.v1.PodAffinity', {
  preferredDuringSchedulingIgnoredDuringExecution: opt(
    2,
    list(
      of<WeightedPodAffinityTerm>(() => WeightedPodAffinityTerm),
      'atomic',
    ),
  ),
  requiredDuringSchedulingIgnoredDuringExecution: opt(
    1,
    list(
      of<PodAffinityTerm>(() => PodAffinityTerm),
      'atomic',
    ),
  ),
});
export interface PodAffinity extends Infer<typeof PodAffinity> {}

export const PodAntiAffinity = struct('core.v1.PodAntiAffinity', {
  preferredDuringSchedulingIgnoredDuringExecution: opt(
    2,
    list(
      of<WeightedPodAffinityTerm>(() => WeightedPodAffinityTerm),
      'atomic',
    ),
  ),
  requiredDuringSchedulingIgnoredDuringExecution: opt(
    1,
    list(
      of<PodAffinityTerm>(() => PodAffinityTerm),
      'atomic',
    ),
  ),
});
export interface PodAntiAffinity extends Infer<typeof PodAntiAffinity> {}

export const Affinity = struct('core.v1.Affinity', {
  nodeAffinity: opt(
    1,
    of<NodeAffinity>(() => NodeAffinity),
  ),
  podAffinity: opt(
    2,
    of<PodAffinity>(() => PodAffinity),
  ),
  podAntiAffinity: opt(
    3,
    of<PodAntiAffinity>(() => PodAntiAffinity),
  ),
});
export interface Affinity extends Infer<typeof Affinity> {}

export const Taint = struct('core.v1.Taint', {
  effect: req(3, oneOf('NoExecute', 'NoSchedule', 'PreferNoSchedule'), { emit: true }),
  key: req(1, string, { emit: true }),
  timeAdded: opt(4, time),
  value: opt(2, string),
});
export interface Taint extends Infer<typeof Taint> {}

export const Toleration = struct('core.v1.Toleration', {
  effect: opt(4, oneOf('NoExecute', 'NoSchedule', 'PreferNoSchedule')),
  key: opt(1, string),
  operator: opt(2, oneOf('Equal', 'Exists', 'Gt', 'Lt')),
  tolerationSeconds: opt(5, int64, { ptr: true }),
  value: opt(3, string),
});
export interface Toleration extends Infer<typeof Toleration> {}

export const TopologySpreadConstraint = struct('core.v1.TopologySpreadConstraint', {
  labelSelector: opt(
    4,
    of<LabelSelector>(() => LabelSelector),
  ),
  matchLabelKeys: opt(8, list(string, 'atomic')),
  maxSkew: req(1, int32, { emit: true }),
  minDomains: opt(5, int32, { ptr: true }),
  nodeAffinityPolicy: opt(6, oneOf('Honor', 'Ignore'), { ptr: true }),
  nodeTaintsPolicy: opt(7, oneOf('Honor', 'Ignore'), { ptr: true }),
  topologyKey: req(2, string, { emit: true }),
  whenUnsatisfiable: req(3, oneOf('DoNotSchedule', 'ScheduleAnyway'), { emit: true }),
});
export interface TopologySpreadConstraint extends Infer<typeof TopologySpreadConstraint> {}
