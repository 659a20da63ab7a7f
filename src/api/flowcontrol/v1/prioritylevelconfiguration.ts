import { type Infer, int32, list, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ExemptPriorityLevelConfiguration = struct('flowcontrol.v1.ExemptPriorityLevelConfiguration', {
  lendablePercent: opt(2, int32, { ptr: true }),
  nominalConcurrencyShares: opt(1, int32, { ptr: true }),
});
export interface ExemptPriorityLevelConfiguration extends Infer<typeof ExemptPriorityLevelConfiguration> {}

export const QueuingConfiguration = struct('flowcontrol.v1.QueuingConfiguration', {
  handSize: opt(2, int32, { emit: true }),
  queueLengthLimit: opt(3, int32, { emit: true }),
  queues: opt(1, int32, { emit: true }),
});
export interface QueuingConfiguration extends Infer<typeof QueuingConfiguration> {}

export const LimitResponse = struct(
  'flowcontrol.v1.LimitResponse',
  {
    queuing: opt(
      2,
      of<QueuingConfiguration>(() => QueuingConfiguration),
    ),
    type: req(1, string, { emit: true }),
  },
  { union: { discriminator: 'type', fields: { queuing: 'Queuing' } } },
);
export interface LimitResponse extends Infer<typeof LimitResponse> {}

export const LimitedPriorityLevelConfiguration = struct('flowcontrol.v1.LimitedPriorityLevelConfiguration', {
  borrowingLimitPercent: opt(4, int32, { ptr: true }),
  lendablePercent: opt(3, int32, { ptr: true }),
  limitResponse: opt(
    2,
    of<LimitResponse>(() => LimitResponse),
    { emit: true },
  ),
  nominalConcurrencyShares: opt(1, int32, { ptr: true }),
});
export interface LimitedPriorityLevelConfiguration extends Infer<typeof LimitedPriorityLevelConfiguration> {}

export const PriorityLevelConfigurationSpec = struct(
  'flowcontrol.v1.PriorityLevelConfigurationSpec',
  {
    exempt: opt(
      3,
      of<ExemptPriorityLevelConfiguration>(() => ExemptPriorityLevelConfiguration),
    ),
    limited: opt(
      2,
      of<LimitedPriorityLevelConfiguration>(() => LimitedPriorityLevelConfiguration),
    ),
    type: req(1, string, { emit: true }),
  },
  { union: { discriminator: 'type', fields: { exempt: 'Exempt', limited: 'Limited' } } },
);
export interface PriorityLevelConfigurationSpec extends Infer<typeof PriorityLevelConfigurationSpec> {}

export const PriorityLevelConfigurationCondition = struct('flowcontrol.v1.PriorityLevelConfigurationCondition', {
  lastTransitionTime: opt(3, time, { emit: true }),
  message: opt(5, string),
  reason: opt(4, string),
  status: opt(2, string),
  type: opt(1, string),
});
export interface PriorityLevelConfigurationCondition extends Infer<typeof PriorityLevelConfigurationCondition> {}

export const PriorityLevelConfigurationStatus = struct('flowcontrol.v1.PriorityLevelConfigurationStatus', {
  conditions: opt(
    1,
    list(
      of<PriorityLevelConfigurationCondition>(() => PriorityLevelConfigurationCondition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
});
export interface PriorityLevelConfigurationStatus extends Infer<typeof PriorityLevelConfigurationStatus> {}

export const PriorityLevelConfiguration = struct(
  'flowcontrol.v1.PriorityLevelConfiguration',
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
      of<PriorityLevelConfigurationSpec>(() => PriorityLevelConfigurationSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<PriorityLevelConfigurationStatus>(() => PriorityLevelConfigurationStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'flowcontrol.apiserver.k8s.io', version: 'v1', kind: 'PriorityLevelConfiguration' }] },
);
export interface PriorityLevelConfiguration extends Root<Infer<typeof PriorityLevelConfiguration>, 'metadata' | 'spec' | 'status'> {}

export const PriorityLevelConfigurationList = struct(
  'flowcontrol.v1.PriorityLevelConfigurationList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<PriorityLevelConfiguration>(() => PriorityLevelConfiguration)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'flowcontrol.apiserver.k8s.io', version: 'v1', kind: 'PriorityLevelConfigurationList' }] },
);
export interface PriorityLevelConfigurationList extends Root<Infer<typeof PriorityLevelConfigurationList>, 'metadata'> {}
