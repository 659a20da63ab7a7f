import { bool, bytes, type Infer, int32, int64, list, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { JSONSchemaProps } from '#api/apiextensions/v1/jsonschema.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const CustomResourceColumnDefinition = struct('apiextensions.v1.CustomResourceColumnDefinition', {
  description: opt(4, string),
  format: opt(3, string),
  jsonPath: req(6, string, { emit: true }),
  name: req(1, string, { emit: true }),
  priority: opt(5, int32),
  type: req(2, string, { emit: true }),
});
export interface CustomResourceColumnDefinition extends Infer<typeof CustomResourceColumnDefinition> {}

export const ServiceReference = struct('apiextensions.v1.ServiceReference', {
  name: req(2, string, { emit: true }),
  namespace: req(1, string, { emit: true }),
  path: opt(3, string, { ptr: true }),
  port: opt(4, int32, { ptr: true }),
});
export interface ServiceReference extends Infer<typeof ServiceReference> {}

export const WebhookClientConfig = struct('apiextensions.v1.WebhookClientConfig', {
  caBundle: opt(2, bytes),
  service: opt(
    1,
    of<ServiceReference>(() => ServiceReference),
  ),
  url: opt(3, string, { ptr: true }),
});
export interface WebhookClientConfig extends Infer<typeof WebhookClientConfig> {}

export const WebhookConversion = struct('apiextensions.v1.WebhookConversion', {
  clientConfig: opt(
    2,
    of<WebhookClientConfig>(() => WebhookClientConfig),
  ),
  conversionReviewVersions: req(3, list(string, 'atomic'), { emit: true }),
});
export interface WebhookConversion extends Infer<typeof WebhookConversion> {}

export const CustomResourceConversion = struct('apiextensions.v1.CustomResourceConversion', {
  strategy: req(1, string, { emit: true }),
  webhook: opt(
    2,
    of<WebhookConversion>(() => WebhookConversion),
  ),
});
export interface CustomResourceConversion extends Infer<typeof CustomResourceConversion> {}

export const CustomResourceDefinitionNames = struct('apiextensions.v1.CustomResourceDefinitionNames', {
  categories: opt(6, list(string, 'atomic')),
  kind: req(4, string, { emit: true }),
  listKind: opt(5, string),
  plural: req(1, string, { emit: true }),
  shortNames: opt(3, list(string, 'atomic')),
  singular: opt(2, string),
});
export interface CustomResourceDefinitionNames extends Infer<typeof CustomResourceDefinitionNames> {}

export const CustomResourceSubresourceScale = struct('apiextensions.v1.CustomResourceSubresourceScale', {
  labelSelectorPath: opt(3, string, { ptr: true }),
  specReplicasPath: req(1, string, { emit: true }),
  statusReplicasPath: req(2, string, { emit: true }),
});
export interface CustomResourceSubresourceScale extends Infer<typeof CustomResourceSubresourceScale> {}

export const CustomResourceSubresourceStatus = struct('apiextensions.v1.CustomResourceSubresourceStatus', {});
export type CustomResourceSubresourceStatus = Readonly<Record<string, never>>;

export const CustomResourceSubresources = struct('apiextensions.v1.CustomResourceSubresources', {
  scale: opt(
    2,
    of<CustomResourceSubresourceScale>(() => CustomResourceSubresourceScale),
  ),
  status: opt(
    1,
    of<CustomResourceSubresourceStatus>(() => CustomResourceSubresourceStatus),
    { ptr: true },
  ),
});
export interface CustomResourceSubresources extends Infer<typeof CustomResourceSubresources> {}

export const CustomResourceValidation = struct('apiextensions.v1.CustomResourceValidation', {
  openAPIV3Schema: opt(
    1,
    of<JSONSchemaProps>(() => JSONSchemaProps),
  ),
});
export interface CustomResourceValidation extends Infer<typeof CustomResourceValidation> {}

