// JSON Patch (RFC 6902) on immutable values: unchanged parts of the document are shared with the result.
import type { Json } from '#api/dsl.ts';
import { goQuote } from '#format/goquote.ts';
import { sameJson } from '#format/own.ts';
import { isNumber } from '#format/wholenumber.ts';

export interface PatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: Json;
}

/** A patch that cannot be read (`malformed`) or does not apply to this document (`inapplicable`). */
export class JsonPatchError extends Error {
  /** `untrue`: a test operation found something else. */
  readonly kind: 'malformed' | 'inapplicable' | 'untrue';
  constructor(kind: JsonPatchError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

type JsonMap = { readonly [key: string]: Json };
const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);
const isMap = (value: Json | undefined): value is JsonMap => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Operations at most in one patch, as the API server of Kubernetes limits them. */
const mostOperations = 10_000;

function inapplicable(message: string): JsonPatchError {
  return new JsonPatchError('inapplicable', message);
}

/** What Go's decoder calls a value. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : isNumber(value) ? 'number' : typeof value;
}

/** Checks the shape of a decoded patch. */
export function parseJsonPatch(value: unknown): readonly PatchOperation[] {
  if (!Array.isArray(value)) throw new JsonPatchError('malformed', 'json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  if (value.length > mostOperations)
    throw new JsonPatchError('malformed', `The allowed maximum operations in a JSON patch is ${mostOperations}, got ${value.length}`);
  for (const operation of value as unknown[]) {
    if (!isMap(operation as Json))
      throw new JsonPatchError('malformed', `json: cannot unmarshal ${kindOf(operation)} into Go value of type jsonpatch.Operation`);
  }
  return value as PatchOperation[];
}

function segments(path: string): string[] {
  if (path === '') return [];
  return path
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The place of an array index; negative ones count from the end, as in the Go library that Kubernetes uses. */
function indexOf(list: readonly Json[], key: string, adding: boolean): number {
  const size = list.length + (adding ? 1 : 0);
  if (key === '-' && adding) return list.length;
  if (!/^[+-]?[0-9]+$/.test(key))
    throw inapplicable(`value was not a proper array index: '${key}': strconv.Atoi: parsing ${goQuote(key)}: invalid syntax`);
  const index = Number(key);
  if (index >= size || index < -size) throw inapplicable(`Unable to access invalid index: ${index}: invalid index referenced`);
  return index < 0 ? index + size : index;
}

function child(value: Json | undefined, key: string): Json | undefined {
  if (isList(value)) return value[indexOf(value, key, false)];
  if (isMap(value)) return Object.hasOwn(value, key) ? value[key] : undefined;
  return undefined;
}

/** The value at a path; undefined if there is none. */
function find(document: Json, path: readonly string[]): Json | undefined {
  let at: Json | undefined = document;
  for (const key of path) {
    try {
      at = child(at, key);
    } catch {
      return undefined;
    }
  }
  return at;
}

type Change = (container: readonly Json[] | JsonMap, key: string) => Json;

/** Rebuilds the spine down to `path` and lets `change` replace the last container; undefined if a step is missing. */
function edit(value: Json | undefined, path: readonly string[], change: Change): Json | undefined {
  const [key, ...rest] = path;
  if (key === undefined || (!isList(value) && !isMap(value))) return undefined;
  if (rest.length === 0) return change(value, key);
  const next = edit(find(value, [key]), rest, change);
  if (next === undefined) return undefined;
  return isList(value) ? value.with(indexOf(value, key, false), next) : { ...value, [key]: next };
}

/** As `edit`; `missing` words the error for a path that leads nowhere, `context` goes before errors of the change. */
function editAt(document: Json, path: string, words: { readonly missing: string; readonly context: string }, change: Change): Json {
  const result = edit(document, segments(path), (container, key) => {
    try {
      return change(container, key);
    } catch (error) {
      if (error instanceof JsonPatchError && words.context !== '') throw inapplicable(`${words.context}: ${error.message}`);
      throw error;
    }
  });
  if (result === undefined) throw inapplicable(`${words.missing}: missing value`);
  return result;
}

function add(
  document: Json,
  path: string,
  value: Json,
  missing = `add operation does not apply: doc is missing path: ${goQuote(path)}`,
): Json {
  if (path === '') return value;
  return editAt(document, path, { missing, context: `error in add for path: '${path}'` }, (container, key) =>
    isList(container) ? container.toSpliced(indexOf(container, key, true), 0, value) : { ...container, [key]: value },
  );
}

function remove(document: Json, path: string, verb = 'remove'): Json {
  const missing = `${verb} operation does not apply: doc is missing path: ${goQuote(path)}`;
  return editAt(document, path, { missing, context: `error in ${verb} for path: '${path}'` }, (container, key) => {
    if (isList(container)) return container.toSpliced(indexOf(container, key, false), 1);
    if (!Object.hasOwn(container, key)) throw inapplicable(`Unable to remove nonexistent key: ${key}: missing value`);
    const { [key]: _, ...rest } = container;
    return rest;
  });
}

function replace(document: Json, path: string, value: Json): Json {
  if (path === '') return value;
  const missing = `replace operation does not apply: doc is missing path: ${path}`;
  return editAt(document, path, { missing, context: '' }, (container, key) => {
    if (find(container, [key]) === undefined)
      throw inapplicable(`replace operation does not apply: doc is missing key: ${path}: missing value`);
    return isList(container) ? container.with(indexOf(container, key, false), value) : { ...container, [key]: value };
  });
}

/** What all copies of one patch may add together. */
const maxCopied = 3 * 1024 * 1024;

/** Applies the operations in order. Throws `JsonPatchError`; the document itself is never changed. */
export function applyJsonPatch(document: Json, operations: readonly PatchOperation[]): Json {
  let result = document;
  let copied = 0;
  for (const operation of operations) {
    const { op, path, from } = operation;
    if (typeof path !== 'string') throw inapplicable(`${op} operation failed to decode path: missing value`);
    const value = operation.value ?? null;
    switch (op) {
      case 'add':
        result = add(result, path, value);
        break;
      case 'remove':
        result = remove(result, path);
        break;
      case 'replace':
        result = replace(result, path, value);
        break;
      case 'move':
      case 'copy': {
        if (typeof from !== 'string') throw inapplicable(`${op} operation failed to decode from: missing value`);
        const moved = find(result, segments(from));
        if (moved === undefined) throw inapplicable(`${op} operation does not apply: doc is missing from path: ${from}: missing value`);
        if (op === 'move') result = remove(result, from, 'move');
        else {
          copied += JSON.stringify(moved).length;
          if (copied > maxCopied)
            throw inapplicable(
              `Unable to complete the copy, the accumulated size increase of copy is ${copied}, exceeding the limit ${maxCopied}`,
            );
        }
        result = add(result, path, moved, `${op} operation does not apply: doc is missing destination path: ${path}`);
        break;
      }
      case 'test':
        if (!sameJson(find(result, segments(path)) ?? null, value))
          throw new JsonPatchError('untrue', `testing value ${path} failed: test failed`);
        break;
      default:
        throw inapplicable(`Unexpected kind: ${op ?? 'unknown'}`);
    }
  }
  return result;
}
