// Objects as stored bytes: JSON without resourceVersion, `kind`, `apiVersion` and `metadata` first, so that the version
// (the store's revision, known only after the write) can be spliced into the bytes without encoding again.
import type { KubeObject } from '#api/object.ts';
import { lasting, lastingText } from '#base/bytes.ts';
import { Recent } from '#base/recent.ts';
import { parseExact, textOfBytes } from '#format/json.ts';
import { setOwn } from '#format/own.ts';

// An object that was encoded here needs no decoding when the same bytes come back through the watch. It is a property of the
// bytes: a weak map of all versions costs each of them more than the rest of their keeping.
const decoded = Symbol('decoded');
type Stored = Uint8Array & { [decoded]?: KubeObject };

// Texts of the specs and sets of fields that objects in rows share; known from the second time on.
const specs = new Recent<object, { text?: string }>();
const sets = new Recent<object, { text?: string }>();

/** The JSON of a value that was here lately. */
function textOf(recent: Recent<object, { text?: string }>, value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const known = recent.find(value);
  if (known) return (known.text ??= JSON.stringify(value));
  recent.add(value, {});
  return undefined;
}

/** The JSON of an object, given that of some members. */
function assemble(object: object, memberText: (name: string, value: unknown) => string | undefined): string {
  let text = '{';
  for (const [name, value] of Object.entries(object)) {
    if (value !== undefined)
      text += `${text.length > 1 ? ',' : ''}${JSON.stringify(name)}:${memberText(name, value) ?? JSON.stringify(value)}`;
  }
  return `${text}}`;
}

const entryText = (entry: object): string => assemble(entry, (name, value) => (name === 'fieldsV1' ? textOf(sets, value) : undefined));

const metaText = (metadata: KubeObject['metadata']): string =>
  assemble(metadata, (name) => (name === 'managedFields' ? `[${(metadata.managedFields ?? []).map(entryText).join()}]` : undefined));

const first = new Set(['kind', 'apiVersion', 'metadata']);

/** The object without a member; the same one if it has none of that name. */
function without<T extends object>(object: T, name: string): T {
  if (!(name in object)) return object;
  const parts = object as Readonly<Record<string, unknown>>;
  const rest: Record<string, unknown> = {};
  for (const key in parts) if (key !== name) rest[key] = parts[key];
  return rest as T;
}

function encoded(object: KubeObject): string {
  const spec = textOf(specs, (object as { readonly spec?: unknown }).spec);
  if (spec === undefined) return JSON.stringify(object);
  return assemble(object, (name, value) =>
    name === 'spec' ? spec : name === 'metadata' ? metaText(value as KubeObject['metadata']) : undefined,
  );
}

/** Encodes an object for the store; `resourceVersion` is left out. */
export function encodeStored(object: KubeObject): Uint8Array {
  const { kind, apiVersion, metadata } = object;
  const stored = { kind, apiVersion, metadata: without(metadata, 'resourceVersion') } as KubeObject;
  const parts = object as unknown as Readonly<Record<string, unknown>>;
  for (const name in parts) if (!first.has(name)) setOwn(stored as unknown as Record<string, unknown>, name, parts[name]);
  const bytes: Stored = lastingText(encoded(stored));
  bytes[decoded] = stored;
  return bytes;
}

/** Decodes stored bytes; the result has no resourceVersion. */
export function decodeStored(bytes: Uint8Array): KubeObject {
  const known = (bytes as Stored)[decoded];
  if (known) return known;
  return parseExact(textOfBytes(bytes)) as KubeObject;
}

/** The object with its resourceVersion; revision 0 (a dry run's new object) has none. */
export function withVersion<T extends KubeObject>(object: T, revision: number): T {
  if (revision === 0) return object;
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

const marker = Buffer.from('"metadata":{');

/** Stored bytes with the resourceVersion spliced in: the JSON that clients get. */
export function spliceVersion(stored: Uint8Array, revision: number): Uint8Array {
  if (revision === 0) return stored;
  const source = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const at = source.indexOf(marker) + marker.length;
  const version = `"resourceVersion":"${revision}"${source[at] === 0x7d ? '' : ','}`;
  const out = lasting(source.length + version.length);
  source.copy(out, 0, 0, at);
  out.write(version, at, 'latin1');
  source.copy(out, at + version.length, at);
  return out;
}

/** The reverse of `spliceVersion`. */
export function cutVersion(json: Uint8Array, revision: number): Uint8Array {
  if (revision === 0) return json;
  const source = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  const at = source.indexOf(marker) + marker.length;
  let rest = at + `"resourceVersion":"${revision}"`.length;
  if (source[rest] === 0x2c) rest++;
  const out = lasting(source.length - rest + at);
  source.copy(out, 0, 0, at);
  source.copy(out, at, rest);
  return out;
}

/** Freezes an object and everything below it; stops at what is frozen already. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
