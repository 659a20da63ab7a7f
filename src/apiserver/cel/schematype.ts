// Structural schemas as rules see them: types for the checker, bounds for the estimator, shapes for reading values.
import { isEmbedded, isIntOrString, itemsOf, type Schema } from '#api/structural/schema.ts';
import type { StructType, TypeProvider } from '#format/cel/decls.ts';
import type { SizeHint } from '#format/cel/estimate.ts';
import type { Shape } from '#format/cel/native.ts';
import { Bool, Bytes, type CelType, Double, Duration, Dyn, Int, listOf, mapOf, objectType, Str, Timestamp } from '#format/cel/types.ts';
import { escapeName } from './schemanames.ts';
import {
  anyShape,
  bytesShape,
  dateShape,
  doubleShape,
  durationShape,
  type FieldShape,
  intShape,
  listShape,
  mapShape,
  nullable,
  objectShape,
  plainShape,
  timestampShape,
} from './schemashapes.ts';

/** Bytes of the largest request. */
const maxRequest = 3 * 1024 * 1024;

/** One place of a schema. */
export interface SchemaType {
  readonly cel: CelType;
  readonly shape: Shape;
  readonly hint: SizeHint;
  /** Bytes of the smallest JSON text of such a value. */
  readonly min: number;
  readonly fields?: ReadonlyMap<string, SchemaType>;
  /** Of a list's items or a map's values. */
  readonly elem?: SchemaType;
}

/** The type of a schema and all types with fields in it. */
export interface SchemaTypes {
  readonly root: SchemaType | undefined;
  readonly provider: TypeProvider;
}

/** Describes a schema for rules; `resource`: it is the root of an API object. Undefined: rules cannot reach such values. */
export function schemaTypes(schema: Schema, resource: boolean): SchemaTypes {
  const structs = new Map<string, StructType>();
  const root = new Builder(structs).build(schema, resource, 'selfType');
  return { root, provider: { struct: (name) => structs.get(name) } };
}

const string: Schema = { type: 'string' };
const typeMembers: Readonly<Record<string, Schema>> = {
  apiVersion: string,
  kind: string,
  metadata: { type: 'object', properties: { name: string, generateName: string } },
};

class Builder {
  readonly #structs: Map<string, StructType>;
  constructor(structs: Map<string, StructType>) {
    this.#structs = structs;
  }

  build(schema: Schema, resource: boolean, name: string): SchemaType | undefined {
    const type = this.#build(schema, resource, name);
    return type && schema.nullable === true ? { ...type, shape: nullable(type.shape) } : type;
  }

  #build(schema: Schema, resource: boolean, name: string): SchemaType | undefined {
    if (isIntOrString(schema)) return leaf(Dyn, anyShape, textBound(schema), 1);
    switch (schema.type) {
      case 'array':
        return this.#list(schema, name);
      case 'object':
        return this.#object(schema, resource, name);
      case 'string':
        return text(schema);
      case 'boolean':
        return leaf(Bool, plainShape, 0, 4);
      case 'number':
        return leaf(Double, doubleShape, 0, 1);
      case 'integer':
        return leaf(Int, intShape, 0, 1);
      default:
        return undefined;
    }
  }

  #list(schema: Schema, name: string): SchemaType | undefined {
    const items = itemsOf(schema);
    const elem = items && this.build(items, isEmbedded(items), `${name}.@items`);
    if (!elem) return undefined;
    const max = schema.maxItems === undefined ? Math.floor((maxRequest - 2) / (elem.min + 1)) : Math.max(0, schema.maxItems);
    return { cel: listOf(elem.cel), shape: listShape(schema, elem.shape), hint: { max, elem: elem.hint }, min: 2, elem };
  }

  #object(schema: Schema, resource: boolean, name: string): SchemaType | undefined {
    if (typeof schema.additionalProperties === 'object') {
      const values = schema.additionalProperties;
      const elem = this.build(values, isEmbedded(values), `${name}.@values`);
      if (!elem) return undefined;
      const max = schema.maxProperties === undefined ? Math.floor((maxRequest - 2) / (elem.min + 6)) : Math.max(0, schema.maxProperties);
      const key = { max: maxRequest - 2 };
      return { cel: mapOf(Str, elem.cel), shape: mapShape(elem.shape), hint: { max, elem: elem.hint, key }, min: 2, elem };
    }
    const fields = new Map<string, SchemaType>();
    const shapes = new Map<string, FieldShape>();
    let min = 2;
    const properties = resource ? { ...schema.properties, ...typeMembers } : (schema.properties ?? {});
    for (const [property, child] of Object.entries(properties)) {
      const type = this.build(child, isEmbedded(child), `${name}.${property}`);
      if (!type) continue;
      const escaped = escapeName(property);
      if (escaped !== undefined) {
        fields.set(escaped, type);
        shapes.set(escaped, { property, shape: type.shape });
      }
      if (schema.required?.includes(property) && child.default === undefined) min += property.length + type.min + 4;
    }
    this.#structs.set(name, { name, field: (field) => fields.get(field)?.cel });
    return { cel: objectType(name), shape: objectShape(shapes), hint: { max: 0, field: (field) => fields.get(field)?.hint }, min, fields };
  }
}

function leaf(cel: CelType, shape: Shape, max: number, min: number): SchemaType {
  return { cel, shape, hint: { max }, min };
}

function textBound({ maxLength }: Schema): number {
  return maxLength === undefined ? maxRequest - 2 : Math.max(0, maxLength) * 4;
}

function text(schema: Schema): SchemaType {
  switch (schema.format) {
    case 'byte':
      return leaf(Bytes, bytesShape, schema.maxLength ?? maxRequest - 2, 2);
    case 'duration':
      return leaf(Duration, durationShape, 32, 3);
    case 'date':
      return leaf(Timestamp, dateShape, 12, 12);
    case 'date-time':
      return leaf(Timestamp, timestampShape, 37, 21);
    default: {
      const names = (schema.enum ?? []).filter((value): value is string => typeof value === 'string');
      const closed = schema.maxLength === undefined && names.length > 0;
      return leaf(Str, plainShape, closed ? Math.max(...names.map((value) => value.length)) : textBound(schema), 2);
    }
  }
}
