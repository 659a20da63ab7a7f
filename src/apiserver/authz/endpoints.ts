// The SubjectAccessReview family as endpoints.
import type { Struct } from '#api/dsl.ts';
import { LocalSubjectAccessReview } from '#api/authorization/v1/localsubjectaccessreview.ts';
import { SelfSubjectAccessReview } from '#api/authorization/v1/selfsubjectaccessreview.ts';
import { SelfSubjectRulesReview } from '#api/authorization/v1/selfsubjectrulesreview.ts';
import { SubjectAccessReview } from '#api/authorization/v1/subjectaccessreview.ts';
import type { SubjectAccessReviewSpec } from '#api/authorization/v1/common.ts';
import type { KubeObject } from '#api/object.ts';
import { badRequest, type FieldError, invalid } from '#api/status.ts';
import { decodeBody } from '../body.ts';
import type { Answer, Backend, Context } from '../chain.ts';
import { objectAnswer, type ResourceEndpoint } from '../endpoint.ts';
import { createRbac } from './rbac.ts';
import { reviewAccess, reviewRules, subjectOf, validateSubject, validateWhat } from './review.ts';

const group = 'authorization.k8s.io';

interface Review<S> extends KubeObject {
  readonly spec: S;
}

function decodeReview<S>(ctx: Context, struct: Struct, kind: string): Promise<Review<S>> {
  return decodeBody<Review<S>>(ctx, { struct, group, version: 'v1', kind });
}

function answer(kind: string, review: Review<unknown>, status: object): Answer {
  return objectAnswer({ kind, apiVersion: `${group}/v1`, metadata: review.metadata, spec: review.spec, status }, 201);
}

function refuse(kind: string, errors: readonly FieldError[]): void {
  if (errors.length) throw invalid({ group, kind }, '', errors);
}

async function subject(ctx: Context): Promise<Answer> {
  const kind = 'SubjectAccessReview';
  const review = await decodeReview<SubjectAccessReviewSpec>(ctx, SubjectAccessReview, kind);
  const spec = review.spec ?? {};
  refuse(kind, validateSubject(spec));
  return answer(kind, review, await reviewAccess(ctx.backend.authorizer, subjectOf(spec), spec));
}

async function localSubject(ctx: Context): Promise<Answer> {
  const kind = 'LocalSubjectAccessReview';
  const review = await decodeReview<SubjectAccessReviewSpec>(ctx, LocalSubjectAccessReview, kind);
  const spec = review.spec ?? {};
  const errors = validateSubject(spec);
  if (spec.nonResourceAttributes !== undefined) {
    errors.push({ type: 'Invalid value', field: 'spec.nonResourceAttributes', value: {}, detail: 'disallowed on this kind of request' });
  }
  refuse(kind, errors);
  const { namespace } = ctx.info;
  if (spec.resourceAttributes?.namespace !== namespace) {
    throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
  }
  return answer(kind, review, await reviewAccess(ctx.backend.authorizer, subjectOf(spec), spec));
}

async function self(ctx: Context): Promise<Answer> {
  const kind = 'SelfSubjectAccessReview';
  const review = await decodeReview<Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>>(
    ctx,
    SelfSubjectAccessReview,
    kind,
  );
  const spec = review.spec ?? {};
  refuse(kind, validateWhat(spec));
  return answer(kind, review, await reviewAccess(ctx.backend.authorizer, ctx.user, spec));
}

/** The endpoints. */
export function accessReviewEndpoints(backend: Backend): readonly ResourceEndpoint[] {
  const rbac = createRbac(backend);
  const rules = async (ctx: Context): Promise<Answer> => {
    const kind = 'SelfSubjectRulesReview';
    const review = await decodeReview<{ readonly namespace?: string }>(ctx, SelfSubjectRulesReview, kind);
    const namespace = review.spec?.namespace ?? '';
    if (namespace === '') throw badRequest('no namespace on request');
    return answer(kind, review, reviewRules(rbac, ctx.user, namespace));
  };
  const at = (resource: string, handle: ResourceEndpoint['handle']): ResourceEndpoint => ({ group, resource, subresource: '', handle });
  return [
    at('subjectaccessreviews', subject),
    at('localsubjectaccessreviews', localSubject),
    at('selfsubjectaccessreviews', self),
    at('selfsubjectrulesreviews', rules),
  ];
}