export const SelectableField = struct('apiextensions.v1.SelectableField', {
  jsonPath: req(1, string, { emit: true }),
});
export interface SelectableField extends Infer<typeof SelectableField> {}

export const CustomResourceDefinitionVersion = struct('apiextensions.v1.CustomResourceDefinitionVersion', {
  additionalPrinterColumns: opt(
    6,
    list(
      of<CustomResourceColumnDefinition>(() => CustomResourceColumnDefinition),
      'atomic',
    ),
  ),
  deprecated: opt(7, bool),
  deprecationWarning: opt(8, string, { ptr: true }),
  name: req(1, string, { emit: true }),
  schema: opt(
    4,
    of<CustomResourceValidation>(() => CustomResourceValidation),
  ),
  selectableFields: opt(
    9,
    list(
      of<SelectableField>(() => SelectableField),
      'atomic',
    ),
  ),
  served: req(2, bool, { emit: true }),
  storage: req(3, bool, { emit: true }),
  subresources: opt(
    5,
    of<CustomResourceSubresources>(() => CustomResourceSubresources),
  ),
});
export interface CustomResourceDefinitionVersion extends Infer<typeof CustomResourceDefinitionVersion> {}

export const CustomResourceDefinitionSpec = struct('apiextensions.v1.CustomResourceDefinitionSpec', {
  conversion: opt(
    9,
    of<CustomResourceConversion>(() => CustomResourceConversion),
  ),
  group: req(1, string, { emit: true }),
  names: req(
    3,
    of<CustomResourceDefinitionNames>(() => CustomResourceDefinitionNames),
    { emit: true },
  ),
  preserveUnknownFields: opt(10, bool),
  scope: req(4, string, { emit: true }),
  versions: req(
    7,
    list(
      of<CustomResourceDefinitionVersion>(() => CustomResourceDefinitionVersion),
      'atomic',
    ),
    { emit: true },
  ),
});
export interface CustomResourceDefinitionSpec extends Infer<typeof CustomResourceDefinitionSpec> {}

export const CustomResourceDefinitionCondition = struct('apiextensions.v1.CustomResourceDefinitionCondition', {
  lastTransitionTime: opt(3, time, { emit: true }),
  message: opt(5, string),
  observedGeneration: opt(6, int64),
  reason: opt(4, string),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface CustomResourceDefinitionCondition extends Infer<typeof CustomResourceDefinitionCondition> {}

export const CustomResourceDefinitionStatus = struct('apiextensions.v1.CustomResourceDefinitionStatus', {
  acceptedNames: opt(
    2,
    of<CustomResourceDefinitionNames>(() => CustomResourceDefinitionNames),
    { emit: true },
  ),
  conditions: opt(
    1,
    list(
      of<CustomResourceDefinitionCondition>(() => CustomResourceDefinitionCondition),
      'map',
      'type',
    ),
    { emit: true },
  ),
  observedGeneration: opt(4, int64),
  storedVersions: opt(3, list(string, 'atomic'), { emit: true }),
});
export interface CustomResourceDefinitionStatus extends Infer<typeof CustomResourceDefinitionStatus> {}

export const CustomResourceDefinition = struct(
  'apiextensions.v1.CustomResourceDefinition',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    spec: req(
      2,
      of<CustomResourceDefinitionSpec>(() => CustomResourceDefinitionSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<CustomResourceDefinitionStatus>(() => CustomResourceDefinitionStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' }] },
);
export interface CustomResourceDefinition extends Root<Infer<typeof CustomResourceDefinition>, 'metadata' | 'spec' | 'status'> {}

export const CustomResourceDefinitionList = struct(
  'apiextensions.v1.CustomResourceDefinitionList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<CustomResourceDefinition>(() => CustomResourceDefinition)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinitionList' }] },
);
export interface CustomResourceDefinitionList extends Root<Infer<typeof CustomResourceDefinitionList>, 'metadata'> {}
