import { type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ComponentCondition = struct('core.v1.ComponentCondition', {
  error: opt(4, string),
  message: opt(3, string),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface ComponentCondition extends Infer<typeof ComponentCondition> {}

export const ComponentStatus = struct(
  'core.v1.ComponentStatus',
  {
    apiVersion: opt(0, string),
    conditions: opt(
      2,
      list(
        of<ComponentCondition>(() => ComponentCondition),
        'map',
        'type',
      ),
      { patchStrategy: 'merge', patchMergeKey: 'type' },
    ),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'ComponentStatus' }] },
);
export interface ComponentStatus extends Root<Infer<typeof ComponentStatus>, 'metadata'> {}

export const ComponentStatusList = struct(
  'core.v1.ComponentStatusList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ComponentStatus>(() => ComponentStatus)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'ComponentStatusList' }] },
);
export interface ComponentStatusList extends Root<Infer<typeof ComponentStatusList>, 'metadata'> {}
