import { type Infer, int64, list, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const BoundObjectReference = struct('authentication.v1.BoundObjectReference', {
  apiVersion: opt(2, string),
  kind: opt(1, string),
  name: opt(3, string),
  uid: opt(4, string),
});
export interface BoundObjectReference extends Infer<typeof BoundObjectReference> {}

export const TokenRequestSpec = struct('authentication.v1.TokenRequestSpec', {
  audiences: req(1, list(string, 'atomic'), { emit: true }),
  boundObjectRef: opt(
    3,
    of<BoundObjectReference>(() => BoundObjectReference),
  ),
  expirationSeconds: opt(4, int64, { ptr: true }),
});
export interface TokenRequestSpec extends Infer<typeof TokenRequestSpec> {}

export const TokenRequestStatus = struct('authentication.v1.TokenRequestStatus', {
  expirationTimestamp: req(2, time, { emit: true }),
  token: req(1, string, { emit: true }),
});
export interface TokenRequestStatus extends Infer<typeof TokenRequestStatus> {}

export const TokenRequest = struct(
  'authentication.v1.TokenRequest',
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
      of<TokenRequestSpec>(() => TokenRequestSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<TokenRequestStatus>(() => TokenRequestStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }] },
);
export interface TokenRequest extends Root<Infer<typeof TokenRequest>, 'metadata' | 'spec' | 'status'> {}
