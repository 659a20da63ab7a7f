// Types of expressions.

export type PrimitiveKind = 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes';
export type SimpleKind = PrimitiveKind | 'null' | 'timestamp' | 'duration' | 'dyn' | 'any' | 'error';

export interface SimpleType {
  readonly kind: SimpleKind;
}
export interface ListType {
  readonly kind: 'list';
  readonly elem: CelType;
}
export interface MapType {
  readonly kind: 'map';
  readonly key: CelType;
  readonly value: CelType;
}
/** The type of a type: `type(int)`. */
export interface TypeType {
  readonly kind: 'type';
  readonly of: CelType | undefined;
}
/** A type parameter of a function's declaration, or an unknown that the checker still looks for. */
export interface ParamType {
  readonly kind: 'param';
  readonly name: string;
}
/** A type of a library: `optional_type(int)`, `kubernetes.Quantity`. */
export interface OpaqueType {
  readonly kind: 'opaque';
  readonly name: string;
  readonly params: readonly CelType[];
}
/** A type with fields, which a provider describes. */
export interface ObjectType {
  readonly kind: 'object';
  readonly name: string;
}
/** A primitive that may be null. */
export interface WrapperType {
  readonly kind: 'wrapper';
  readonly of: SimpleType;
}
export type CelType = SimpleType | ListType | MapType | TypeType | ParamType | OpaqueType | ObjectType | WrapperType;

const simple = (kind: SimpleKind): SimpleType => ({ kind });
export const Bool = simple('bool');
export const Int = simple('int');
export const Uint = simple('uint');
export const Double = simple('double');
export const Str = simple('string');
export const Bytes = simple('bytes');
export const Null = simple('null');
export const Timestamp = simple('timestamp');
export const Duration = simple('duration');
export const Dyn = simple('dyn');
export const Any = simple('any');
export const ErrorType = simple('error');
export const listOf = (elem: CelType): ListType => ({ kind: 'list', elem });
export const mapOf = (key: CelType, value: CelType): MapType => ({ kind: 'map', key, value });
export const typeOf = (of?: CelType): TypeType => ({ kind: 'type', of });
export const param = (name: string): ParamType => ({ kind: 'param', name });
export const opaque = (name: string, ...params: CelType[]): OpaqueType => ({ kind: 'opaque', name, params });
export const objectType = (name: string): ObjectType => ({ kind: 'object', name });
export const wrapperOf = (of: SimpleType): WrapperType => ({ kind: 'wrapper', of });
export const optionalOf = (of: CelType): OpaqueType => opaque('optional_type', of);

/** What an `optional_type` holds; undefined for other types. */
export function optionalElement(type: CelType): CelType | undefined {
  return type.kind === 'opaque' && type.name === 'optional_type' ? (type.params[0] ?? Dyn) : undefined;
}

/** The type as cel-go prints it in complaints. */
export function typeText(type: CelType): string {
  switch (type.kind) {
    case 'list':
      return `list(${typeText(type.elem)})`;
    case 'map':
      return `map(${typeText(type.key)}, ${typeText(type.value)})`;
    case 'type':
      return type.of ? `type(${typeText(type.of)})` : 'type';
    case 'param':
    case 'object':
      return type.name;
    case 'opaque':
      return type.params.length ? `${type.name}(${type.params.map(typeText).join(', ')})` : type.name;
    case 'wrapper':
      return `wrapper(${typeText(type.of)})`;
    case 'error':
      return '!error!';
    default:
      return type.kind;
  }
}

/** True when both say the same. */
export function sameType(a: CelType, b: CelType): boolean {
  return a === b || (a.kind === b.kind && typeText(a) === typeText(b));
}

/** Dyn in its several forms. */
export const isDyn = (type: CelType): boolean => type.kind === 'dyn' || type.kind === 'any';
export const isDynOrError = (type: CelType): boolean => isDyn(type) || type.kind === 'error';
