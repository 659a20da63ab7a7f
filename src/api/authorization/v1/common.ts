import { bool, type Infer, list, map, of, opt, req, string, struct } from '#api/dsl.ts';
import { FieldSelectorRequirement, LabelSelectorRequirement } from '#api/meta/v1/selector.ts';

export const FieldSelectorAttributes = struct('authorization.v1.FieldSelectorAttributes', {
  rawSelector: opt(1, string),
  requirements: opt(
    2,
    list(
      of<FieldSelectorRequirement>(() => FieldSelectorRequirement),
      'atomic',
    ),
  ),
});
export interface FieldSelectorAttributes extends Infer<typeof FieldSelectorAttributes> {}

export const LabelSelectorAttributes = struct('authorization.v1.LabelSelectorAttributes', {
  rawSelector: opt(1, string),
  requirements: opt(
    2,
    list(
      of<LabelSelectorRequirement>(() => LabelSelectorRequirement),
      'atomic',
    ),
  ),
});
export interface LabelSelectorAttributes extends Infer<typeof LabelSelectorAttributes> {}

export const NonResourceAttributes = struct('authorization.v1.NonResourceAttributes', {
  path: opt(1, string),
  verb: opt(2, string),
});
export interface NonResourceAttributes extends Infer<typeof NonResourceAttributes> {}

export const ResourceAttributes = struct('authorization.v1.ResourceAttributes', {
  fieldSelector: opt(
    8,
    of<FieldSelectorAttributes>(() => FieldSelectorAttributes),
  ),
  group: opt(3, string),
  labelSelector: opt(
    9,
    of<LabelSelectorAttributes>(() => LabelSelectorAttributes),
  ),
  name: opt(7, string),
  namespace: opt(1, string),
  resource: opt(5, string),
  subresource: opt(6, string),
  verb: opt(2, string),
  version: opt(4, string),
});
export interface ResourceAttributes extends Infer<typeof ResourceAttributes> {}

export const SubjectAccessReviewSpec = struct('authorization.v1.SubjectAccessReviewSpec', {
  extra: opt(5, map(list(string))),
  groups: opt(4, list(string, 'atomic')),
  nonResourceAttributes: opt(
    2,
    of<NonResourceAttributes>(() => NonResourceAttributes),
  ),
  resourceAttributes: opt(
    1,
    of<ResourceAttributes>(() => ResourceAttributes),
  ),
  uid: opt(6, string),
  user: opt(3, string),
});
export interface SubjectAccessReviewSpec extends Infer<typeof SubjectAccessReviewSpec> {}

export const SubjectAccessReviewStatus = struct('authorization.v1.SubjectAccessReviewStatus', {
  allowed: req(1, bool, { emit: true }),
  denied: opt(4, bool),
  evaluationError: opt(3, string),
  reason: opt(2, string),
});
export interface SubjectAccessReviewStatus extends Infer<typeof SubjectAccessReviewStatus> {}
