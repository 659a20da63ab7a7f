// The schema DSL: every API type is one `struct(...)` value, and everything that must know the shape of an object
// (TypeScript types, decoding, defaults, validation, protobuf, merge, OpenAPI) walks that value. See DESIGN law 4:
// a fact is said once.
import type { FieldError } from './fielderror.ts';

/** How server-side apply and strategic merge treat a list. */
export type ListType = 'atomic' | 'set' | 'map';

/** Scalar types; the names are those of the wire formats. */
export type ScalarKind = 'string' | 'bool' | 'int32' | 'int64' | 'double' | 'bytes';

/**
 * Types whose JSON form differs from their protobuf form:
 * `time`/`microTime` are RFC 3339 strings, `duration` is a Go duration string, `quantity` a Kubernetes quantity,
 * `intOrString` a number or string, `fieldsV1`/`raw`/`json` arbitrary JSON, `schemaOrBool`/`schemaOrArray`/
 * `schemaOrStrings` the unions of JSONSchemaProps.
 */
export type SpecialKind =
  | 'time'
  | 'microTime'
  | 'duration'
  | 'quantity'
  | 'intOrString'
  | 'fieldsV1'
  | 'raw'
  | 'json'
  | 'schemaOrBool'
  | 'schemaOrArray'
  | 'schemaOrStrings';

/** Any JSON value, immutable. Whole numbers of 64 bits that a number cannot hold are BigInts. */
export type Json = string | number | bigint | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** An object whose shape is not known statically. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

declare const phantom: unique symbol;

export interface ScalarType<T = unknown> {
  readonly kind: ScalarKind | SpecialKind;
  /** Allowed values, where the API closes the set. */
  readonly enum?: readonly string[];
  readonly [phantom]?: T;
}
export interface ListTypeNode<T = unknown> {
  readonly kind: 'list';
  readonly item: TypeNode;
  readonly listType?: ListType;
  readonly listKeys?: readonly string[];
  readonly [phantom]?: T;
}
export interface MapTypeNode<T = unknown> {
  readonly kind: 'map';
  readonly value: TypeNode;
  readonly [phantom]?: T;
}
export interface RefType<T = unknown> {
  readonly kind: 'ref';
  /** Resolves the referenced struct; a thunk because types may refer to themselves. */
  readonly struct: () => Struct;
  readonly [phantom]?: T;
}
export type TypeNode = ScalarType | ListTypeNode | MapTypeNode | RefType;

/** What is known about a field besides its type. */
export interface FieldFacts {
  /** Protobuf field number; 0 for fields without one (apiVersion, kind, JSON-only types). */
  readonly n: number;
  readonly required?: boolean;
  /** Static default, applied when the field is absent. Conditional defaults live in `*.rules.ts`. */
  readonly default?: Json;
  /** Written in JSON even when empty or zero. */
  readonly emit?: boolean;
  /** Scalar with presence: an explicit zero is kept in JSON and protobuf. */
  readonly ptr?: boolean;
  /** Strategic merge patch strategy, e.g. `merge`, `replace`, `merge,retainKeys`. */
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  /** List type of a field that is a list in Go but a scalar here: bytes. */
  readonly listType?: ListType;
  /** `granular` (default) or `atomic`, for maps and structs, at this field. */
  readonly mapType?: 'atomic' | 'granular';
  /** Number of the protobuf message that carries this field where Go inlines a struct, outermost first. */
  readonly via?: readonly number[];
  /** The list is a protobuf message of its own, with the items in field 1 (Go: a named slice type, `Verbs`). */
  readonly boxed?: boolean;
}
export interface Field<T = unknown, R extends boolean = boolean> extends FieldFacts {
  readonly type: TypeNode;
  readonly required?: R;
  readonly [phantom]?: T;
}
export type Fields = Readonly<Record<string, Field>>;

/** Reads and checks objects of a kind that somebody's CustomResourceDefinition describes; see structural/. */
export interface CustomWalkers {
  readonly namespaced: boolean;
  /** Normal form, pruned and (with `defaults`) defaulted; `meta` reads metadata. Shares nothing with the value. */
  read(value: Readonly<Record<string, unknown>>, options: { readonly defaults: boolean; readonly meta: MetaReader }): CustomRead;
  /** What is wrong with an object, apart from its own metadata; unchanged parts of `previous` pass. */
  validate(object: object, previous?: object): FieldError[];
}
export type MetaReader = (metadata: unknown) => CustomRead;
export interface CustomRead {
  readonly object: object;
  /** Paths of unknown fields that were dropped. */
  readonly unknown: readonly string[];
}

