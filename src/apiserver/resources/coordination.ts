import { Lease } from '#api/coordination/v1/lease.ts';
import { LeaseCandidate as LeaseCandidateV1alpha2 } from '#api/coordination/v1alpha2/leasecandidate.ts';
import { LeaseCandidate as LeaseCandidateV1beta1 } from '#api/coordination/v1beta1/leasecandidate.ts';
import { all, type ResourceRow, row } from './row.ts';

export const coordinationRows: readonly ResourceRow[] = [
  row({
    group: 'coordination.k8s.io',
    version: 'v1',
    resource: 'leases',
    kind: 'Lease',
    singular: 'lease',
    namespaced: true,
    verbs: all,
    struct: Lease,
    storageVersionHash: 'gqkMMb/YqFM=',
    fieldSelectors: ['metadata.name', 'metadata.namespace'],
    createOnUpdate: true,
    unconditionalUpdate: false,
  }),
  row({
    group: 'coordination.k8s.io',
    version: 'v1beta1',
    resource: 'leasecandidates',
    kind: 'LeaseCandidate',
    singular: 'leasecandidate',
    namespaced: true,
    verbs: all,
    stage: 'beta',
    struct: LeaseCandidateV1beta1,
    storageVersionHash: 'lvME0iHWE20=',
    fieldSelectors: ['metadata.name', 'metadata.namespace'],
    createOnUpdate: true,
    unconditionalUpdate: false,
  }),
  row({
    group: 'coordination.k8s.io',
    version: 'v1alpha2',
    resource: 'leasecandidates',
    kind: 'LeaseCandidate',
    singular: 'leasecandidate',
    namespaced: true,
    verbs: all,
    stage: 'alpha',
    struct: LeaseCandidateV1alpha2,
    storageVersionHash: 'lvME0iHWE20=',
    fieldSelectors: ['metadata.name', 'metadata.namespace'],
    createOnUpdate: true,
    unconditionalUpdate: false,
  }),
];
