// Server-side apply by kubectl of what was managed by client-side apply before: the annotation that the latter keeps.
import { goJson } from '#format/goquote.ts';
import { parseExact } from '#format/json.ts';
import { isObject, setOwn } from '#format/own.ts';
import type { OwnedObject } from './apply.ts';
import { patchProblem } from './checkpatch.ts';
import { compareTyped } from './compare.ts';
import { emptySet, type FieldSet } from './fieldset.ts';
import type { Shape } from './shape.ts';
import { fieldsOf } from './typed.ts';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
/** What the annotations of one object may take together, in bytes. */
const maxAnnotations = 256 * 1024;

const size = (text: string): number => new TextEncoder().encode(text).length;

/** The value with the keys of all objects in order, as Go writes maps. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) setOwn(out, key, sorted(value[key]));
  return out;
}

/**
 * The object with its last-applied annotation brought up to date with what was applied, if it has one.
 * Where the annotations would become too large, the annotation stays and is empty.
 */
export function withLastApplied(object: OwnedObject, patch: OwnedObject): OwnedObject {
  const existing = object.metadata.annotations;
  if (!existing?.[lastApplied]) return object;
  const { annotations, ...metadata } = patch.metadata;
  const { [lastApplied]: _, ...rest } = annotations ?? {};
  const applied = { ...patch, metadata: annotations ? { ...metadata, annotations: rest } : metadata };
  const text = `${goJson(sorted(applied))}\n`;
  let total = size(lastApplied) + size(text);
  for (const [key, value] of Object.entries(existing)) if (key !== lastApplied) total += size(key) + size(value);
  const value = total > maxAnnotations ? '' : text;
  return { ...object, metadata: { ...object.metadata, annotations: { ...existing, [lastApplied]: value } } };
}

/**
 * Fields that client-side apply set and that nobody changed since: kubectl may take them over.
 * None when the annotation cannot be read or is of another version.
 */
export function setByClientSideApply(live: OwnedObject, { apiVersion, shape }: { apiVersion: string; shape: Shape }): FieldSet {
  const text = live.metadata.annotations?.[lastApplied];
  if (!text) return emptySet;
  let applied: unknown;
  try {
    applied = parseExact(text);
  } catch {
    return emptySet;
  }
  if (!isObject(applied) || applied['apiVersion'] !== apiVersion || patchProblem(applied, shape)) return emptySet;
  const { added, modified, removed } = compareTyped(applied, live, shape);
  return fieldsOf(applied, shape).difference(added).difference(modified).difference(removed);
}
