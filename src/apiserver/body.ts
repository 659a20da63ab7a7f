// Request bodies: bounded reading, content types, decoding into objects of the DSL.
import { cannotBeHandled, decode, DecodeError, type Siblings, strictReason } from '#api/rules.ts';
import { badRequest, requestEntityTooLarge, unsupportedMediaType } from '#api/status.ts';
import { messageOf } from '#base/errors.ts';
import { goQuote } from '#format/goquote.ts';
import { parseJson, parseJsonStrict } from '#format/json.ts';
import { isObject, setOwn } from '#format/own.ts';
import { parseYaml, parseYamlStrict } from '#format/yaml.ts';
import type { Struct } from '#api/dsl.ts';
import { apiVersionOf, type KubeObject, parseApiVersion } from '#api/object.ts';
import { structs } from '#api/structs.ts';
import { decodeProtobuf, openEnvelope, structOfKind } from '#api/walk/protobuf.ts';
import { ProtobufError } from '#format/protowire.ts';
import type { Call, Context } from './chain.ts';
import { type FieldValidation, fieldValidationOf } from './options.ts';

/** The largest body that is read: 3 MiB, as in Kubernetes. */
export const maxBody = 3 * 1024 * 1024;

const empty = new Uint8Array(0);

/** Reads the whole body, up to `limit` bytes; more is a 413. */
export async function readBody(call: Call, limit = maxBody): Promise<Uint8Array> {
  const declared = Number(call.headers['content-length'] ?? 0);
  if (declared > limit) throw requestEntityTooLarge(`limit is ${limit}`);
  let first: Uint8Array | undefined;
  let rest: Uint8Array[] | undefined;
  let size = 0;
  for await (const chunk of call.body) {
    size += chunk.length;
    if (size > limit) throw requestEntityTooLarge(`limit is ${limit}`);
    if (!first) first = chunk;
    else (rest ??= [first]).push(chunk);
  }
  return rest ? Buffer.concat(rest) : (first ?? empty);
}

export type BodyFormat = 'json' | 'yaml' | 'protobuf';

const formats: Readonly<Record<string, BodyFormat>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  'application/vnd.kubernetes.protobuf': 'protobuf',
};

/** The media type without parameters, lower case. */
export function mediaType(header: string | undefined): string {
  if (header === undefined) return '';
  const semicolon = header.indexOf(';');
  return (semicolon < 0 ? header : header.slice(0, semicolon)).trim().toLowerCase();
}

/** The format of a body that holds an object; 415 for anything that is not offered. */
export function bodyFormat(call: Call, target?: Target): BodyFormat {
  const type = mediaType(call.headers['content-type']);
  if (type === '') return 'json';
  const format = formats[type];
  // Custom resources have no protobuf form.
  if (target?.struct.options.custom && (!format || format === 'protobuf')) {
    throw unsupportedMediaType(Object.keys(formats).filter((name) => formats[name] !== 'protobuf'));
  }
  if (!format) throw unsupportedMediaType(Object.keys(formats));
  return format;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function summary(bytes: Uint8Array): string {
  const head = text(bytes.subarray(0, 30));
  if (bytes.length === 0) return '<empty>';
  return head.startsWith('{') ? (bytes.length > 30 ? `${head} ...` : head) : Buffer.from(bytes.subarray(0, 30)).toString('hex');
}

/** What Go says of JSON that is no object where one with a kind is expected; undefined for objects. */
function notTyped(value: unknown): string | undefined {
  if (value === undefined || value === null || isObject(value)) return undefined;
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value === 'bigint' ? 'number' : typeof value;
  const members = ['APIVersion', 'Kind'].map((name) => {
    const json = name === 'Kind' ? 'kind' : 'apiVersion';
    return `${name} string ${goQuote(`json:"${json},omitempty"`)}`;
  });
  return `json: cannot unmarshal ${type} into Go value of type struct { ${members.join('; ')} }`;
}

/** Parses JSON or YAML bytes; a 400 that names the expected kind for what cannot be read. */
export function parseBody(bytes: Uint8Array, format: 'json' | 'yaml', kind: string): unknown {
  try {
    return format === 'json' ? parseJson(text(bytes)) : parseYaml(text(bytes));
  } catch (error) {
    const what = format === 'json' ? 'json parse error' : 'yaml parse error';
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; ${what}: ${messageOf(error)} (${summary(bytes)})`,
    );
  }
}

export interface Target {
  readonly struct: Struct;
  /** Other apiVersions that say the same. */
  readonly alike?: readonly string[];
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

function registered(group: string, version: string, kind: string): boolean {
  const prefix = group === '' ? 'core' : (group.split('.')[0] as string);
  return structs.has(`${prefix}.${version}.${kind}`);
}

/** Checks apiVersion and kind of a body against what the URL wants; absent ones are filled in. */
export function checkType(value: Record<string, unknown>, target: Target): void {
  const apiVersion = typeof value['apiVersion'] === 'string' ? value['apiVersion'] : '';
  const kind = typeof value['kind'] === 'string' ? value['kind'] : '';
  const expected = apiVersionOf(target);
  const given = parseApiVersion(apiVersion || expected);
  if (kind !== '' && kind !== target.kind) {
    const reason = registered(given.group, given.version, kind)
      ? `converting (${given.version}.${kind}) to (${target.version}.${target.kind}): unknown conversion`
      : `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion || expected)} in scheme "pkg/api/legacyscheme/scheme.go:30"`;
    throw cannotBeHandled({ kind, version: given.version }, target.kind, reason);
  }
  if (apiVersion !== '' && apiVersion !== expected && !target.alike?.includes(apiVersion)) {
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${expected})`);
  }
}

