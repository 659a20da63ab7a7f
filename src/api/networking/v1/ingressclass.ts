import { type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const IngressClassParametersReference = struct('networking.v1.IngressClassParametersReference', {
  apiGroup: opt(1, string, { ptr: true }),
  kind: req(2, string, { emit: true }),
  name: req(3, string, { emit: true }),
  namespace: opt(5, string, { ptr: true }),
  scope: opt(4, string, { ptr: true }),
});
export interface IngressClassParametersReference extends Infer<typeof IngressClassParametersReference> {}

export const IngressClassSpec = struct('networking.v1.IngressClassSpec', {
  controller: opt(1, string),
  parameters: opt(
    2,
    of<IngressClassParametersReference>(() => IngressClassParametersReference),
  ),
});
export interface IngressClassSpec extends Infer<typeof IngressClassSpec> {}

export const IngressClass = struct(
  'networking.v1.IngressClass',
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
      of<IngressClassSpec>(() => IngressClassSpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'networking.k8s.io', version: 'v1', kind: 'IngressClass' }] },
);
export interface IngressClass extends Root<Infer<typeof IngressClass>, 'metadata' | 'spec'> {}

export const IngressClassList = struct(
  'networking.v1.IngressClassList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<IngressClass>(() => IngressClass)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'networking.k8s.io', version: 'v1', kind: 'IngressClassList' }] },
);
export interface IngressClassList extends Root<Infer<typeof IngressClassList>, 'metadata'> {}
