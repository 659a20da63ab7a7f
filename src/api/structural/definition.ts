// Validation of the versions of a CustomResourceDefinition. What all versions have in common is looked at once, and errors in
// it are told as Kubernetes tells them: as if it stood beside the versions.
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceSubresources,
  SelectableField,
} from '#api/apiextensions/v1/customresourcedefinition.ts';
import { duplicate, type FieldError, invalid, required, tooMany } from '#api/fielderror.ts';
import { deepEqual } from '#api/walk/equal.ts';
import { checkSchema } from './check.ts';
import { propertyOf, type Schema } from './schema.ts';

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const maxSelectable = 8;

function checkColumn(column: CustomResourceColumnDefinition, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const known = columnTypes.join(', ');
  if (column.name === '') errors.push(required(`${at}.name`));
  if (column.type === '') errors.push(required(`${at}.type`, `must be one of ${known}`));
  else if (!columnTypes.includes(column.type)) errors.push(invalid(`${at}.type`, column.type, `must be one of ${known}`));
  if (column.format && !columnFormats.includes(column.format)) {
    errors.push(invalid(`${at}.format`, column.format, `must be one of ${columnFormats.join(', ')}`));
  }
  if (column.jsonPath === '') errors.push(required(`${at}.jsonPath`));
  else errors.push(...checkSimplePath(column.jsonPath, `${at}.jsonPath`));
  return errors;
}

function checkSimplePath(path: string, at: string): FieldError[] {
  if (path === '') return [invalid(at, path, 'must not be empty')];
  return path.startsWith('.') ? [] : [invalid(at, path, 'must be a simple json path starting with .')];
}

function checkSubresources(subresources: CustomResourceSubresources | undefined, at: string): FieldError[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  const under = (name: 'specReplicasPath' | 'statusReplicasPath', root: string): FieldError[] => {
    const path = scale[name];
    const here = `${at}.scale.${name}`;
    const wrong = path === '' ? [required(here)] : checkSimplePath(path, here);
    return wrong.length > 0 || path.startsWith(`${root}.`) ? wrong : [invalid(here, path, `should be a json path under ${root}`)];
  };
  const selector = scale.labelSelectorPath;
  const here = `${at}.scale.labelSelectorPath`;
  const inSelector = selector ? checkSimplePath(selector, here) : [];
  if (selector && inSelector.length === 0 && !/^\.(spec|status)\./.test(selector)) {
    inSelector.push(invalid(here, selector, 'should be a json path under either .spec or .status'));
  }
  return [...under('specReplicasPath', '.spec'), ...under('statusReplicasPath', '.status'), ...inSelector];
}

function schemaAt(schema: Schema, path: string): Schema | undefined {
  let found: Schema | undefined = schema;
  for (const name of path.slice(1).split('.')) found = found && propertyOf(found, name);
  return found;
}

function checkSelectable(fields: readonly SelectableField[], schema: Schema | undefined, at: string): FieldError[] {
  const errors: FieldError[] = [];
  if (fields.length > maxSelectable) errors.push(tooMany(at, fields.length, maxSelectable));
  for (const [index, { jsonPath }] of fields.entries()) {
    const here = `${at}[${index}].jsonPath`;
    if (jsonPath === '') {
      errors.push(required(here));
      continue;
    }
    const simple = /^(\.[A-Za-z_][A-Za-z0-9_]*)+$/.test(jsonPath);
    if (!simple) errors.push(invalid(here, jsonPath, 'is an invalid path: must be a simple field path'));
    else if (/^\.metadata(\.|$)/.test(jsonPath)) errors.push(invalid(here, jsonPath, 'must not point to fields in metadata'));
    else {
      const found = schema && schemaAt(schema, jsonPath);
      if (!found) errors.push(invalid(here, jsonPath, 'is an invalid path: does not refer to a valid field'));
      else if (!['string', 'boolean', 'integer'].includes(found.type ?? '')) {
        const text = 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
        errors.push(invalid(here, jsonPath, text));
      }
    }
    if (fields.findIndex((field) => field.jsonPath === jsonPath) < index) errors.push(duplicate(here, jsonPath));
  }
  return errors;
}

/** Everything wrong with the versions of a definition. */
export function checkVersions(spec: CustomResourceDefinitionSpec): FieldError[] {
  const { versions } = spec;
  const [first] = versions;
  if (!first) return [];
  const errors: FieldError[] = [];
  const each = <T>(
    part: (version: (typeof versions)[number]) => T,
    names: readonly [string, string],
    check: (value: T, at: string) => FieldError[],
  ): void => {
    const common = versions.every((version) => deepEqual(part(version), part(first)));
    if (common) errors.push(...check(part(first), `spec.${names[0]}`));
    else for (const [index, version] of versions.entries()) errors.push(...check(part(version), `spec.versions[${index}].${names[1]}`));
  };
  const hasStatus = versions.some((version) => version.subresources?.status !== undefined);
  for (const [index, version] of versions.entries()) {
    if (!version.schema?.openAPIV3Schema) errors.push(required(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required'));
  }
  each(
    (version) => version.schema?.openAPIV3Schema,
    ['validation.openAPIV3Schema', 'schema.openAPIV3Schema'],
    (schema, at) => (schema ? checkSchema(schema, at, { hasStatus }) : []),
  );
  each((version) => version.subresources, ['subresources', 'subresources'], checkSubresources);
  each(
    (version) => version.additionalPrinterColumns ?? [],
    ['additionalPrinterColumns', 'additionalPrinterColumns'],
    (columns, at) => columns.flatMap((column, index) => checkColumn(column, `${at}[${index}]`)),
  );
  const selectable = versions.every((version) => deepEqual(version.selectableFields, first.selectableFields));
  for (const [index, version] of (selectable ? [first] : versions).entries()) {
    const at = selectable ? 'spec.selectableFields' : `spec.versions[${index}].selectableFields`;
    errors.push(...checkSelectable(version.selectableFields ?? [], version.schema?.openAPIV3Schema, at));
  }
  return errors;
}
