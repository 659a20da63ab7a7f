import { type Infer, int32, list, of, oneOf, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { MatchCondition, RuleWithOperations, WebhookClientConfig } from '#api/admissionregistration/v1/common.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const ValidatingWebhook = struct('admissionregistration.v1.ValidatingWebhook', {
  admissionReviewVersions: req(8, list(string, 'atomic'), { emit: true }),
  clientConfig: req(
    2,
    of<WebhookClientConfig>(() => WebhookClientConfig),
    { emit: true },
  ),
  failurePolicy: opt(4, oneOf('Fail', 'Ignore'), { ptr: true }),
  matchConditions: opt(
    11,
    list(
      of<MatchCondition>(() => MatchCondition),
      'map',
      'name',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'name' },
  ),
  matchPolicy: opt(9, oneOf('Equivalent', 'Exact'), { ptr: true }),
  name: req(1, string, { emit: true }),
  namespaceSelector: opt(
    5,
    of<LabelSelector>(() => LabelSelector),
  ),
  objectSelector: opt(
    10,
    of<LabelSelector>(() => LabelSelector),
  ),
  rules: opt(
    3,
    list(
      of<RuleWithOperations>(() => RuleWithOperations),
      'atomic',
    ),
  ),
  sideEffects: req(6, oneOf('None', 'NoneOnDryRun', 'Some', 'Unknown'), { ptr: true }),
  timeoutSeconds: opt(7, int32, { ptr: true }),
});
export interface ValidatingWebhook extends Infer<typeof ValidatingWebhook> {}

export const ValidatingWebhookConfiguration = struct(
  'admissionregistration.v1.ValidatingWebhookConfiguration',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    webhooks: opt(
      2,
      list(
        of<ValidatingWebhook>(() => ValidatingWebhook),
        'map',
        'name',
      ),
      { patchStrategy: 'merge', patchMergeKey: 'name' },
    ),
  },
  { gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1', kind: 'ValidatingWebhookConfiguration' }] },
);
export interface ValidatingWebhookConfiguration extends Root<Infer<typeof ValidatingWebhookConfiguration>, 'metadata'> {}

export const ValidatingWebhookConfigurationList = struct(
  'admissionregistration.v1.ValidatingWebhookConfigurationList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ValidatingWebhookConfiguration>(() => ValidatingWebhookConfiguration)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1', kind: 'ValidatingWebhookConfigurationList' }] },
);
export interface ValidatingWebhookConfigurationList extends Root<Infer<typeof ValidatingWebhookConfigurationList>, 'metadata'> {}
