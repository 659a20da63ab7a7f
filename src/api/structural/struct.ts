// A structural schema as a type of the DSL: what server-side apply and discovery of fields walk over.
import {
  bool,
  type CustomWalkers,
  double,
  type Field,
  type Fields,
  int64,
  intOrString,
  type Json,
  json,
  list,
  type ListType,
  map,
  of,
  opt,
  string,
  type Struct,
  type StructOptions,
  type TypeNode,
} from '#api/dsl.ts';
import { ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { isEmbedded, isIntOrString, itemsOf, preserves, type Schema } from './schema.ts';

interface Naming {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const typeMembers: Fields = {
  apiVersion: opt(0, string),
  kind: opt(0, string),
  metadata: opt(
    0,
    of<ObjectMeta>(() => ObjectMeta),
  ),
};

function fieldsOf(schema: Schema, name: string, resource: boolean): Fields {
  const members = Object.entries(schema.properties ?? {});
  const fields: Fields = Object.fromEntries(members.map(([key, property]) => [key, fieldOf(property, `${name}.${key}`)]));
  return resource ? { ...fields, ...typeMembers } : fields;
}

/** A struct whose fields are worked out when first asked for: most schemas are never walked whole. */
function lazyStruct(name: string, fields: () => Fields, options: StructOptions): Struct {
  let known: Fields | undefined;
  return {
    kind: 'struct',
    name,
    get fields() {
      return (known ??= fields());
    },
    options,
  };
}

function fieldOf(schema: Schema, name: string): Field {
  const isAtomic = schema['x-kubernetes-map-type'] === 'atomic';
  return {
    n: 0,
    ptr: true,
    type: typeOf(schema, name),
    ...(schema.default === undefined ? {} : { default: schema.default as Json }),
    ...(isAtomic ? { mapType: 'atomic' as const } : {}),
  };
}

function typeOf(schema: Schema, name: string): TypeNode {
  if (isIntOrString(schema)) return intOrString;
  switch (schema.type) {
    case 'string':
      return string;
    case 'integer':
      return int64;
    case 'number':
      return double;
    case 'boolean':
      return bool;
    case 'array':
      return listOf(schema, name);
    case 'object':
      return objectOf(schema, name);
    default:
      return json;
  }
}

function listOf(schema: Schema, name: string): TypeNode {
  const items = itemsOf(schema);
  if (!items) return json;
  const type = (schema['x-kubernetes-list-type'] ?? 'atomic') as ListType;
  return list(typeOf(items, name), type, ...(type === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : []));
}

function objectOf(schema: Schema, name: string): TypeNode {
  const { properties, additionalProperties } = schema;
  if (typeof additionalProperties === 'object') return map(typeOf(additionalProperties, name));
  if (additionalProperties === true) return map(json);
  const resource = isEmbedded(schema);
  if (!properties && !resource) return json;
  const options: StructOptions = {
    ...(preserves(schema) ? { open: true } : {}),
    ...(schema['x-kubernetes-map-type'] === 'atomic' ? { mapType: 'atomic' as const } : {}),
  };
  const struct = lazyStruct(name, () => fieldsOf(schema, name, resource), options);
  return of(() => struct);
}

/** The type of a custom resource's version. Its name is that of its OpenAPI definition: `com.example.stable.v1.CronTab`. */
export function customStruct(naming: Naming, schema: Schema, custom: CustomWalkers): Struct {
  const { group, version, kind } = naming;
  const name = `${group.split('.').reverse().join('.')}.${version}.${kind}`;
  return lazyStruct(name, () => fieldsOf(schema, name, true), {
    gvk: [{ group, version, kind }],
    custom,
    ...(preserves(schema) ? { open: true } : {}),
  });
}
