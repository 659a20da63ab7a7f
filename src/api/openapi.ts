// OpenAPI schemas of structs: v2 definitions and v3 component schemas, with Kubernetes' extensions and full upstream names.
import type { Field, Json, ListTypeNode, MapTypeNode, RefType, ScalarType, Struct, TypeNode } from './dsl.ts';

/** Which document the schema is for; they differ in references, defaults and unions. */
export type OpenApiVersion = 'v2' | 'v3';

/** A JSON-schema object as OpenAPI holds it. */
export type OpenApiSchema = Record<string, unknown>;

const prefixes: readonly (readonly [string, string])[] = [
  ['meta.', 'io.k8s.apimachinery.pkg.apis.'],
  ['intstr.', 'io.k8s.apimachinery.pkg.util.'],
  ['quantity.', 'io.k8s.apimachinery.pkg.api.resource.'],
  ['runtime.', 'io.k8s.apimachinery.pkg.'],
  ['version.', 'io.k8s.apimachinery.pkg.'],
  ['apiextensions.', 'io.k8s.apiextensions-apiserver.pkg.apis.'],
  ['apiregistration.', 'io.k8s.kube-aggregator.pkg.apis.'],
  ['metrics.', 'io.k8s.metrics.pkg.apis.'],
];

/** `core.v1.Pod` is `io.k8s.api.core.v1.Pod` in OpenAPI. */
export function openApiName(shortName: string): string {
  if (shortName.startsWith('quantity.')) return `io.k8s.apimachinery.pkg.api.resource.${shortName.slice('quantity.'.length)}`;
  const prefix = prefixes.find(([start]) => shortName.startsWith(start));
  return `${prefix?.[1] ?? 'io.k8s.api.'}${shortName}`;
}

const specialNames: Readonly<Record<string, string>> = {
  time: 'meta.v1.Time',
  microTime: 'meta.v1.MicroTime',
  duration: 'meta.v1.Duration',
  quantity: 'quantity.Quantity',
  intOrString: 'intstr.IntOrString',
  fieldsV1: 'meta.v1.FieldsV1',
  raw: 'runtime.RawExtension',
  json: 'apiextensions.v1.JSON',
  schemaOrBool: 'apiextensions.v1.JSONSchemaPropsOrBool',
  schemaOrArray: 'apiextensions.v1.JSONSchemaPropsOrArray',
  schemaOrStrings: 'apiextensions.v1.JSONSchemaPropsOrStringArray',
};

/** The short name of the definition that a special scalar has of its own; undefined for plain scalars. */
export function specialName(type: TypeNode): string | undefined {
  return specialNames[type.kind];
}

const scalarSchemas: Readonly<Record<string, OpenApiSchema>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
};

/** The definition of a special type, by short name. */
export function specialSchema(shortName: string, version: OpenApiVersion): OpenApiSchema {
  switch (shortName) {
    case 'meta.v1.Time':
    case 'meta.v1.MicroTime':
      return { type: 'string', format: 'date-time' };
    case 'meta.v1.Duration':
      return { type: 'string' };
    case 'quantity.Quantity':
      return version === 'v2' ? { type: 'string' } : { oneOf: [{ type: 'string' }, { type: 'number' }] };
    case 'intstr.IntOrString':
      return version === 'v2'
        ? { type: 'string', format: 'int-or-string' }
        : { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] };
    case 'meta.v1.FieldsV1':
    case 'meta.v1.Patch':
    case 'runtime.RawExtension':
      return { type: 'object' };
    default:
      return {};
  }
}

function reference(shortName: string, version: OpenApiVersion): OpenApiSchema {
  const name = openApiName(shortName);
  return { $ref: version === 'v2' ? `#/definitions/${name}` : `#/components/schemas/${name}` };
}

function typeSchema(type: TypeNode, version: OpenApiVersion): OpenApiSchema {
  if (type.kind === 'list') {
    const list = type as ListTypeNode;
    return {
      type: 'array',
      items: itemSchema(list.item, version),
      ...(list.listKeys ? { 'x-kubernetes-list-map-keys': [...list.listKeys] } : {}),
      ...(list.listType ? { 'x-kubernetes-list-type': list.listType } : {}),
    };
  }
  if (type.kind === 'map') return { type: 'object', additionalProperties: itemSchema((type as MapTypeNode).value, version) };
  if (type.kind === 'ref') return reference((type as RefType).struct().name, version);
  const special = specialNames[type.kind];
  if (special) return reference(special, version);
  const values = (type as ScalarType).enum;
  return { ...scalarSchemas[type.kind], ...(values ? { enum: [...values] } : {}) };
}

