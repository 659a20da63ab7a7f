import { type Infer, list, microTime, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const LeaseCandidateSpec = struct('coordination.v1alpha2.LeaseCandidateSpec', {
  binaryVersion: req(4, string, { emit: true }),
  emulationVersion: opt(5, string),
  leaseName: req(1, string, { emit: true }),
  pingTime: opt(2, microTime),
  renewTime: opt(3, microTime),
  strategy: req(6, string),
});
export interface LeaseCandidateSpec extends Infer<typeof LeaseCandidateSpec> {}

export const LeaseCandidate = struct(
  'coordination.v1alpha2.LeaseCandidate',
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
      of<LeaseCandidateSpec>(() => LeaseCandidateSpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'coordination.k8s.io', version: 'v1alpha2', kind: 'LeaseCandidate' }] },
);
export interface LeaseCandidate extends Root<Infer<typeof LeaseCandidate>, 'metadata' | 'spec'> {}

export const LeaseCandidateList = struct(
  'coordination.v1alpha2.LeaseCandidateList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<LeaseCandidate>(() => LeaseCandidate)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'coordination.k8s.io', version: 'v1alpha2', kind: 'LeaseCandidateList' }] },
);
export interface LeaseCandidateList extends Root<Infer<typeof LeaseCandidateList>, 'metadata'> {}
