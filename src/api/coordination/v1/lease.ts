import { type Infer, int32, list, microTime, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const LeaseSpec = struct('coordination.v1.LeaseSpec', {
  acquireTime: opt(3, microTime),
  holderIdentity: opt(1, string, { ptr: true }),
  leaseDurationSeconds: opt(2, int32, { ptr: true }),
  leaseTransitions: opt(5, int32, { ptr: true }),
  preferredHolder: opt(7, string, { ptr: true }),
  renewTime: opt(4, microTime),
  strategy: opt(6, string, { ptr: true }),
});
export interface LeaseSpec extends Infer<typeof LeaseSpec> {}

export const Lease = struct(
  'coordination.v1.Lease',
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
      of<LeaseSpec>(() => LeaseSpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'coordination.k8s.io', version: 'v1', kind: 'Lease' }] },
);
export interface Lease extends Root<Infer<typeof Lease>, 'metadata' | 'spec'> {}

export const LeaseList = struct(
  'coordination.v1.LeaseList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<Lease>(() => Lease)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'coordination.k8s.io', version: 'v1', kind: 'LeaseList' }] },
);
export interface LeaseList extends Root<Infer<typeof LeaseList>, 'metadata'> {}