const zeroOf: Readonly<Record<string, Json>> = { string: '', bool: false, int32: 0, int64: 0, double: 0 };

/** Items say their zero value in v3, as Kubernetes' generator does. */
function itemSchema(type: TypeNode, version: OpenApiVersion): OpenApiSchema {
  const schema = typeSchema(type, version);
  if (version === 'v2') return schema;
  if (type.kind === 'ref') return { allOf: [schema], default: {} };
  const zero = zeroOf[type.kind];
  return zero === undefined || '$ref' in schema ? schema : { ...schema, default: zero };
}

/** What a field that is always written holds when nobody gave it: Kubernetes' generator calls it the default, in v3. */
export function zeroOfField(field: Field): Json | undefined {
  if (!field.emit || field.ptr) return undefined;
  return field.type.kind === 'ref' ? {} : zeroOf[field.type.kind];
}

/** The schema of one field, with what is said about it at this place. */
export function fieldSchema(field: Field, version: OpenApiVersion): OpenApiSchema {
  const schema = typeSchema(field.type, version);
  const extras: OpenApiSchema = {
    ...(field.listType ? { 'x-kubernetes-list-type': field.listType } : {}),
    ...(field.mapType ? { 'x-kubernetes-map-type': field.mapType } : {}),
    ...(field.patchMergeKey ? { 'x-kubernetes-patch-merge-key': field.patchMergeKey } : {}),
    ...(field.patchStrategy ? { 'x-kubernetes-patch-strategy': field.patchStrategy } : {}),
  };
  const preset = field.default ?? (version === 'v3' ? zeroOfField(field) : undefined);
  if (preset !== undefined) extras['default'] = preset;
  if (Object.keys(extras).length === 0) return schema;
  return version === 'v3' && '$ref' in schema ? { allOf: [schema], ...extras } : { ...schema, ...extras };
}

/** The schema of a struct: a v2 definition or a v3 component schema. */
export function openApiSchema(struct: Struct, version: OpenApiVersion): OpenApiSchema {
  const entries = Object.entries(struct.fields);
  const required = entries.filter(([, field]) => field.required).map(([name]) => name);
  const { gvk, mapType, union } = struct.options;
  return {
    type: 'object',
    ...(required.length ? { required } : {}),
    ...(entries.length ? { properties: Object.fromEntries(entries.map(([name, field]) => [name, fieldSchema(field, version)])) } : {}),
    ...(gvk ? { 'x-kubernetes-group-version-kind': gvk.map(({ group, kind, version: v }) => ({ group, kind, version: v })) } : {}),
    ...(mapType ? { 'x-kubernetes-map-type': mapType } : {}),
    ...(union ? { 'x-kubernetes-unions': [{ discriminator: union.discriminator, 'fields-to-discriminateBy': { ...union.fields } }] } : {}),
  };
}

function neighbours(struct: Struct): { structs: Struct[]; specials: string[] } {
  const structs: Struct[] = [];
  const specials: string[] = [];
  const look = (type: TypeNode): void => {
    if (type.kind === 'list') look((type as ListTypeNode).item);
    else if (type.kind === 'map') look((type as MapTypeNode).value);
    else if (type.kind === 'ref') structs.push((type as RefType).struct());
    else {
      const special = specialNames[type.kind];
      if (special) specials.push(special);
    }
  };
  for (const field of Object.values(struct.fields)) look(field.type);
  return { structs, specials };
}

/** The schemas of the given structs and of everything they refer to, by full name, sorted. */
export function openApiSchemas(roots: Iterable<Struct>, version: OpenApiVersion): Record<string, OpenApiSchema> {
  const found = new Map<string, OpenApiSchema>();
  const waiting = [...roots];
  const seen = new Set<Struct>(waiting);
  for (let struct = waiting.pop(); struct !== undefined; struct = waiting.pop()) {
    found.set(openApiName(struct.name), openApiSchema(struct, version));
    const next = neighbours(struct);
    for (const special of next.specials) found.set(openApiName(special), specialSchema(special, version));
    for (const neighbour of next.structs) {
      if (seen.has(neighbour)) continue;
      seen.add(neighbour);
      waiting.push(neighbour);
    }
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
