// Printer columns of custom resources: the name, then what the definition asks for, or the age.
import type { CustomResourceColumnDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import type { Json } from '#api/dsl.ts';
import { humanDuration } from '#format/humanduration.ts';
import { type JsonPath, JsonPathError, parseJsonPath } from '#format/jsonpath.ts';
import { isNumber } from '#format/wholenumber.ts';
import { nameColumn } from '../table/cells.ts';
import type { CellContext, Column } from '../table/column.ts';

const ageDefinition: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  description: 'Time at which the server created the object.',
  jsonPath: '.metadata.creationTimestamp',
};

function pathOf(text: string): JsonPath | undefined {
  try {
    return parseJsonPath(text);
  } catch (error) {
    if (error instanceof JsonPathError) return undefined;
    throw error;
  }
}

function cellOf(type: string, value: unknown, { now }: CellContext): Json {
  switch (type) {
    case 'integer':
      return typeof value === 'bigint' ? value : typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return isNumber(value) ? Number(value) : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date': {
      if (typeof value !== 'string') return null;
      const time = Date.parse(value);
      return Number.isNaN(time) ? '<invalid>' : humanDuration(now - time);
    }
    default:
      return typeof value === 'string' ? value : JSON.stringify(value ?? null);
  }
}

function columnOf({ name, type, format = '', description = '', priority = 0, jsonPath }: CustomResourceColumnDefinition): Column {
  const path = pathOf(jsonPath);
  return {
    name,
    type: type as Column['type'],
    format,
    description,
    priority,
    cell(object, context) {
      const [value] = path?.find(object) ?? [];
      return value === undefined ? null : cellOf(type, value, context);
    },
  };
}

/** The columns of a version. */
export function columnsFor(definitions: readonly CustomResourceColumnDefinition[] | undefined): readonly Column[] {
  return [nameColumn, ...(definitions?.length ? definitions : [ageDefinition]).map(columnOf)];
}
