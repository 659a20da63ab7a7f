// The one door to the rules of all kinds: decode, defaults, validation.
import type { CustomWalkers, Struct } from '#api/dsl.ts';
import type { FieldError } from '#api/fielderror.ts';
import { dns1123Subdomain } from '#api/formats.ts';
import { ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { checkMeta, checkMetaUpdate, type MetaRules } from '#api/meta/v1/objectmeta.rules.ts';
import type { KubeObject } from '#api/object.ts';
import * as refs from '#api/refs.ts';
import { badRequest, type StatusError } from '#api/status.ts';
import { type Decoded, DecodeCompiler, DecodeError, type Siblings } from '#api/walk/decode.ts';
import { goValue } from '#api/walk/gotypes.ts';
import type { TypeRules } from '#api/walk/typerules.ts';
import { ValidateCompiler } from '#api/walk/validate.ts';
import { goQuote } from '#format/goquote.ts';
import { isObject } from '#format/own.ts';
import { allRules } from './allrules.ts';

export type { Decoded, Siblings } from '#api/walk/decode.ts';
export { DecodeError } from '#api/walk/decode.ts';

const byStruct: ReadonlyMap<Struct, TypeRules> = new Map(allRules.map((rules) => [rules.struct, rules]));
const clusterScoped: ReadonlySet<Struct | undefined> = new Set(
  Object.values(refs)
    .filter((ref) => !ref.namespaced)
    .map((ref) => ref.struct),
);
const decoders = new DecodeCompiler((struct) => byStruct.get(struct));
const validators = new ValidateCompiler((struct) => byStruct.get(struct));

/** The rules of a type, if it has any. */
export function rulesOf(struct: Struct): TypeRules | undefined {
  return byStruct.get(struct);
}

/**
 * Decodes a JSON value: types checked, unknown fields pruned and listed, normal form, defaults applied (unless `defaults`
 * is false). Throws DecodeError. The result shares no list, map or object of the DSL's shape with the input. It may share
 * some with results for siblings of the value, where the caller says that it is a new object of its kind.
 */
export function decode<T = KubeObject>(
  struct: Struct,
  value: unknown,
  options: { readonly defaults?: boolean; readonly siblings?: Siblings } = {},
): Decoded<T> {
  const defaults = options.defaults ?? true;
  const { custom } = struct.options;
  return custom ? decodeCustom<T>(custom, value, defaults) : decoders.decode<T>(struct, value, defaults, options.siblings);
}

const unknownText = /^unknown field "(.*)"$/s;

function readMeta(metadata: unknown): { object: object; unknown: readonly string[] } {
  const { object, unknown } = decoders.decode<object>(ObjectMeta, metadata, true);
  return { object, unknown: unknown.map((text) => unknownText.exec(text)?.[1] ?? text) };
}

function decodeCustom<T>(custom: CustomWalkers, value: unknown, defaults: boolean): Decoded<T> {
  if (!isObject(value)) throw new DecodeError(`json: cannot unmarshal ${goValue(value)} into Go value of type map[string]interface {}`);
  const { object, unknown } = custom.read(value, { defaults, meta: readMeta });
  return { object: object as T, unknown: unknown.map((path) => `unknown field ${goQuote(path)}`) };
}
/** A copy of the object with scheme defaults applied; also brings it to the server's normal form. */
export function applyDefaults<T extends object>(struct: Struct, object: T): T {
  return decode<T>(struct, object).object;
}
/** A copy of the object in the server's normal form (what its JSON holds), without defaulting. */
export function normalize<T extends object>(struct: Struct, object: T): T {
  return decode<T>(struct, object, { defaults: false }).object;
}
/** The 400 for a body that cannot be decoded: `Deployment in version "v1" cannot be handled as a Deployment: …`. */
export function cannotBeHandled(type: { readonly kind: string; readonly version: string }, into: string, reason: string): StatusError {
  return badRequest(`${type.kind} in version ${goQuote(type.version)} cannot be handled as a ${into}: ${reason}`);
}
/** The reason for a 400 when strict decoding found something: unknown and duplicate fields. */
export function strictReason(findings: readonly string[]): string {
  return `strict decoding error: ${findings.join(', ')}`;
}

/** True when objects of this kind live in namespaces. */
export function isNamespaced(struct: Struct): boolean {
  return struct.options.custom?.namespaced ?? !clusterScoped.has(struct);
}

function metaRules(struct: Struct): MetaRules {
  const name = struct.options.custom ? dns1123Subdomain : byStruct.get(struct)?.name;
  return { namespaced: isNamespaced(struct), ...(name ? { name } : {}) };
}

function validate(struct: Struct, object: KubeObject, previous: KubeObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  checkMeta(object.metadata, metaRules(struct), errors);
  const { custom } = struct.options;
  if (custom) return [...errors, ...custom.validate(object, previous)];
  const rules = byStruct.get(struct);
  const env = { root: struct, update: previous !== undefined };
  validators.visitor(struct)?.(object, '', errors, env);
  rules?.object?.(object as never, errors, env);
  return errors;
}

/** Everything wrong with a new object (decoded, defaulted, prepared by its strategy). */
export function validateCreate(struct: Struct, object: KubeObject): FieldError[] {
  const errors = validate(struct, object, undefined);
  byStruct.get(struct)?.create?.(object as never, errors);
  return errors;
}
/** Everything wrong with the new state of an object. */
export function validateUpdate(struct: Struct, next: KubeObject, previous: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  checkMetaUpdate(next.metadata, previous.metadata, errors);
  errors.push(...validate(struct, next, previous));
  byStruct.get(struct)?.update?.(next as never, previous as never, errors);
  return unique(errors);
}
/** Everything wrong with a write to /status; the rest of the object is the stored one's. */
export function validateStatusUpdate(struct: Struct, next: KubeObject, previous: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  checkMeta(next.metadata, metaRules(struct), errors);
  checkMetaUpdate(next.metadata, previous.metadata, errors);
  errors.push(...(struct.options.custom?.validate(next, previous) ?? []));
  byStruct.get(struct)?.status?.(next as never, previous as never, errors);
  return errors;
}
/** What is wrong with a review, a Binding or another object that is not stored: shape and rules, not metadata. */
export function validateShape(struct: Struct, object: object): FieldError[] {
  const errors: FieldError[] = [];
  const env = { root: struct, update: false };
  validators.visitor(struct)?.(object, '', errors, env);
  byStruct.get(struct)?.object?.(object as never, errors, env);
  return errors;
}

function unique(errors: FieldError[]): FieldError[] {
  const seen = new Set<string>();
  return errors.filter((error) => {
    const key = `${error.field}\0${error.type}\0${error.detail}`;
    return seen.has(key) ? false : seen.add(key);
  });
}
