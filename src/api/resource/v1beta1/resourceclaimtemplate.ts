import { type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { ResourceClaimSpec } from '#api/resource/v1beta1/common.ts';

export const ResourceClaimTemplateSpec = struct('resource.v1beta1.ResourceClaimTemplateSpec', {
  metadata: opt(
    1,
    of<ObjectMeta>(() => ObjectMeta),
    { emit: true },
  ),
  spec: req(
    2,
    of<ResourceClaimSpec>(() => ResourceClaimSpec),
    { emit: true },
  ),
});
export interface ResourceClaimTemplateSpec extends Infer<typeof ResourceClaimTemplateSpec> {}

export const ResourceClaimTemplate = struct(
  'resource.v1beta1.ResourceClaimTemplate',
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
      of<ResourceClaimTemplateSpec>(() => ResourceClaimTemplateSpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'resource.k8s.io', version: 'v1beta1', kind: 'ResourceClaimTemplate' }] },
);
export interface ResourceClaimTemplate extends Root<Infer<typeof ResourceClaimTemplate>, 'metadata' | 'spec'> {}

export const ResourceClaimTemplateList = struct(
  'resource.v1beta1.ResourceClaimTemplateList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ResourceClaimTemplate>(() => ResourceClaimTemplate)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'resource.k8s.io', version: 'v1beta1', kind: 'ResourceClaimTemplateList' }] },
);
export interface ResourceClaimTemplateList extends Root<Infer<typeof ResourceClaimTemplateList>, 'metadata'> {}
