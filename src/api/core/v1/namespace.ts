import { type Infer, list, of, oneOf, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const NamespaceSpec = struct('core.v1.NamespaceSpec', {
  finalizers: opt(1, list(string, 'atomic')),
});
export interface NamespaceSpec extends Infer<typeof NamespaceSpec> {}

export const NamespaceCondition = struct('core.v1.NamespaceCondition', {
  lastTransitionTime: opt(4, time, { emit: true }),
  message: opt(6, string),
  reason: opt(5, string),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface NamespaceCondition extends Infer<typeof NamespaceCondition> {}

export const NamespaceStatus = struct('core.v1.NamespaceStatus', {
  conditions: opt(
    2,
    list(
      of<NamespaceCondition>(() => NamespaceCondition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  phase: opt(1, oneOf('Active', 'Terminating')),
});
export interface NamespaceStatus extends Infer<typeof NamespaceStatus> {}

export const Namespace = struct(
  'core.v1.Namespace',
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
      of<NamespaceSpec>(() => NamespaceSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<NamespaceStatus>(() => NamespaceStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'Namespace' }] },
);
export interface Namespace extends Root<Infer<typeof Namespace>, 'metadata' | 'spec' | 'status'> {}

export const NamespaceList = struct(
  'core.v1.NamespaceList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<Namespace>(() => Namespace)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'NamespaceList' }] },
);
export interface NamespaceList extends Root<Infer<typeof NamespaceList>, 'metadata'> {}
