// Validation of values by a structural schema, worded as Kubernetes words it. Every schema is compiled once into closures.
// Ratcheting (KEP-4008): what an update leaves as it was is not held against it.
import { duplicate, type FieldError, invalid, required, typeInvalid } from '#api/fielderror.ts';
import { deepEqual } from '#api/walk/equal.ts';
import { goQuote } from '#format/goquote.ts';
import { isObject } from '#format/own.ts';
import { compilePattern, type Pattern } from '#format/regexp.ts';
import { isNumber, isWhole } from '#format/wholenumber.ts';
import { formatTest } from './formats.ts';
import { additionalOf, isIntOrString, itemsOf, member, propertyOf, type Schema } from './schema.ts';

/** A value at a place, with what was there before, as far as that can be told. */
interface Spot {
  readonly at: string;
  readonly old: unknown;
}
type Check = (value: unknown, spot: Spot, errors: FieldError[]) => void;

const compiled = new WeakMap<Schema, Check>();

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (isNumber(value)) return isWhole(value) ? 'integer' : 'number';
  return typeof value;
}

const inBody = (at: string): string => `${at} in body`;

function typesOf(schema: Schema): readonly string[] {
  if (schema.type) return [schema.type];
  return isIntOrString(schema) ? ['integer', 'string'] : [];
}

function typeCheck(schema: Schema): Check | undefined {
  const types = typesOf(schema);
  if (types.length === 0) return undefined;
  const wanted = types.join(',');
  return (value, { at }, errors) => {
    const found = typeName(value);
    if (types.includes(found) || (found === 'integer' && types.includes('number'))) return;
    if (found === 'null' && schema.nullable === true) return;
    errors.push(typeInvalid(at, found, `${inBody(at)} must be of type ${wanted}: ${goQuote(found)}`));
  };
}

/** Definitions with patterns that cannot be read are refused; one that slipped in checks nothing. */
function patternOf(source: string): Pattern | undefined {
  try {
    return compilePattern(source);
  } catch {
    return undefined;
  }
}

function stringCheck(schema: Schema): Check | undefined {
  const { minLength, maxLength, pattern, format } = schema;
  const regexp = pattern ? patternOf(pattern) : undefined;
  const test = format && (!schema.type || schema.type === 'string') ? formatTest(format) : undefined;
  if (minLength === undefined && maxLength === undefined && !regexp && !test) return undefined;
  return (value, { at }, errors) => {
    if (typeof value !== 'string') return;
    const bounded = minLength !== undefined || (maxLength !== undefined && value.length > maxLength);
    const length = bounded ? [...value].length : 0;
    if (maxLength !== undefined && length > maxLength) {
      errors.push({ type: 'Too long', field: at, value: '', detail: `may not be more than ${maxLength} bytes` });
    }
    if (minLength !== undefined && length < minLength) {
      errors.push(invalid(at, value, `${inBody(at)} should be at least ${minLength} chars long`));
    }
    if (regexp && !regexp.test(value)) errors.push(invalid(at, value, `${inBody(at)} should match '${pattern}'`));
    if (test && !test(value)) errors.push(typeInvalid(at, value, `${inBody(at)} must be of type ${format}: ${goQuote(value)}`));
  };
}

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-2147483648, 2147483647],
  float: [-3.4028234663852886e38, 3.4028234663852886e38],
};

function numberCheck(schema: Schema): Check | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format } = schema;
  const range = format ? ranges[format] : undefined;
  if (minimum === undefined && maximum === undefined && multipleOf === undefined && !range) return undefined;
  return (value, { at }, errors) => {
    if (!isNumber(value)) return;
    if (multipleOf !== undefined && !isMultiple(value, multipleOf)) {
      errors.push(invalid(at, value, `${inBody(at)} should be a multiple of ${multipleOf}`));
    }
    if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
      errors.push(invalid(at, value, `${inBody(at)} should be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`));
    }
    if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
      errors.push(invalid(at, value, `${inBody(at)} should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`));
    }
    if (range && (value < range[0] || value > range[1])) {
      errors.push(invalid(at, value, `${inBody(at)} must be of type ${typesOf(schema).join(',')} with format ${format}`));
    }
  };
}

