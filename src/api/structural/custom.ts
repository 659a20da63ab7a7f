// Custom resources read and checked by their structural schema.
import type { CustomRead, CustomWalkers, MetaReader } from '#api/dsl.ts';
import { type FieldError, invalid, required, typeInvalid } from '#api/fielderror.ts';
import { dns1123Subdomain } from '#api/formats.ts';
import { isObject } from '#format/own.ts';
import { applyDefaults, dropNulls } from './defaults.ts';
import { prune } from './prune.ts';
import { additionalOf, copyJson, hasRules, isEmbedded, itemsOf, mapItems, mapMembers, member, propertyOf, type Schema } from './schema.ts';
import { validateValue } from './validate.ts';

const embedding = new WeakMap<Schema, boolean>();

/** True when API objects are embedded somewhere below. */
function hasEmbedded(schema: Schema | undefined): boolean {
  if (schema === undefined) return false;
  const known = embedding.get(schema);
  if (known !== undefined) return known;
  const children = [...Object.values(schema.properties ?? {}), additionalOf(schema), itemsOf(schema)];
  const found = children.some((child) => child !== undefined && (isEmbedded(child) || hasEmbedded(child)));
  embedding.set(schema, found);
  return found;
}

type Visit = (object: Readonly<Record<string, unknown>>, at: string) => Readonly<Record<string, unknown>>;

/** Visits every embedded object below a value; the value itself comes back when nothing changes. */
function embedded(value: unknown, schema: Schema | undefined, at: string, visit: Visit): unknown {
  if (schema === undefined || !hasEmbedded(schema)) return value;
  const inner = (item: unknown, child: Schema | undefined, path: string): unknown => {
    const below = embedded(item, child, path, visit);
    return child && isEmbedded(child) && isObject(below) ? visit(below, path) : below;
  };
  if (Array.isArray(value)) return mapItems(value, (item, index) => inner(item, itemsOf(schema), `${at}[${index}]`));
  if (!isObject(value)) return value;
  return mapMembers(value, (item, name) => inner(item, propertyOf(schema, name) ?? additionalOf(schema), member(at, name)));
}

function checkEmbedded(object: object, schema: Schema): FieldError[] {
  const errors: FieldError[] = [];
  embedded(object, schema, '', (inner, at) => {
    for (const name of ['apiVersion', 'kind'] as const) {
      const value = inner[name];
      if (value === undefined || value === '') errors.push(required(member(at, name), 'must not be empty'));
      else if (typeof value !== 'string') errors.push(typeInvalid(member(at, name), value, 'must be a string'));
    }
    const meta = inner['metadata'];
    if (!isObject(meta)) return inner;
    const { name } = meta;
    if (typeof name === 'string' && name !== '') {
      for (const text of dns1123Subdomain(name)) errors.push(invalid(`${at}.metadata.name`, name, text));
    }
    return inner;
  });
  return errors;
}

const notChecked =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
const blocking = new Set(['Unsupported value', 'Required value', 'Too long', 'Too many']);
/** Rules rely on what these errors say is missing. */
const blocksRules = (error: FieldError): boolean => blocking.has(error.type) || error.wrongType === true;

/** The walkers of one version of a custom resource. */
export function customWalkers(schema: Schema, namespaced: boolean): CustomWalkers {
  return {
    namespaced,
    read(value, { defaults, meta }): CustomRead {
      const unknown: string[] = [];
      const readMeta = (metadata: unknown, at: string): unknown => {
        const read = meta(metadata);
        for (const path of read.unknown) unknown.push(`${at}.${path}`);
        return read.object;
      };
      const { metadata, ...rest } = value;
      const head = isObject(metadata) ? { metadata: readMeta(metadata, 'metadata') } : {};
      const pruned = prune(copyJson(rest) as Readonly<Record<string, unknown>>, schema);
      unknown.push(...pruned.dropped);
      const body = embedded(dropNulls(pruned.object, schema), schema, '', (object, at) =>
        isObject(object['metadata']) ? { ...object, metadata: readMeta(object['metadata'], `${at}.metadata`) } : object,
      );
      const filled = defaults ? applyDefaults(body, schema) : body;
      return { object: { ...(filled as object), ...head }, unknown };
    },
    validate(object, previous) {
      const errors = [...validateValue(object, schema, '', previous), ...checkEmbedded(object, schema)];
      return hasRules(schema) && errors.some(blocksRules) ? [...errors, invalid('<nil>', null, notChecked)] : errors;
    },
  };
}

/** A stored object as the schema of today has it: pruned and defaulted; the same object when nothing changes. */
export function refresh<T>(object: T, schema: Schema): T {
  return applyDefaults(dropNulls(prune(object, schema).object, schema), schema) as T;
}

export type { MetaReader };
