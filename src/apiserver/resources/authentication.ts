import { SelfSubjectReview } from '#api/authentication/v1/selfsubjectreview.ts';
import { TokenReview } from '#api/authentication/v1/tokenreview.ts';
import { type ResourceRow, row } from './row.ts';

export const authenticationRows: readonly ResourceRow[] = [
  row({
    group: 'authentication.k8s.io',
    version: 'v1',
    resource: 'selfsubjectreviews',
    kind: 'SelfSubjectReview',
    singular: 'selfsubjectreview',
    namespaced: false,
    verbs: ['create'],
    struct: SelfSubjectReview,
  }),
  row({
    group: 'authentication.k8s.io',
    version: 'v1',
    resource: 'tokenreviews',
    kind: 'TokenReview',
    singular: 'tokenreview',
    namespaced: false,
    verbs: ['create'],
    struct: TokenReview,
  }),
];