/** Turns parsed JSON into an object of the target: types checked, defaults applied, unknown fields handled as asked. */
export function decodeValue(
  value: unknown,
  target: Target,
  validation: FieldValidation,
  warn: (text: string) => void,
  siblings?: Siblings,
): KubeObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest(`the object provided is unrecognized (must be of type ${target.kind}): couldn't get version/kind; json parse error`);
  }
  checkType(value as Record<string, unknown>, target);
  let decoded;
  try {
    decoded = decode(target.struct, value, siblings ? { siblings } : {});
  } catch (error) {
    if (error instanceof DecodeError) throw cannotBeHandled(target, target.kind, error.message);
    throw error;
  }
  if (decoded.unknown.length > 0 && validation !== 'Ignore') {
    if (validation === 'Strict') throw cannotBeHandled(target, target.kind, strictReason(decoded.unknown));
    for (const finding of decoded.unknown) warn(finding);
  }
  return complete(keepReset(decoded.object, value), target);
}

/** An empty list of managedFields asks to forget all owners: the one empty list that is not the same as none. */
function keepReset(object: KubeObject, given: object): KubeObject {
  const { metadata } = given as { metadata?: { managedFields?: unknown } | null };
  const list = metadata?.managedFields;
  return Array.isArray(list) && list.length === 0 ? { ...object, metadata: { ...object.metadata, managedFields: [] } } : object;
}

/** kind and apiVersion first, metadata always there. */
function complete(object: KubeObject, target: Target): KubeObject {
  const parts = object as unknown as Readonly<Record<string, unknown>>;
  const out: Record<string, unknown> = { kind: target.kind, apiVersion: apiVersionOf(target) };
  for (const name in parts) if (name !== 'kind' && name !== 'apiVersion') setOwn(out, name, parts[name]);
  out['metadata'] ??= {};
  return out as unknown as KubeObject;
}

/** The value in a body, not yet decoded by its struct. */
export function bodyValue(bytes: Uint8Array, format: BodyFormat, target: Target): unknown {
  if (format === 'protobuf') return protobufBody(bytes, target);
  const value = parseBody(bytes, format, target.kind);
  const problem = notTyped(value);
  if (problem === undefined) return value;
  throw badRequest(
    `the object provided is unrecognized (must be of type ${target.kind}): couldn't get version/kind; json parse error: ${problem} (${summary(bytes)})`,
  );
}

/** Reads and decodes the object in a request's body. */
export async function decodeBody<T = KubeObject>(ctx: Context, target: Target): Promise<T> {
  const { call } = ctx;
  // Only new objects come in rows.
  const siblings = ctx.info.verb !== 'create' ? undefined : call.object === undefined ? 'ours' : 'foreign';
  const validation = fieldValidationOf(call.params);
  let value = call.object;
  // Looking for keys said twice costs a slower parser: only for those who ask.
  let strict: Strictness | undefined;
  if (value === undefined) {
    const format = bodyFormat(call, target);
    const bytes = await readBody(call);
    value = bodyValue(bytes, format, target);
    if (call.params.has('fieldValidation') && validation !== 'Ignore' && format !== 'protobuf') strict = strictness(bytes, format, target);
  }
  const unknown: string[] = [];
  const told = validation === 'Strict' ? 'Warn' : validation;
  const object = decodeValue(value, target, told, (finding) => unknown.push(finding), siblings);
  const findings = strict ? strict.merge(unknown) : unknown;
  if (findings.length > 0 && validation === 'Strict') throw cannotBeHandled(target, target.kind, strictReason(findings));
  ctx.warnings.push(...findings);
  ctx.audit?.request(object);
  return object as T;
}

interface Strictness {
  /** All findings in the order in which Kubernetes tells them. */
  merge(unknown: readonly string[]): readonly string[];
}

function strictness(bytes: Uint8Array, format: 'json' | 'yaml', { struct }: Target): Strictness {
  if (format === 'yaml') {
    const { duplicates } = parseYamlStrict(text(bytes));
    const told = duplicates.length > 0 ? [`yaml: unmarshal errors:\n  ${duplicates.join('\n  ')}`] : [];
    return { merge: (unknown) => [...told, ...unknown] };
  }
  const { duplicates, order } = parseJsonStrict(bytes);
  return {
    merge: (unknown) => {
      const doubled = duplicates.map((path) => ({ at: order(path), told: `duplicate field ${goQuote(path)}` }));
      // Custom resources are read first and pruned afterwards.
      if (struct.options.custom) return [...doubled.map(({ told }) => told), ...unknown];
      const strange = unknown.map((told) => ({ at: order(quotedPath(told)), told }));
      return [...doubled, ...strange].sort((a, b) => a.at - b.at).map(({ told }) => told);
    },
  };
}

/** The path in `unknown field "a.b"`. */
function quotedPath(finding: string): string {
  return finding.slice(finding.indexOf('"') + 1, -1);
}

/** The object in a protobuf body. Resources without a protobuf form (custom ones) answer 415. */
function protobufBody(bytes: Uint8Array, target: Target): unknown {
  try {
    const { apiVersion, kind, raw } = openEnvelope(bytes);
    const struct = structOfKind(apiVersion || apiVersionOf(target), kind || target.kind) ?? target.struct;
    if (!structs.has(struct.name)) throw unsupportedMediaType(['application/json', 'application/yaml']);
    return { ...(apiVersion ? { apiVersion } : {}), ...(kind ? { kind } : {}), ...decodeProtobuf(struct, raw) };
  } catch (error) {
    if (error instanceof ProtobufError)
      throw badRequest(`the object provided is unrecognized (must be of type ${target.kind}): ${error.message} (${summary(bytes)})`);
    throw error;
  }
}
