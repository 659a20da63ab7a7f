import { type Infer, list, map, of, opt, quantity, req, type Root, string, struct } from '#api/dsl.ts';
import { Toleration } from '#api/core/v1/affinity.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const Overhead = struct('node.v1.Overhead', {
  podFixed: opt(1, map(quantity)),
});
export interface Overhead extends Infer<typeof Overhead> {}

export const Scheduling = struct('node.v1.Scheduling', {
  nodeSelector: opt(1, map(string), { mapType: 'atomic' }),
  tolerations: opt(
    2,
    list(
      of<Toleration>(() => Toleration),
      'atomic',
    ),
  ),
});
export interface Scheduling extends Infer<typeof Scheduling> {}

export const RuntimeClass = struct(
  'node.v1.RuntimeClass',
  {
    apiVersion: opt(0, string),
    handler: req(2, string, { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    overhead: opt(
      3,
      of<Overhead>(() => Overhead),
    ),
    scheduling: opt(
      4,
      of<Scheduling>(() => Scheduling),
    ),
  },
  { gvk: [{ group: 'node.k8s.io', version: 'v1', kind: 'RuntimeClass' }] },
);
export interface RuntimeClass extends Root<Infer<typeof RuntimeClass>, 'metadata'> {}

export const RuntimeClassList = struct(
  'node.v1.RuntimeClassList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<RuntimeClass>(() => RuntimeClass)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'node.k8s.io', version: 'v1', kind: 'RuntimeClassList' }] },
);
export interface RuntimeClassList extends Root<Infer<typeof RuntimeClassList>, 'metadata'> {}
