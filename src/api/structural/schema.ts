// Structural schemas of custom resources: the OpenAPI schema of a CustomResourceDefinition's version, and how one steps
// through a value by it. See KEP-2337 for what makes a schema structural.
import type { JSONSchemaProps } from '#api/apiextensions/v1/jsonschema.ts';
import { setOwn } from '#format/own.ts';

export type Schema = JSONSchemaProps;

/** Members of every API object: they need not be in the schema. */
export const resourceMembers: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** Unknown members stay. */
export const preserves = (schema: Schema): boolean => schema['x-kubernetes-preserve-unknown-fields'] === true;
/** The value is a whole API object. */
export const isEmbedded = (schema: Schema): boolean => schema['x-kubernetes-embedded-resource'] === true;
/** An integer or a string. */
export const isIntOrString = (schema: Schema): boolean => schema['x-kubernetes-int-or-string'] === true;

/** The schema of a named property. */
export function propertyOf(schema: Schema, name: string): Schema | undefined {
  const { properties } = schema;
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** The schema of members that are not properties; undefined also for `additionalProperties: true`. */
export function additionalOf(schema: Schema): Schema | undefined {
  const { additionalProperties } = schema;
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

/** The schema of a list's items. */
export function itemsOf(schema: Schema): Schema | undefined {
  const { items } = schema;
  return items === undefined || Array.isArray(items) ? undefined : (items as Schema);
}

const ruled = new WeakMap<Schema, boolean>();

/** True when there are rules (x-kubernetes-validations) anywhere in the schema. */
export function hasRules(schema: Schema | undefined): boolean {
  if (!schema) return false;
  let found = ruled.get(schema);
  if (found === undefined) {
    const { properties, additionalProperties } = schema;
    found =
      (schema['x-kubernetes-validations']?.length ?? 0) > 0 ||
      Object.values(properties ?? {}).some(hasRules) ||
      hasRules(itemsOf(schema)) ||
      (typeof additionalProperties === 'object' && hasRules(additionalProperties));
    ruled.set(schema, found);
  }
  return found;
}

/** Tells `mapMembers` to leave a member out. */
export const drop: unique symbol = Symbol('drop');

/** An object with every member mapped; the object itself when no member changes. */
export function mapMembers(
  object: Readonly<Record<string, unknown>>,
  map: (value: unknown, name: string) => unknown,
): Readonly<Record<string, unknown>> {
  let changed: Record<string, unknown> | undefined;
  for (const name of Object.keys(object)) {
    const value = object[name];
    const next = map(value, name);
    if (next === value) continue;
    changed ??= { ...object };
    if (next === drop) delete changed[name];
    else setOwn(changed, name, next);
  }
  return changed ?? object;
}

/** A list with every item mapped; the list itself when no item changes. */
export function mapItems(list: readonly unknown[], map: (item: unknown, index: number) => unknown): readonly unknown[] {
  let changed: unknown[] | undefined;
  for (const [index, item] of list.entries()) {
    const next = map(item, index);
    if (next === item) continue;
    changed ??= [...list];
    changed[index] = next;
  }
  return changed ?? list;
}

/** A path with one more member name. */
export const member = (at: string, name: string): string => (at === '' ? name : `${at}.${name}`);

/** A copy of a JSON value that shares nothing with it. */
export function copyJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyJson);
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) if (item !== undefined) setOwn(copy, name, copyJson(item));
  return copy;
}
