import { LocalSubjectAccessReview } from '#api/authorization/v1/localsubjectaccessreview.ts';
import { SelfSubjectAccessReview } from '#api/authorization/v1/selfsubjectaccessreview.ts';
import { SelfSubjectRulesReview } from '#api/authorization/v1/selfsubjectrulesreview.ts';
import { SubjectAccessReview } from '#api/authorization/v1/subjectaccessreview.ts';
import { type ResourceRow, row } from './row.ts';

export const authorizationRows: readonly ResourceRow[] = [
  row({
    group: 'authorization.k8s.io',
    version: 'v1',
    resource: 'localsubjectaccessreviews',
    kind: 'LocalSubjectAccessReview',
    singular: 'localsubjectaccessreview',
    namespaced: true,
    verbs: ['create'],
    struct: LocalSubjectAccessReview,
  }),
  row({
    group: 'authorization.k8s.io',
    version: 'v1',
    resource: 'selfsubjectaccessreviews',
    kind: 'SelfSubjectAccessReview',
    singular: 'selfsubjectaccessreview',
    namespaced: false,
    verbs: ['create'],
    struct: SelfSubjectAccessReview,
  }),
  row({
    group: 'authorization.k8s.io',
    version: 'v1',
    resource: 'selfsubjectrulesreviews',
    kind: 'SelfSubjectRulesReview',
    singular: 'selfsubjectrulesreview',
    namespaced: false,
    verbs: ['create'],
    struct: SelfSubjectRulesReview,
  }),
  row({
    group: 'authorization.k8s.io',
    version: 'v1',
    resource: 'subjectaccessreviews',
    kind: 'SubjectAccessReview',
    singular: 'subjectaccessreview',
    namespaced: false,
    verbs: ['create'],
    struct: SubjectAccessReview,
  }),
];
