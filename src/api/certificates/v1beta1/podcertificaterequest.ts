import { bytes, type Infer, int32, list, map, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { Condition } from '#api/meta/v1/condition.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const PodCertificateRequestSpec = struct('certificates.v1beta1.PodCertificateRequestSpec', {
  maxExpirationSeconds: opt(8, int32, { ptr: true, default: 86400 }),
  nodeName: req(6, string, { emit: true }),
  nodeUID: req(7, string, { emit: true }),
  pkixPublicKey: req(9, bytes, { emit: true }),
  podName: req(2, string, { emit: true }),
  podUID: req(3, string, { emit: true }),
  proofOfPossession: req(10, bytes, { emit: true }),
  serviceAccountName: req(4, string, { emit: true }),
  serviceAccountUID: req(5, string, { emit: true }),
  signerName: req(1, string, { emit: true }),
  unverifiedUserAnnotations: opt(11, map(string)),
});
export interface PodCertificateRequestSpec extends Infer<typeof PodCertificateRequestSpec> {}

export const PodCertificateRequestStatus = struct('certificates.v1beta1.PodCertificateRequestStatus', {
  beginRefreshAt: opt(5, time),
  certificateChain: opt(2, string),
  conditions: opt(
    1,
    list(
      of<Condition>(() => Condition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  notAfter: opt(6, time),
  notBefore: opt(4, time),
});
export interface PodCertificateRequestStatus extends Infer<typeof PodCertificateRequestStatus> {}

export const PodCertificateRequest = struct(
  'certificates.v1beta1.PodCertificateRequest',
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
      of<PodCertificateRequestSpec>(() => PodCertificateRequestSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<PodCertificateRequestStatus>(() => PodCertificateRequestStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'certificates.k8s.io', version: 'v1beta1', kind: 'PodCertificateRequest' }] },
);
export interface PodCertificateRequest extends Root<Infer<typeof PodCertificateRequest>, 'metadata' | 'spec' | 'status'> {}

export const PodCertificateRequestList = struct(
  'certificates.v1beta1.PodCertificateRequestList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<PodCertificateRequest>(() => PodCertificateRequest)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'certificates.k8s.io', version: 'v1beta1', kind: 'PodCertificateRequestList' }] },
);
export interface PodCertificateRequestList extends Root<Infer<typeof PodCertificateRequestList>, 'metadata'> {}