function isMultiple(value: number | bigint, factor: number): boolean {
  if (factor <= 0) return true;
  if (typeof value === 'bigint' && Number.isInteger(factor)) return value % BigInt(factor) === 0n;
  const quotient = Number(value) / factor;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9;
}

function enumCheck(schema: Schema): Check | undefined {
  const values = schema.enum;
  if (!values?.length) return undefined;
  const texts = new Set(values.filter((value) => typeof value === 'string'));
  const names = values.map((value) => goQuote(typeof value === 'string' ? value : JSON.stringify(value))).join(', ');
  return (value, { at }, errors) => {
    if (value === null && schema.nullable === true) return;
    if (typeof value === 'string' ? texts.has(value) : values.some((allowed) => deepEqual(allowed, value))) return;
    errors.push({ type: 'Unsupported value', field: at, value, detail: `supported values: ${names}` });
  };
}

/** How items of a list are told apart: by their keys, by their value, or not at all. */
function identity(schema: Schema): ((item: unknown) => string) | undefined {
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') return (item) => canonical(item);
  if (type !== 'map') return undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const items = itemsOf(schema);
  const defaults = keys.map((key) => (items ? propertyOf(items, key)?.default : undefined));
  return (item) => canonical(keys.map((key, i) => (isObject(item) && Object.hasOwn(item, key) ? item[key] : defaults[i]) ?? null));
}

function canonical(value: unknown): string {
  if (!isObject(value)) return Array.isArray(value) ? `[${value.map(canonical).join(',')}]` : JSON.stringify(value ?? null);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

function shownItem(schema: Schema, item: unknown): unknown {
  if (schema['x-kubernetes-list-type'] !== 'map' || !isObject(item)) return item;
  return Object.fromEntries(
    (schema['x-kubernetes-list-map-keys'] ?? []).filter((key) => Object.hasOwn(item, key)).map((key) => [key, item[key]]),
  );
}

function listCheck(schema: Schema): Check | undefined {
  const { minItems, maxItems } = schema;
  const items = itemsOf(schema);
  const check = items && compile(items);
  const id = identity(schema);
  if (minItems === undefined && maxItems === undefined && !check && !id) return undefined;
  const byKey = schema['x-kubernetes-list-type'] === 'map';
  return (value, { at, old }, errors) => {
    if (!Array.isArray(value)) return;
    const before = byKey && id && Array.isArray(old) ? new Map(old.map((item) => [id(item), item])) : undefined;
    if (minItems !== undefined && value.length < minItems) {
      errors.push(invalid(at, value.length, `${inBody(at)} should have at least ${minItems} items`));
    }
    if (maxItems !== undefined && value.length > maxItems) {
      errors.push({ type: 'Too many', field: at, value: value.length, detail: `must have at most ${maxItems} items` });
    }
    for (const [index, item] of value.entries()) check?.(item, { at: `${at}[${index}]`, old: before?.get(id?.(item) ?? '') }, errors);
    if (!id) return;
    const odd = byKey ? value.findIndex((item) => item !== null && !isObject(item)) : -1;
    if (odd >= 0) {
      errors.push(invalid(`${at}[${odd}]`, value[odd], 'must be an object for an array of list-type map'));
      return;
    }
    // The second of its kind is told, not the third.
    const seen = new Map<string, number>();
    for (const [index, item] of value.entries()) {
      const key = id(item);
      const times = seen.get(key) ?? 0;
      if (times === 1) errors.push(duplicate(`${at}[${index}]`, shownItem(schema, item)));
      seen.set(key, times + 1);
    }
  };
}

function objectCheck(schema: Schema): Check | undefined {
  const { minProperties, maxProperties } = schema;
  const wanted = schema.required ?? [];
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const check = compile(property);
    return check ? ([[name, check]] as const) : [];
  });
  const additional = additionalOf(schema);
  const others = additional && compile(additional);
  const closed = schema.additionalProperties === false;
  const simple = minProperties === undefined && maxProperties === undefined && wanted.length === 0;
  if (simple && properties.length === 0 && !others && !closed) return undefined;
  return (value, { at, old }, errors) => {
    if (!isObject(value)) return;
    const before = isObject(old) ? old : undefined;
    const count = minProperties === undefined && maxProperties === undefined ? 0 : Object.keys(value).length;
    if (minProperties !== undefined && count < minProperties) {
      errors.push(invalid(at, count, `${inBody(at)} should have at least ${minProperties} properties`));
    }
    if (maxProperties !== undefined && count > maxProperties) {
      errors.push({ type: 'Too many', field: at, value: count, detail: `must have at most ${maxProperties} items` });
    }
    for (const name of wanted) if (!Object.hasOwn(value, name) || value[name] === undefined) errors.push(required(member(at, name)));
    for (const [name, check] of properties) {
      if (!Object.hasOwn(value, name) || value[name] === undefined) continue;
      check(value[name], { at: member(at, name), old: before && Object.hasOwn(before, name) ? before[name] : undefined }, errors);
    }
    if (!others && !closed) return;
    for (const [name, item] of Object.entries(value)) {
      if (propertyOf(schema, name)) continue;
      const here = member(at, name);
      if (closed) errors.push(invalid(here, name, `${at}.${name} in body is a forbidden property`));
      else others?.(item, { at: here, old: before && Object.hasOwn(before, name) ? before[name] : undefined }, errors);
    }
  };
}

