import { type Infer, int32, list, of, oneOf, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { MatchCondition, RuleWithOperations, WebhookClientConfig } from '#api/admissionregistration/v1/common.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const MutatingWebhook = struct('admissionregistration.v1.MutatingWebhook', {
  admissionReviewVersions: req(8, list(string, 'atomic'), { emit: true }),
  clientConfig: req(
    2,
    of<WebhookClientConfig>(() => WebhookClientConfig),
    { emit: true },
  ),
  failurePolicy: opt(4, oneOf('Fail', 'Ignore'), { ptr: true }),
  matchConditions: opt(
    12,
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
    11,
    of<LabelSelector>(() => LabelSelector),
  ),
  reinvocationPolicy: opt(10, oneOf('IfNeeded', 'Never'), { ptr: true }),
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
export interface MutatingWebhook extends Infer<typeof MutatingWebhook> {}

export const MutatingWebhookConfiguration = struct(
  'admissionregistration.v1.MutatingWebhookConfiguration',
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
        of<MutatingWebhook>(() => MutatingWebhook),
        'map',
        'name',
      ),
      { patchStrategy: 'merge', patchMergeKey: 'name' },
    ),
  },
  { gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1', kind: 'MutatingWebhookConfiguration' }] },
);
export interface MutatingWebhookConfiguration extends Root<Infer<typeof MutatingWebhookConfiguration>, 'metadata'> {}

export const MutatingWebhookConfigurationList = struct(
  'admissionregistration.v1.MutatingWebhookConfigurationList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<MutatingWebhookConfiguration>(() => MutatingWebhookConfiguration)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'admissionregistration.k8s.io', version: 'v1', kind: 'MutatingWebhookConfigurationList' }] },
);
export interface MutatingWebhookConfigurationList extends Root<Infer<typeof MutatingWebhookConfigurationList>, 'metadata'> {}
