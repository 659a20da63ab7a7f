import { bool, type Infer, int64, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const TokenRequest = struct('storage.v1.TokenRequest', {
  audience: req(1, string, { emit: true }),
  expirationSeconds: opt(2, int64, { ptr: true }),
});
export interface TokenRequest extends Infer<typeof TokenRequest> {}

export const CSIDriverSpec = struct('storage.v1.CSIDriverSpec', {
  attachRequired: opt(1, bool, { ptr: true }),
  fsGroupPolicy: opt(5, string, { ptr: true }),
  nodeAllocatableUpdatePeriodSeconds: opt(9, int64, { ptr: true }),
  podInfoOnMount: opt(2, bool, { ptr: true }),
  requiresRepublish: opt(7, bool, { ptr: true }),
  seLinuxMount: opt(8, bool, { ptr: true }),
  serviceAccountTokenInSecrets: opt(10, bool, { ptr: true }),
  storageCapacity: opt(4, bool, { ptr: true }),
  tokenRequests: opt(
    6,
    list(
      of<TokenRequest>(() => TokenRequest),
      'atomic',
    ),
  ),
  volumeLifecycleModes: opt(3, list(string, 'set')),
});
export interface CSIDriverSpec extends Infer<typeof CSIDriverSpec> {}

export const CSIDriver = struct(
  'storage.v1.CSIDriver',
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
      of<CSIDriverSpec>(() => CSIDriverSpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'CSIDriver' }] },
);
export interface CSIDriver extends Root<Infer<typeof CSIDriver>, 'metadata' | 'spec'> {}

export const CSIDriverList = struct(
  'storage.v1.CSIDriverList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<CSIDriver>(() => CSIDriver)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'CSIDriverList' }] },
);
export interface CSIDriverList extends Root<Infer<typeof CSIDriverList>, 'metadata'> {}
