// JSON Patch (RFC 6902) on immutable values: unchanged parts of the document are shared with the result.
import type { Json } from '#api/dsl.ts';

export interface PatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: Json;
}

/** A patch that cannot be read (`malformed`) or does not apply to this document (`inapplicable`). */
export class JsonPatchError extends Error {
  readonly kind: 'malformed' | 'inapplicable';
  constructor(kind: 'malformed' | 'inapplicable', message: string) {
    super(message);
    this.kind = kind;
  }
}

type JsonMap = { readonly [key: string]: Json };
const isMap = (value: Json | undefined): value is JsonMap => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Operations at most in one patch, as the API server of Kubernetes limits them. */
const mostOperations = 10_000;

function inapplicable(message: string): JsonPatchError {
  return new JsonPatchError('inapplicable', message);
}

/** Checks the shape of a decoded patch. */
export function parseJsonPatch(value: unknown): readonly PatchOperation[] {
  if (!Array.isArray(value)) throw new JsonPatchError('malformed', 'json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  if (value.length > mostOperations)
    throw new JsonPatchError('malformed', `The allowed maximum operations in a JSON patch is ${mostOperations}, got ${value.length}`);
  for (const operation of value as unknown[]) {
    if (!isMap(operation as Json))
      throw new JsonPatchError('malformed', 'json: cannot unmarshal value into Go value of type jsonpatch.Operation');
  }
  return value as PatchOperation[];
}

function segments(path: unknown): string[] {
  if (typeof path !== 'string') throw inapplicable('missing path');
  if (path === '') return [];
  if (!path.startsWith('/')) throw inapplicable(`jsonpatch path "${path}" does not start with a slash`);
  return path
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function indexOf(list: readonly Json[], key: string, adding: boolean): number {
  if (key === '-' && adding) return list.length;
  if (!/^(0|[1-9]\d*|-\d+)$/.test(key)) throw inapplicable(`jsonpatch: invalid array index "${key}"`);
  const index = Number(key);
  if (index < 0 || index >= list.length + (adding ? 1 : 0)) throw inapplicable(`Unable to access invalid index: ${key}`);
  return index;
}

function child(value: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(value)) return (value as readonly Json[])[indexOf(value as readonly Json[], key, false)];
  if (isMap(value)) return Object.hasOwn(value, key) ? value[key] : undefined;
  return undefined;
}

function find(document: Json, path: readonly string[]): Json | undefined {
  let at: Json | undefined = document;
  for (const key of path) at = child(at, key);
  return at;
}

/** Rebuilds the spine down to `path` and lets `change` replace the last container. */
function edit(value: Json | undefined, path: readonly string[], change: (container: Json, key: string) => Json, whole: string): Json {
  const [key, ...rest] = path;
  if (key === undefined) throw inapplicable('the document itself cannot be changed in this way');
  if (!Array.isArray(value) && !isMap(value)) throw inapplicable(`${whole}: missing container`);
  if (rest.length === 0) return change(value, key);
  const below = child(value, key);
  if (below === undefined) throw inapplicable(`doc is missing path: "${whole}": missing value`);
  const next = edit(below, rest, change, whole);
  if (Array.isArray(value)) return (value as readonly Json[]).with(indexOf(value as readonly Json[], key, false), next);
  return { ...(value as JsonMap), [key]: next };
}

function add(document: Json, path: readonly string[], value: Json, whole: string): Json {
  if (path.length === 0) return value;
  const change = (container: Json, key: string): Json =>
    Array.isArray(container)
      ? (container as readonly Json[]).toSpliced(indexOf(container as readonly Json[], key, true), 0, value)
      : { ...(container as JsonMap), [key]: value };
  return edit(document, path, change, whole);
}

function remove(document: Json, path: readonly string[], whole: string): Json {
  const change = (container: Json, key: string): Json => {
    if (Array.isArray(container)) return (container as readonly Json[]).toSpliced(indexOf(container as readonly Json[], key, false), 1);
    if (!Object.hasOwn(container as JsonMap, key)) throw inapplicable(`Unable to remove nonexistent key: ${key}`);
    const { [key]: _, ...rest } = container as JsonMap;
    return rest;
  };
  return edit(document, path, change, whole);
}

function replace(document: Json, path: readonly string[], value: Json, whole: string): Json {
  if (path.length === 0) return value;
  const change = (container: Json, key: string): Json => {
    if (Array.isArray(container)) return (container as readonly Json[]).with(indexOf(container as readonly Json[], key, false), value);
    if (!Object.hasOwn(container as JsonMap, key))
      throw inapplicable(`replace operation does not apply: doc is missing key: ${whole}: missing value`);
    return { ...(container as JsonMap), [key]: value };
  };
  return edit(document, path, change, whole);
}

function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item as Json, (b as Json[])[i]));
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

/** Applies the operations in order. Throws `JsonPatchError`; the document itself is never changed. */
export function applyJsonPatch(document: Json, operations: readonly PatchOperation[]): Json {
  let result = document;
  for (const operation of operations) {
    const path = segments(operation.path);
    const value = operation.value ?? null;
    switch (operation.op) {
      case 'add':
        result = add(result, path, value, operation.path);
        break;
      case 'remove':
        result = remove(result, path, operation.path);
        break;
      case 'replace':
        result = replace(result, path, value, operation.path);
        break;
      case 'move':
      case 'copy': {
        const from = segments(operation.from);
        const moved = find(result, from);
        if (moved === undefined)
          throw inapplicable(`${operation.op} operation does not apply: doc is missing from path: ${operation.from}`);
        if (operation.op === 'move') result = remove(result, from, operation.from as string);
        result = add(result, path, moved, operation.path);
        break;
      }
      case 'test':
        if (!same(find(result, path) ?? null, value)) throw inapplicable(`testing value ${operation.path} failed: test failed`);
        break;
      default:
        throw inapplicable(`Unexpected kind: ${operation.op}`);
    }
  }
  return result;
}
