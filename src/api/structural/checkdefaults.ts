// Defaults in schemas must be what the schema itself would let pass.
import { type FieldError, invalid } from '#api/fielderror.ts';
import { deepEqual } from '#api/walk/equal.ts';
import { pruneValue } from './prune.ts';
import { isEmbedded, itemsOf, resourceMembers, type Schema } from './schema.ts';
import { validateValue } from './validate.ts';

/** What is wrong with the defaults of a structural schema. Those of metadata are not looked at: they are refused elsewhere. */
export function checkDefaults(schema: Schema, at: string): FieldError[] {
  const errors: FieldError[] = [];
  check(schema, at, true, errors);
  return errors;
}

function check(schema: Schema, at: string, isRoot: boolean, errors: FieldError[]): void {
  if (schema.default !== undefined) {
    const field = `${at}.default`;
    const { value } = pruneValue(schema.default, schema);
    if (!deepEqual(value, schema.default)) errors.push(invalid(field, schema.default, 'must not have unknown fields'));
    errors.push(...validateValue(schema.default, schema).map((error) => placed(error, field)));
  }
  const items = itemsOf(schema);
  if (items) check(items, `${at}.items`, false, errors);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if ((isRoot || isEmbedded(schema)) && resourceMembers.has(name)) continue;
    check(property, `${at}.properties[${name}]`, false, errors);
  }
}

/** Paths inside a default begin at the default. */
function placed(error: FieldError, field: string): FieldError {
  if (error.field === '<nil>') return error;
  return {
    ...error,
    field: error.field === '' ? field : error.field.startsWith('[') ? `${field}${error.field}` : `${field}.${error.field}`,
  };
}