export interface StructOptions {
  /** Set on types that are served or enveloped: their apiVersion and kind. */
  readonly gvk?: readonly { readonly group: string; readonly version: string; readonly kind: string }[];
  readonly mapType?: 'atomic';
  /** Objects may have members that the struct does not name. */
  readonly open?: boolean;
  /** The type is a custom resource's. */
  readonly custom?: CustomWalkers;
  /** A field whose value says which of the others is set: each of those by the value that stands for it. */
  readonly union?: { readonly discriminator: string; readonly fields: Readonly<Record<string, string>> };
}
export interface Struct<F extends Fields = Fields> {
  readonly kind: 'struct';
  /** Short Kubernetes type name, e.g. `core.v1.PodSpec`. */
  readonly name: string;
  readonly fields: F;
  readonly options: StructOptions;
}

type Value<F> = F extends { readonly [phantom]?: infer T } ? Exclude<T, undefined> : never;
type RequiredKeys<F extends Fields> = { [K in keyof F]: F[K] extends { readonly required: true } ? K : never }[keyof F];

/** The TypeScript type of objects that a struct describes. All properties are read-only: API objects are values. */
export type Infer<S> =
  S extends Struct<infer F>
    ? { readonly [K in RequiredKeys<F>]: Value<F[K]> } & { readonly [K in Exclude<keyof F, RequiredKeys<F>>]?: Value<F[K]> }
    : never;

/** Declares a struct; `name` is the short Kubernetes type name. */
export function struct<const F extends Fields>(name: string, fields: F, options: StructOptions = {}): Struct<F> {
  return { kind: 'struct', name, fields, options };
}

const scalar = <T>(kind: ScalarKind | SpecialKind): ScalarType<T> => ({ kind });
export const string = scalar<string>('string');
export const bool = scalar<boolean>('bool');
export const int32 = scalar<number>('int32');
export const int64 = scalar<number>('int64');
export const double = scalar<number>('double');
/** Standard base64 text in JSON. */
export const bytes = scalar<string>('bytes');
export const time = scalar<string>('time');
export const microTime = scalar<string>('microTime');
export const duration = scalar<string>('duration');
export const quantity = scalar<string>('quantity');
export const intOrString = scalar<number | string>('intOrString');
export const fieldsV1 = scalar<JsonObject>('fieldsV1');
export const raw = scalar<JsonObject>('raw');
export const json = scalar<Json>('json');

/** A string with a closed set of values. */
export const oneOf = <const E extends readonly string[]>(...values: E): ScalarType<E[number]> => ({ kind: 'string', enum: values });
/** A scalar of one of the JSON-schema union kinds. */
export const union = <T>(kind: 'schemaOrBool' | 'schemaOrArray' | 'schemaOrStrings'): ScalarType<T> => ({ kind });

/** A list; `listType` and `listKeys` are those of server-side apply. */
export function list<T>(
  item: { readonly [phantom]?: T } & TypeNode,
  listType?: ListType,
  ...listKeys: string[]
): ListTypeNode<readonly Exclude<T, undefined>[]> {
  return { kind: 'list', item, ...(listType ? { listType } : {}), ...(listKeys.length ? { listKeys } : {}) };
}
/** A map with string keys. */
export function map<T>(value: { readonly [phantom]?: T } & TypeNode): MapTypeNode<{ readonly [key: string]: Exclude<T, undefined> }> {
  return { kind: 'map', value };
}
/** A reference to another struct: `of<PodSpec>(() => PodSpec)`. */
export function of<T>(target: () => Struct): RefType<T> {
  return { kind: 'ref', struct: target };
}

/** An optional field: number, type, other facts. */
export function opt<T>(
  n: number,
  type: { readonly [phantom]?: T } & TypeNode,
  facts: Omit<FieldFacts, 'n' | 'required'> = {},
): Field<T, false> {
  return { n, type, ...facts } as Field<T, false>;
}
/** A field that the schema requires. */
export function req<T>(
  n: number,
  type: { readonly [phantom]?: T } & TypeNode,
  facts: Omit<FieldFacts, 'n' | 'required'> = {},
): Field<T, true> & { readonly required: true } {
  return { n, type, ...facts, required: true } as Field<T, true> & { readonly required: true };
}

/** A root kind: `Root<T, 'metadata' | 'spec'>` makes the sections that the server always sends non-optional. */
export type Root<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]-?: NonNullable<T[P]> };
