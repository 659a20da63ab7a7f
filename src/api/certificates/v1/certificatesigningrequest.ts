import { bytes, type Infer, int32, list, map, of, oneOf, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const CertificateSigningRequestSpec = struct('certificates.v1.CertificateSigningRequestSpec', {
  expirationSeconds: opt(8, int32, { ptr: true }),
  extra: opt(6, map(list(string))),
  groups: opt(4, list(string, 'atomic')),
  request: req(1, bytes, { emit: true }),
  signerName: req(7, string, { emit: true }),
  uid: opt(3, string),
  usages: opt(
    5,
    list(
      oneOf(
        'any',
        'cert sign',
        'client auth',
        'code signing',
        'content commitment',
        'crl sign',
        'data encipherment',
        'decipher only',
        'digital signature',
        'email protection',
        'encipher only',
        'ipsec end system',
        'ipsec tunnel',
        'ipsec user',
        'key agreement',
        'key encipherment',
        'microsoft sgc',
        'netscape sgc',
        'ocsp signing',
        's/mime',
        'server auth',
        'signing',
        'timestamping',
      ),
      'atomic',
    ),
  ),
  username: opt(2, string),
});
export interface CertificateSigningRequestSpec extends Infer<typeof CertificateSigningRequestSpec> {}

export const CertificateSigningRequestCondition = struct('certificates.v1.CertificateSigningRequestCondition', {
  lastTransitionTime: opt(5, time, { emit: true }),
  lastUpdateTime: opt(4, time, { emit: true }),
  message: opt(3, string),
  reason: opt(2, string),
  status: req(6, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface CertificateSigningRequestCondition extends Infer<typeof CertificateSigningRequestCondition> {}

export const CertificateSigningRequestStatus = struct('certificates.v1.CertificateSigningRequestStatus', {
  certificate: opt(2, bytes),
  conditions: opt(
    1,
    list(
      of<CertificateSigningRequestCondition>(() => CertificateSigningRequestCondition),
      'map',
      'type',
    ),
  ),
});
export interface CertificateSigningRequestStatus extends Infer<typeof CertificateSigningRequestStatus> {}

export const CertificateSigningRequest = struct(
  'certificates.v1.CertificateSigningRequest',
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
      of<CertificateSigningRequestSpec>(() => CertificateSigningRequestSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<CertificateSigningRequestStatus>(() => CertificateSigningRequestStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'certificates.k8s.io', version: 'v1', kind: 'CertificateSigningRequest' }] },
);
export interface CertificateSigningRequest extends Root<Infer<typeof CertificateSigningRequest>, 'metadata' | 'spec' | 'status'> {}

export const CertificateSigningRequestList = struct(
  'certificates.v1.CertificateSigningRequestList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<CertificateSigningRequest>(() => CertificateSigningRequest)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'certificates.k8s.io', version: 'v1', kind: 'CertificateSigningRequestList' }] },
);
export interface CertificateSigningRequestList extends Root<Infer<typeof CertificateSigningRequestList>, 'metadata'> {}
