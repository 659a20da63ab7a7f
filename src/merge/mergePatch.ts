// JSON Merge Patch (RFC 7386) on immutable values.
import type { Json } from '#api/dsl.ts';
import { setOwn } from '#format/own.ts';

type JsonMap = { readonly [key: string]: Json };
const isMap = (value: unknown): value is JsonMap => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Without nulls at any depth of maps: what a patch means where the document has nothing. */
function withoutNulls(value: Json): Json {
  if (!isMap(value)) return value;
  const result: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) if (item !== null) setOwn(result, key, withoutNulls(item));
  return result;
}

/** Applies a merge patch: null removes, maps merge, everything else replaces. */
export function applyMergePatch(document: Json | undefined, patch: Json): Json {
  if (!isMap(patch)) return patch;
  if (!isMap(document)) return withoutNulls(patch);
  const result: Record<string, Json> = { ...document };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else setOwn(result, key, applyMergePatch(Object.hasOwn(document, key) ? document[key] : undefined, value));
  }
  return result;
}