/** Errors that say nothing about a place: the path is Go's nil. */
const nowhere = (detail: string): FieldError => invalid('<nil>', '', detail);

function attempt(check: Check | undefined, value: unknown, at: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  check?.(value, { at, old: undefined }, errors);
  return errors;
}

const fewest = (failures: readonly (readonly FieldError[])[]): readonly FieldError[] =>
  failures.reduce((best, errors) => (errors.length < best.length ? errors : best), failures[0] ?? []);

function logicCheck(schema: Schema): Check | undefined {
  const { anyOf, oneOf, allOf, not } = schema;
  const any = anyOf?.map(compile);
  const one = oneOf?.map(compile);
  const every = allOf?.map(compile);
  const never = not && { check: compile(not) };
  if (!any?.length && !one?.length && !every?.length && !never) return undefined;
  return (value, { at }, errors) => {
    if (any?.length) {
      const failures: (readonly FieldError[])[] = [];
      for (const check of any) {
        const found = attempt(check, value, at);
        if (found.length === 0) break;
        failures.push(found);
      }
      if (failures.length === any.length) {
        errors.push(nowhere(`${goQuote(at)} must validate at least one schema (anyOf)`), ...fewest(failures));
      }
    }
    if (one?.length) {
      const results = one.map((check) => attempt(check, value, at));
      const valid = results.filter((found) => found.length === 0).length;
      if (valid !== 1) {
        const text = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
        errors.push(nowhere(`${goQuote(at)} must validate one and only one schema (oneOf). ${text}`));
        if (valid === 0) errors.push(...fewest(results));
      }
    }
    if (every?.length) {
      const results = every.map((check) => attempt(check, value, at));
      const valid = results.filter((found) => found.length === 0).length;
      for (const found of results) errors.push(...found);
      if (valid < every.length) {
        errors.push(nowhere(`${goQuote(at)} must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`));
      }
    }
    if (never && attempt(never.check, value, at).length === 0) errors.push(nowhere(`${goQuote(at)} must not validate the schema (not)`));
  };
}

/** The check of a schema; undefined when everything passes. */
function compile(schema: Schema): Check | undefined {
  const known = compiled.get(schema);
  if (known) return known === passes ? undefined : known;
  const type = typeCheck(schema);
  const values = enumCheck(schema);
  const checks = [
    type,
    logicCheck(schema),
    stringCheck(schema),
    numberCheck(schema),
    listCheck(schema),
    values,
    objectCheck(schema),
  ].filter((check) => check !== undefined);
  if (checks.length === 0) {
    compiled.set(schema, passes);
    return undefined;
  }
  const check: Check = (value, spot, errors) => {
    if (spot.old !== undefined && deepEqual(value, spot.old)) return;
    if (value === null || value === undefined) {
      type?.(value, spot, errors);
      values?.(value, spot, errors);
      return;
    }
    for (const one of checks) one(value, spot, errors);
  };
  compiled.set(schema, check);
  return check;
}

const passes: Check = () => undefined;

/** Everything wrong with a value; `old` is the value before an update, of which what is unchanged passes. */
export function validateValue(value: unknown, schema: Schema, at = '', old?: unknown): FieldError[] {
  const errors: FieldError[] = [];
  compile(schema)?.(value, { at, old }, errors);
  return errors;
}
