import { type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ClusterTrustBundleSpec = struct('certificates.v1beta1.ClusterTrustBundleSpec', {
  signerName: opt(1, string),
  trustBundle: req(2, string, { emit: true }),
});
export interface ClusterTrustBundleSpec extends Infer<typeof ClusterTrustBundleSpec> {}

export const ClusterTrustBundle = struct(
  'certificates.v1beta1.ClusterTrustBundle',
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
      of<ClusterTrustBundleSpec>(() => ClusterTrustBundleSpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'certificates.k8s.io', version: 'v1beta1', kind: 'ClusterTrustBundle' }] },
);
export interface ClusterTrustBundle extends Root<Infer<typeof ClusterTrustBundle>, 'metadata' | 'spec'> {}

export const ClusterTrustBundleList = struct(
  'certificates.v1beta1.ClusterTrustBundleList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ClusterTrustBundle>(() => ClusterTrustBundle)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'certificates.k8s.io', version: 'v1beta1', kind: 'ClusterTrustBundleList' }] },
);
export interface ClusterTrustBundleList extends Root<Infer<typeof ClusterTrustBundleList>, 'metadata'> {}
