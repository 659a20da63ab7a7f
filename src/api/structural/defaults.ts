// Defaults of structural schemas, and nulls where the schema allows none: they mean "not set".
import { isObject, setOwn } from '#format/own.ts';
import { additionalOf, drop, itemsOf, mapItems, mapMembers, propertyOf, type Schema } from './schema.ts';

const withDefaults = new WeakMap<Schema, boolean>();

/** True when the schema or something in it has a default. */
export function hasDefaults(schema: Schema | undefined): boolean {
  if (schema === undefined) return false;
  const known = withDefaults.get(schema);
  if (known !== undefined) return known;
  const found =
    schema.default !== undefined ||
    Object.values(schema.properties ?? {}).some(hasDefaults) ||
    hasDefaults(additionalOf(schema)) ||
    hasDefaults(itemsOf(schema));
  withDefaults.set(schema, found);
  return found;
}

/** A null where the schema wants a value. */
const isVoid = (value: unknown, schema: Schema | undefined): boolean => value === null && schema !== undefined && schema.nullable !== true;

/** The value with defaults filled in, also inside of defaults; the same value when nothing is missing. */
export function applyDefaults(value: unknown, schema: Schema): unknown {
  if (!hasDefaults(schema)) return value;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    return items ? mapItems(value, (item) => applyDefaults(filled(item, items), items)) : value;
  }
  if (!isObject(value)) return value;
  let draft: Record<string, unknown> | undefined;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.default === undefined) continue;
    if (Object.hasOwn(value, name) && value[name] !== undefined && !isVoid(value[name], property)) continue;
    draft ??= { ...value };
    setOwn(draft, name, property.default);
  }
  const additional = additionalOf(schema);
  return mapMembers(draft ?? value, (item, name) => {
    const property = propertyOf(schema, name);
    if (property) return applyDefaults(item, property);
    return additional ? applyDefaults(filled(item, additional), additional) : item;
  });
}

const filled = (value: unknown, schema: Schema): unknown =>
  isVoid(value, schema) && schema.default !== undefined ? schema.default : value;

/** The value without members that are null though their schema allows none and has no default. */
export function dropNulls(value: unknown, schema: Schema): unknown {
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    return items ? mapItems(value, (item) => dropNulls(item, items)) : value;
  }
  if (!isObject(value)) return value;
  const additional = additionalOf(schema);
  return mapMembers(value, (item, name) => {
    const inner = propertyOf(schema, name) ?? additional;
    if (!inner) return item;
    return isVoid(item, inner) && inner.default === undefined ? drop : dropNulls(item, inner);
  });
}
