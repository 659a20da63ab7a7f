import { bool, type Infer, int32, list, of, oneOf, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const PriorityClass = struct(
  'scheduling.v1.PriorityClass',
  {
    apiVersion: opt(0, string),
    description: opt(4, string),
    globalDefault: opt(3, bool),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    preemptionPolicy: opt(5, oneOf('Never', 'PreemptLowerPriority'), { ptr: true }),
    value: req(2, int32, { emit: true }),
  },
  { gvk: [{ group: 'scheduling.k8s.io', version: 'v1', kind: 'PriorityClass' }] },
);
export interface PriorityClass extends Root<Infer<typeof PriorityClass>, 'metadata'> {}

export const PriorityClassList = struct(
  'scheduling.v1.PriorityClassList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<PriorityClass>(() => PriorityClass)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'scheduling.k8s.io', version: 'v1', kind: 'PriorityClassList' }] },
);
export interface PriorityClassList extends Root<Infer<typeof PriorityClassList>, 'metadata'> {}
