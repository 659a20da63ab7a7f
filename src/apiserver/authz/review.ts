// Access reviews: asking what somebody may do, without doing it.
import type { ResourceAttributes, SubjectAccessReviewSpec, SubjectAccessReviewStatus } from '#api/authorization/v1/common.ts';
import type { SubjectRulesReviewStatus } from '#api/authorization/v1/selfsubjectrulesreview.ts';
import type { FieldError } from '#api/status.ts';
import type { UserInfo } from '#client/transport.ts';
import type { Authorizer, AuthzAttributes } from '../chain.ts';
import { nodeOf } from './node.ts';
import type { Rbac } from './rbac.ts';

type What = Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>;

/** Errors of the part that says what is asked about. */
export function validateWhat(spec: What): FieldError[] {
  if (spec.resourceAttributes !== undefined && spec.nonResourceAttributes !== undefined) {
    return [
      {
        type: 'Invalid value',
        field: 'spec.nonResourceAttributes',
        value: spec.nonResourceAttributes,
        detail: 'cannot be specified in combination with resourceAttributes',
      },
    ];
  }
  if (spec.resourceAttributes === undefined && spec.nonResourceAttributes === undefined) {
    return [
      {
        type: 'Invalid value',
        field: 'spec.resourceAttributes',
        value: null,
        detail: 'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      },
    ];
  }
  return [];
}

/** Errors of a SubjectAccessReview's spec. */
export function validateSubject(spec: SubjectAccessReviewSpec): FieldError[] {
  const errors = validateWhat(spec);
  if (spec.user || spec.groups?.length) return errors;
  return [
    ...errors,
    { type: 'Invalid value', field: 'spec.user', value: spec.user ?? '', detail: 'at least one of user or group must be specified' },
  ];
}

/** The user that a SubjectAccessReview asks about. */
export function subjectOf(spec: SubjectAccessReviewSpec): UserInfo {
  return {
    name: spec.user ?? '',
    groups: spec.groups ?? [],
    ...(spec.uid ? { uid: spec.uid } : {}),
    ...(spec.extra ? { extra: spec.extra } : {}),
  };
}

function resourceAttributes(user: UserInfo, wanted: ResourceAttributes): AuthzAttributes {
  return {
    user,
    isResource: true,
    verb: wanted.verb ?? '',
    group: wanted.group ?? '',
    version: wanted.version ?? '',
    resource: wanted.resource ?? '',
    subresource: wanted.subresource ?? '',
    namespace: wanted.namespace ?? '',
    name: wanted.name ?? '',
    path: '',
    ...(wanted.fieldSelector?.rawSelector ? { fieldSelector: wanted.fieldSelector.rawSelector } : {}),
    ...(wanted.labelSelector?.rawSelector ? { labelSelector: wanted.labelSelector.rawSelector } : {}),
  };
}

/** What is asked about, as authorization sees it. */
export function attributesOf(user: UserInfo, spec: What): AuthzAttributes {
  if (spec.resourceAttributes !== undefined) return resourceAttributes(user, spec.resourceAttributes);
  const { path = '', verb = '' } = spec.nonResourceAttributes ?? {};
  return { user, verb, isResource: false, group: '', version: '', resource: '', subresource: '', namespace: '', name: '', path };
}

/** Asks the authorizer. */
export async function reviewAccess(authorizer: Authorizer, user: UserInfo, spec: What): Promise<SubjectAccessReviewStatus> {
  const { decision, reason } = await authorizer.authorize(attributesOf(user, spec));
  return { allowed: decision === 'allow', ...(decision === 'deny' ? { denied: true } : {}), ...(reason ? { reason } : {}) };
}

/** Everything that roles allow a user in a namespace. What a node's agent may do depends on what it asks for, too. */
export function reviewRules(rbac: Rbac, user: UserInfo, namespace: string): SubjectRulesReviewStatus {
  const isNode = nodeOf(user) !== undefined;
  const rules = [...rbac.rulesFor(user, namespace)].flatMap((source) => source.rules);
  return {
    resourceRules: rules
      .filter((rule) => rule.resources?.length)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        ...(apiGroups ? { apiGroups } : {}),
        ...(resources ? { resources } : {}),
        ...(resourceNames ? { resourceNames } : {}),
      })),
    nonResourceRules: rules
      .filter((rule) => rule.nonResourceURLs?.length)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, ...(nonResourceURLs ? { nonResourceURLs } : {}) })),
    incomplete: isNode,
    ...(isNode ? { evaluationError: 'node authorizer does not support user rule resolution' } : {}),
  };
}
