// The names that Go's JSON decoder gives to types and values, for error messages.
import type { Struct, TypeNode } from '#api/dsl.ts';

const scalars: Readonly<Record<string, string>> = {
  string: 'string',
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
  bytes: '[]uint8',
  time: 'v1.Time',
  microTime: 'v1.MicroTime',
  duration: 'v1.Duration',
  quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString',
  fieldsV1: 'v1.FieldsV1',
  raw: 'runtime.RawExtension',
  json: 'v1.JSON',
  schemaOrBool: 'v1.JSONSchemaPropsOrBool',
  schemaOrArray: 'v1.JSONSchemaPropsOrArray',
  schemaOrStrings: 'v1.JSONSchemaPropsOrStringArray',
};

/** `core.v1.PodSpec` is `PodSpec` in Go. */
export function goStructName(struct: Struct): string {
  return struct.name.slice(struct.name.lastIndexOf('.') + 1);
}

/** `core.v1.PodSpec` is `v1.PodSpec` in Go. */
export function goStructType(struct: Struct): string {
  return struct.name.split('.').slice(-2).join('.');
}

/** The Go type of a field. */
export function goType(type: TypeNode): string {
  switch (type.kind) {
    case 'list':
      return `[]${goType((type as { item: TypeNode }).item)}`;
    case 'map': {
      const value = (type as { value: TypeNode }).value;
      return value.kind === 'quantity' ? 'v1.ResourceList' : `map[string]${goType(value)}`;
    }
    case 'ref':
      return goStructType((type as { struct: () => Struct }).struct());
    default:
      return scalars[type.kind] ?? type.kind;
  }
}

/** The kind of a JSON value, as Go names it. */
export function goValue(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'bigint' ? 'number' : typeof value;
}
