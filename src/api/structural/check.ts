// Validation of the schemas inside CustomResourceDefinitions: what Kubernetes allows in them, and that they are structural.
import { type FieldError, forbiddenField, invalid, required } from '#api/fielderror.ts';
import { messageOf } from '#base/errors.ts';
import { isObject } from '#format/own.ts';
import { goQuote } from '#format/goquote.ts';
import { compilePattern } from '#format/regexp.ts';
import { checkDefaults } from './checkdefaults.ts';
import { checkStructure } from './checkstructure.ts';
import { additionalOf, isEmbedded, itemsOf, propertyOf, resourceMembers, type Schema } from './schema.ts';

/** How deep schemas may nest. */
const maxDepth = 64;
const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const notOffered = ['id', 'patternProperties', 'definitions', 'dependencies', '$ref', 'additionalItems'] as const;
/** What may stand at the root beside a status of its own, in the words of the Go type. */
const atRoot =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations';
const notAtRoot = [
  'default',
  'enum',
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'additionalProperties',
  'maxProperties',
  'minProperties',
  'nullable',
] as const;

const unsupported = (field: string, value: string, values: readonly string[]): FieldError => ({
  type: 'Unsupported value',
  field,
  value,
  detail: `supported values: ${values.map(goQuote).join(', ')}`,
});

/** How deep a schema nests; one more than the limit when it is deeper than that. */
function depthOf(schema: Schema): number {
  let level: readonly Schema[] = [schema];
  for (let depth = 0; depth <= maxDepth; depth++) {
    if (level.length === 0) return depth;
    level = level.flatMap(childrenOf);
  }
  return maxDepth + 1;
}

function childrenOf(schema: Schema): Schema[] {
  const { properties = {}, allOf = [], anyOf = [], oneOf = [], not } = schema;
  const single = [additionalOf(schema), itemsOf(schema), not].filter((child) => child !== undefined);
  return [...Object.values(properties), ...allOf, ...anyOf, ...oneOf, ...single].filter(isObject) as Schema[];
}

interface Place {
  readonly at: string;
  readonly isRoot: boolean;
  /** Why no default may stand here. */
  readonly noDefaults?: string;
  readonly insideMeta?: boolean;
}

/** Everything wrong with the schema of a version. */
export function checkSchema(schema: Schema, at: string, options: { readonly hasStatus: boolean }): FieldError[] {
  const errors: FieldError[] = [];
  // Everything below recurses.
  if (depthOf(schema) > maxDepth) return [invalid(at, maxDepth, `schemas may nest at most ${maxDepth} deep`)];
  if (options.hasStatus) checkRoot(schema, at, errors);
  if (schema.nullable) errors.push(forbiddenField(`${at}.nullable`, 'nullable cannot be true at the root'));
  const structure = checkStructure(schema, at);
  errors.push(...structure);
  if (structure.length === 0) errors.push(...checkDefaults(schema, at));
  checkNode(schema, { at, isRoot: true }, errors);
  return errors;
}

function checkRoot(schema: Schema, at: string, errors: FieldError[]): void {
  if (schema.type !== undefined && schema.type !== 'object') {
    const text = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    errors.push(invalid(`${at}.type`, schema.type, text));
  } else if (notAtRoot.some((name) => schema[name] !== undefined)) {
    errors.push(invalid(at, schema, `only [${atRoot}] fields are allowed at the root of the schema if the status subresource is enabled`));
  }
}

