import { type Infer, list, map, of, opt, quantity, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const LimitRangeItem = struct('core.v1.LimitRangeItem', {
  default: opt(4, map(quantity)),
  defaultRequest: opt(5, map(quantity)),
  max: opt(2, map(quantity)),
  maxLimitRequestRatio: opt(6, map(quantity)),
  min: opt(3, map(quantity)),
  type: req(1, string, { emit: true }),
});
export interface LimitRangeItem extends Infer<typeof LimitRangeItem> {}

export const LimitRangeSpec = struct('core.v1.LimitRangeSpec', {
  limits: req(
    1,
    list(
      of<LimitRangeItem>(() => LimitRangeItem),
      'atomic',
    ),
    { emit: true },
  ),
});
export interface LimitRangeSpec extends Infer<typeof LimitRangeSpec> {}

export const LimitRange = struct(
  'core.v1.LimitRange',
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
      of<LimitRangeSpec>(() => LimitRangeSpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'LimitRange' }] },
);
export interface LimitRange extends Root<Infer<typeof LimitRange>, 'metadata' | 'spec'> {}

export const LimitRangeList = struct(
  'core.v1.LimitRangeList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<LimitRange>(() => LimitRange)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'LimitRangeList' }] },
);
export interface LimitRangeList extends Root<Infer<typeof LimitRangeList>, 'metadata'> {}
