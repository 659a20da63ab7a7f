// Validation of the schemas inside CustomResourceDefinitions: they must be structural.
import { type FieldError, forbiddenField, invalid, required } from '#api/fielderror.ts';
import type { JSONSchemaProps } from './jsonschema.ts';

/** How deep schemas may nest. */
const maxDepth = 64;

const notAllowed = ['$ref', 'definitions', 'dependencies', 'patternProperties', 'additionalItems', 'id'] as const;
const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

type Loose = JSONSchemaProps & Readonly<Record<string, unknown>>;

interface Place {
  readonly at: string;
  readonly depth: number;
  /** Inside allOf, anyOf, oneOf or not: values are constrained there, not described. */
  readonly logical: boolean;
}

/** Checks the schema of a version from its root. */
export function checkSchema(schema: JSONSchemaProps, at: string, errors: FieldError[]): void {
  if (schema.type !== 'object') {
    errors.push(
      schema.type ? invalid(`${at}.type`, schema.type, 'must be object') : required(`${at}.type`, 'must not be empty at the root'),
    );
  }
  checkNode(schema as Loose, { at, depth: 0, logical: false }, errors);
}

function checkNode(schema: Loose, place: Place, errors: FieldError[]): void {
  const { at, depth } = place;
  if (depth > maxDepth) {
    errors.push(invalid(at, depth, `schemas may nest at most ${maxDepth} deep`));
    return;
  }
  for (const field of notAllowed)
    if (schema[field] !== undefined) errors.push(forbiddenField(`${at}.${field}`, `${field} is not supported`));
  if (schema['uniqueItems'] === true) {
    errors.push(forbiddenField(`${at}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'));
  }
  const type = schema.type;
  if (type === 'null') errors.push(forbiddenField(`${at}.type`, 'type cannot be set to null, use nullable as an alternative'));
  else if (type && !types.includes(type)) {
    errors.push({
      type: 'Unsupported value',
      field: `${at}.type`,
      value: type,
      detail: `supported values: ${types.map((one) => `"${one}"`).join(', ')}`,
    });
  }
  if (schema.properties && schema.additionalProperties) {
    errors.push(forbiddenField(`${at}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'));
  }
  if (Array.isArray(schema.items)) errors.push(forbiddenField(`${at}.items`, 'items must be a schema object and not an array'));
  checkExtensions(schema, at, errors);
  checkStructural(schema, place, errors);
  checkChildren(schema, place, errors);
}

function checkExtensions(schema: Loose, at: string, errors: FieldError[]): void {
  const preserve = schema['x-kubernetes-preserve-unknown-fields'];
  if (preserve === false) errors.push(invalid(`${at}.x-kubernetes-preserve-unknown-fields`, preserve, 'must be true or undefined'));
  const listType = schema['x-kubernetes-list-type'] as string | undefined;
  const keys = (schema['x-kubernetes-list-map-keys'] ?? []) as readonly string[];
  if (listType !== undefined) {
    if (schema.type !== 'array')
      errors.push(invalid(`${at}.type`, schema.type ?? '', 'must be array if x-kubernetes-list-type is specified'));
    if (!['atomic', 'map', 'set'].includes(listType)) {
      errors.push({
        type: 'Unsupported value',
        field: `${at}.x-kubernetes-list-type`,
        value: listType,
        detail: 'supported values: "atomic", "map", "set"',
      });
    }
    if (listType === 'map' && keys.length === 0) {
      errors.push(required(`${at}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'));
    }
  }
  if (keys.length && listType !== 'map')
    errors.push(invalid(`${at}.x-kubernetes-list-type`, listType ?? null, 'must be map if x-kubernetes-list-map-keys is non-empty'));
  const mapType = schema['x-kubernetes-map-type'] as string | undefined;
  if (mapType !== undefined && mapType !== 'atomic' && mapType !== 'granular') {
    errors.push({
      type: 'Unsupported value',
      field: `${at}.x-kubernetes-map-type`,
      value: mapType,
      detail: 'supported values: "atomic", "granular"',
    });
  }
}

function checkStructural(schema: Loose, place: Place, errors: FieldError[]): void {
  const { at, logical } = place;
  if (logical) {
    for (const field of ['type', 'default', 'additionalProperties', 'nullable', 'description'] as const) {
      if (schema[field] !== undefined && schema[field] !== '')
        errors.push(forbiddenField(`${at}.${field}`, 'must be undefined to be structural'));
    }
    return;
  }
  const free = schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (!schema.type && !free) errors.push(required(`${at}.type`, 'must not be empty for specified object fields'));
  if (schema['x-kubernetes-int-or-string'] && schema.type) {
    errors.push(invalid(`${at}.type`, schema.type, 'must be empty if x-kubernetes-int-or-string is true'));
  }
  if (schema.type === 'array' && schema.items === undefined) errors.push(required(`${at}.items`, 'must be specified'));
}

function checkChildren(schema: Loose, place: Place, errors: FieldError[]): void {
  const { at, depth, logical } = place;
  const down = (child: unknown, path: string, inLogic: boolean): void => {
    if (typeof child === 'object' && child !== null) checkNode(child as Loose, { at: path, depth: depth + 1, logical: inLogic }, errors);
  };
  for (const [name, child] of Object.entries(schema.properties ?? {})) down(child, `${at}.properties[${name}]`, logical);
  if (!Array.isArray(schema.items)) down(schema.items, `${at}.items`, logical);
  down(schema.additionalProperties, `${at}.additionalProperties`, logical);
  for (const field of ['allOf', 'anyOf', 'oneOf'] as const) {
    for (const [index, child] of (schema[field] ?? []).entries()) down(child, `${at}.${field}[${index}]`, true);
  }
  down(schema.not, `${at}.not`, true);
}