function checkNode(schema: Schema, place: Place, errors: FieldError[]): void {
  const { at } = place;
  for (const name of notOffered) if (schema[name] !== undefined) errors.push(forbiddenField(`${at}.${name}`, `${name} is not supported`));
  if (schema.default !== undefined && place.noDefaults) errors.push(forbiddenField(`${at}.default`, `must not be set ${place.noDefaults}`));
  if (schema.type === 'null') errors.push(forbiddenField(`${at}.type`, 'type cannot be set to null, use nullable as an alternative'));
  else if (schema.type && !types.includes(schema.type)) errors.push(unsupported(`${at}.type`, schema.type, types));
  if (Array.isArray(schema.items)) errors.push(forbiddenField(`${at}.items`, 'items must be a schema object and not an array'));
  if (place.insideMeta && isEmbedded(schema)) {
    errors.push(forbiddenField(`${at}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta'));
  }
  if (schema.uniqueItems) {
    errors.push(forbiddenField(`${at}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'));
  }
  if (schema.pattern) {
    try {
      compilePattern(schema.pattern);
    } catch (error) {
      errors.push(invalid(`${at}.pattern`, schema.pattern, `must be a valid regular expression, but isn't: ${messageOf(error)}`));
    }
  }
  checkExtensions(schema, at, errors);
  checkChildren(schema, place, errors);
}

function checkChildren(schema: Schema, place: Place, errors: FieldError[]): void {
  const { at, isRoot } = place;
  const inner: Place = { ...place, isRoot: false };
  const { additionalProperties, properties } = schema;
  if (additionalProperties !== undefined) {
    if (additionalProperties !== true && Object.keys(properties ?? {}).length > 0) {
      errors.push(forbiddenField(`${at}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'));
    }
    if (typeof additionalProperties === 'object') {
      const noDefaults = place.insideMeta ? 'inside additionalProperties applying to object metadata' : place.noDefaults;
      checkNode(additionalProperties, { ...inner, at: `${at}.additionalProperties`, ...(noDefaults ? { noDefaults } : {}) }, errors);
    }
  }
  for (const [name, property] of Object.entries(properties ?? {})) {
    const isMeta = (isRoot || isEmbedded(schema)) && resourceMembers.has(name);
    const meta = isMeta ? { insideMeta: true, ...(isRoot ? { noDefaults: `in top-level ${name}` } : {}) } : {};
    checkNode(property, { ...inner, ...meta, at: `${at}.properties[${name}]` }, errors);
  }
  if (schema.not) checkNode(schema.not, { ...inner, at: `${at}.not` }, errors);
  for (const name of ['allOf', 'oneOf', 'anyOf'] as const) {
    for (const [index, part] of (schema[name] ?? []).entries()) checkNode(part, { ...inner, at: `${at}.${name}[${index}]` }, errors);
  }
  const items = itemsOf(schema);
  if (items) checkNode(items, { ...inner, at: `${at}.items` }, errors);
}

function checkExtensions(schema: Schema, at: string, errors: FieldError[]): void {
  const preserve = schema['x-kubernetes-preserve-unknown-fields'];
  if (preserve === false) errors.push(invalid(`${at}.x-kubernetes-preserve-unknown-fields`, preserve, 'must be true or undefined'));
  const wantType = (type: string, extension: string): boolean => {
    if (schema.type === type) return true;
    const text = `must be ${type} if ${extension} is specified`;
    errors.push(schema.type ? invalid(`${at}.type`, schema.type, text) : required(`${at}.type`, text));
    return false;
  };
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType !== undefined) {
    wantType('object', 'x-kubernetes-map-type');
    if (mapType !== 'atomic' && mapType !== 'granular')
      errors.push(unsupported(`${at}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
  }
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (listType !== undefined) {
    if (wantType('array', 'x-kubernetes-list-type') && listType === 'set') checkSetItems(schema, at, errors);
    if (!['atomic', 'set', 'map'].includes(listType)) {
      errors.push(unsupported(`${at}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']));
    }
  }
  if (keys.length > 0 && listType !== 'map') {
    const text = 'must be map if x-kubernetes-list-map-keys is non-empty';
    const field = `${at}.x-kubernetes-list-type`;
    errors.push(listType === undefined ? required(field, text) : invalid(field, listType, text));
  }
  if (listType === 'map') checkMapList(schema, at, errors);
  if (listType !== 'map' && listType !== 'set') return;
  if (itemsOf(schema)?.nullable) {
    errors.push(forbiddenField(`${at}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`));
  }
}

function checkSetItems(schema: Schema, at: string, errors: FieldError[]): void {
  const items = itemsOf(schema);
  const text = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items?.['x-kubernetes-list-type'];
  const mapType = items?.['x-kubernetes-map-type'];
  if (items?.type === 'array' && listType !== undefined && listType !== 'atomic') {
    errors.push(invalid(`${at}.items.x-kubernetes-list-type`, listType, text));
  }
  if (items?.type === 'object' && mapType !== 'atomic') errors.push(invalid(`${at}.items.x-kubernetes-map-type`, mapType ?? null, text));
}

function checkMapList(schema: Schema, at: string, errors: FieldError[]): void {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const field = `${at}.x-kubernetes-list-map-keys`;
  const items = itemsOf(schema);
  if (keys.length === 0) errors.push(required(field, 'must not be empty if x-kubernetes-list-type is map'));
  if (!items) {
    errors.push(required(`${at}.items`, 'must have a schema if x-kubernetes-list-type is map'));
    return;
  }
  if (items.type !== 'object') {
    errors.push(invalid(`${at}.items.type`, items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map"));
    return;
  }
  const seen = new Set<string>();
  for (const key of keys) {
    const property = propertyOf(items, key);
    const here = `${at}.items.properties[${key}]`;
    if (!property) errors.push(invalid(field, keys, 'entries must all be names of item properties'));
    else if (property.type === 'array' || property.type === 'object') {
      errors.push(invalid(`${here}.type`, items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"));
    }
    if (seen.has(key)) errors.push(invalid(field, keys, 'must not contain duplicate entries'));
    seen.add(key);
    if (!property) continue;
    if (property.default === undefined && !items.required?.includes(key)) {
      const text = 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property';
      errors.push(required(`${here}.default`, text));
    }
    if (property.nullable) {
      errors.push(forbiddenField(`${here}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'));
    }
  }
}
