// Schemas of custom resources as OpenAPI publishes them. Version 2 knows less, and kubectl copes with less of it: see
// KEP-95 (publish CRD OpenAPI) for what must be left out there.
import type { OpenApiSchema, OpenApiVersion } from '#api/openapi.ts';
import { isKnownFormat } from '#api/structural/formats.ts';
import { additionalOf, isEmbedded, isIntOrString, itemsOf, preserves, type Schema } from '#api/structural/schema.ts';
import type { Gvk } from '../openapi/operations.ts';
import { typeProperties } from './listschema.ts';

/** Copied as they are. */
const plain = [
  'description',
  'title',
  'externalDocs',
  'default',
  'enum',
  'pattern',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
] as const;

class Publisher {
  readonly #form: OpenApiVersion;

  constructor(form: OpenApiVersion) {
    this.#form = form;
  }

  publish(schema: Schema): OpenApiSchema {
    const out: OpenApiSchema = {};
    for (const name of plain) if (schema[name] !== undefined) out[name] = schema[name];
    if (schema.format && isKnownFormat(schema.format)) out['format'] = schema.format;
    const required = this.#required(schema);
    if (required.length > 0) out['required'] = required;
    this.#shape(schema, out);
    if (this.#form === 'v3') this.#logic(schema, out);
    if (isEmbedded(schema) && !(this.#form === 'v2' && preserves(schema))) this.#embed(out);
    return out;
  }

  /** kubectl takes an absent value for a missing one, so that nullable members are not required in v2. */
  #required(schema: Schema): readonly string[] {
    const names = schema.required ?? [];
    if (this.#form === 'v3') return names;
    if (additionalOf(schema)?.nullable) return [];
    return names.filter((name) => schema.properties?.[name]?.nullable !== true);
  }

  #shape(schema: Schema, out: OpenApiSchema): void {
    const v2 = this.#form === 'v2';
    const opaque = v2 && (schema.nullable === true || preserves(schema));
    const items = opaque ? undefined : itemsOf(schema);
    const untyped =
      v2 && (schema.nullable === true || (schema.type === 'array' && !items) || (schema.type === 'object' && preserves(schema)));
    if (schema.type && !untyped) out['type'] = schema.type;
    if (!v2 && schema.nullable === true) out['nullable'] = true;
    if (items) out['items'] = this.publish(items);
    if (schema.properties && !opaque) out['properties'] = this.#members(schema.properties);
    const { additionalProperties } = schema;
    if (typeof additionalProperties === 'object') out['additionalProperties'] = this.publish(additionalProperties);
    else if (additionalProperties !== undefined) out['additionalProperties'] = additionalProperties;
  }

  #members(properties: Readonly<Record<string, Schema>>): Record<string, OpenApiSchema> {
    return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, this.publish(property)]));
  }

  #logic(schema: Schema, out: OpenApiSchema): void {
    for (const name of ['allOf', 'anyOf', 'oneOf'] as const) {
      const parts = schema[name];
      if (parts?.length) out[name] = parts.map((part) => this.publish(part));
    }
    if (schema.not) out['not'] = this.publish(schema.not);
    if (isIntOrString(schema) && !schema.anyOf?.length && !schema.allOf?.length) out['anyOf'] = [{ type: 'integer' }, { type: 'string' }];
  }

  #embed(out: OpenApiSchema): void {
    const required = (out['required'] ?? []) as readonly string[];
    out['properties'] = { ...(out['properties'] as object | undefined), ...typeProperties(this.#form) };
    out['required'] = [...required, ...['kind', 'apiVersion'].filter((name) => !required.includes(name))];
  }
}

/** A version's kind, and the paths that field selectors may use. */
export interface Published extends Gvk {
  readonly selectable: readonly string[];
}

/** The definition of a version's kind. */
export function customSchema(schema: Schema, { group, version, kind, selectable }: Published, form: OpenApiVersion): OpenApiSchema {
  const type = {
    'x-kubernetes-group-version-kind': [{ group, kind, version }],
    ...(selectable.length > 0 ? { 'x-kubernetes-selectable-fields': selectable.map((fieldPath) => ({ fieldPath })) } : {}),
  };
  // A kind that takes everything says nothing in v2: kubectl would refuse whatever is not named.
  if (form === 'v2' && preserves(schema)) return { type: 'object', ...type };
  const published = new Publisher(form).publish(schema);
  const properties = { ...(published['properties'] as object | undefined), ...typeProperties(form) };
  return { ...published, properties, ...type };
}
