// Whether a value may stand for a parameter: forms are chosen by this when types are only known while running.
import type { CelType } from './types.ts';
import {
  CelList,
  CelMap,
  CelObject,
  DurationValue,
  OpaqueValue,
  OptionalValue,
  TimestampValue,
  TypeValue,
  UintValue,
  type Value,
} from './values.ts';

export type Guard = (value: Value) => boolean;
const anything: Guard = () => true;

/** A test for one parameter's type; looks only at the outside of lists and maps. */
export function guardOf(type: CelType): Guard {
  switch (type.kind) {
    case 'string':
      return (value) => typeof value === 'string';
    case 'bool':
      return (value) => typeof value === 'boolean';
    case 'int':
      return (value) => typeof value === 'bigint';
    case 'double':
      return (value) => typeof value === 'number';
    case 'uint':
      return (value) => value instanceof UintValue;
    case 'bytes':
      return (value) => value instanceof Uint8Array;
    case 'null':
      return (value) => value === null;
    case 'list':
      return (value) => value instanceof CelList;
    case 'map':
      return (value) => value instanceof CelMap;
    case 'timestamp':
      return (value) => value instanceof TimestampValue;
    case 'duration':
      return (value) => value instanceof DurationValue;
    case 'type':
      return (value) => value instanceof TypeValue;
    case 'opaque':
      if (type.name === 'optional_type') return (value) => value instanceof OptionalValue;
      return (value) => value instanceof OpaqueValue && value.typeName === type.name;
    case 'object':
      return (value) =>
        value instanceof CelObject ? value.typeName === type.name : value instanceof CelMap || value instanceof OpaqueValue;
    case 'wrapper': {
      const inner = guardOf(type.of);
      return (value) => value === null || inner(value);
    }
    default:
      return anything;
  }
}
