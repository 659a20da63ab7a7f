import {
  bool,
  double,
  type Infer,
  int64,
  json,
  type Json,
  list,
  map,
  of,
  oneOf,
  opt,
  req,
  string,
  type Struct,
  struct,
  union,
} from '#api/dsl.ts';

export const ExternalDocumentation = struct('apiextensions.v1.ExternalDocumentation', {
  description: opt(1, string),
  url: opt(2, string),
});
export interface ExternalDocumentation extends Infer<typeof ExternalDocumentation> {}

export const ValidationRule = struct('apiextensions.v1.ValidationRule', {
  fieldPath: opt(5, string),
  message: opt(2, string),
  messageExpression: opt(3, string),
  optionalOldSelf: opt(6, bool, { ptr: true }),
  reason: opt(4, oneOf('FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'), { ptr: true }),
  rule: req(1, string, { emit: true }),
});
export interface ValidationRule extends Infer<typeof ValidationRule> {}

export const JSONSchemaProps = struct('apiextensions.v1.JSONSchemaProps', {
  $ref: opt(3, string, { ptr: true }),
  $schema: opt(2, string),
  additionalItems: opt(33, union<JSONSchemaProps | boolean>('schemaOrBool')),
  additionalProperties: opt(30, union<JSONSchemaProps | boolean>('schemaOrBool')),
  allOf: opt(
    25,
    list(
      of<JSONSchemaProps>((): Struct => JSONSchemaProps),
      'atomic',
    ),
  ),
  anyOf: opt(
    27,
    list(
      of<JSONSchemaProps>((): Struct => JSONSchemaProps),
      'atomic',
    ),
  ),
  default: opt(8, json),
  definitions: opt(34, map(of<JSONSchemaProps>((): Struct => JSONSchemaProps))),
  dependencies: opt(32, map(union<JSONSchemaProps | readonly string[]>('schemaOrStrings'))),
  description: opt(4, string),
  enum: opt(20, list(json, 'atomic')),
  example: opt(36, json),
  exclusiveMaximum: opt(10, bool),
  exclusiveMinimum: opt(12, bool),
  externalDocs: opt(
    35,
    of<ExternalDocumentation>(() => ExternalDocumentation),
  ),
  format: opt(6, string),
  id: opt(1, string),
  items: opt(24, union<JSONSchemaProps | readonly JSONSchemaProps[]>('schemaOrArray')),
  maxItems: opt(16, int64, { ptr: true }),
  maxLength: opt(13, int64, { ptr: true }),
  maxProperties: opt(21, int64, { ptr: true }),
  maximum: opt(9, double, { ptr: true }),
  minItems: opt(17, int64, { ptr: true }),
  minLength: opt(14, int64, { ptr: true }),
  minProperties: opt(22, int64, { ptr: true }),
  minimum: opt(11, double, { ptr: true }),
  multipleOf: opt(19, double, { ptr: true }),
  not: opt(
    28,
    of<JSONSchemaProps>((): Struct => JSONSchemaProps),
  ),
  nullable: opt(37, bool),
  oneOf: opt(
    26,
    list(
      of<JSONSchemaProps>((): Struct => JSONSchemaProps),
      'atomic',
    ),
  ),
  pattern: opt(15, string),
  patternProperties: opt(31, map(of<JSONSchemaProps>((): Struct => JSONSchemaProps))),
  properties: opt(29, map(of<JSONSchemaProps>((): Struct => JSONSchemaProps))),
  required: opt(23, list(string, 'atomic')),
  title: opt(7, string),
  type: opt(5, string),
  uniqueItems: opt(18, bool),
  'x-kubernetes-embedded-resource': opt(39, bool),
  'x-kubernetes-int-or-string': opt(40, bool),
  'x-kubernetes-list-map-keys': opt(41, list(string, 'atomic')),
  'x-kubernetes-list-type': opt(42, string, { ptr: true }),
  'x-kubernetes-map-type': opt(43, string, { ptr: true }),
  'x-kubernetes-preserve-unknown-fields': opt(38, bool, { ptr: true }),
  'x-kubernetes-validations': opt(
    44,
    list(
      of<ValidationRule>(() => ValidationRule),
      'map',
      'rule',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'rule' },
  ),
});
// Written out because it refers to itself: an inferred type would be circular.
export interface JSONSchemaProps {
  readonly $ref?: string;
  readonly $schema?: string;
  readonly additionalItems?: JSONSchemaProps | boolean;
  readonly additionalProperties?: JSONSchemaProps | boolean;
  readonly allOf?: readonly JSONSchemaProps[];
  readonly anyOf?: readonly JSONSchemaProps[];
  readonly default?: Json;
  readonly definitions?: { readonly [key: string]: JSONSchemaProps };
  readonly dependencies?: { readonly [key: string]: JSONSchemaProps | readonly string[] };
  readonly description?: string;
  readonly enum?: readonly Json[];
  readonly example?: Json;
  readonly exclusiveMaximum?: boolean;
  readonly exclusiveMinimum?: boolean;
  readonly externalDocs?: ExternalDocumentation;
  readonly format?: string;
  readonly id?: string;
  readonly items?: JSONSchemaProps | readonly JSONSchemaProps[];
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly maxProperties?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly minProperties?: number;
  readonly minimum?: number;
  readonly multipleOf?: number;
  readonly not?: JSONSchemaProps;
  readonly nullable?: boolean;
  readonly oneOf?: readonly JSONSchemaProps[];
  readonly pattern?: string;
  readonly patternProperties?: { readonly [key: string]: JSONSchemaProps };
  readonly properties?: { readonly [key: string]: JSONSchemaProps };
  readonly required?: readonly string[];
  readonly title?: string;
  readonly type?: string;
  readonly uniqueItems?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}
