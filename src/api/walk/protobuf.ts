// Objects as protobuf and back, by walking the schema. JSON is the one in-memory form; what differs between the two
// (times, quantities, embedded objects) is translated here.
import type { Field, Struct, TypeNode } from '#api/dsl.ts';
import { structs } from '#api/structs.ts';
import { formatDurationNanos, parseDurationNanos } from '#format/duration.ts';
import { parseExact } from '#format/json.ts';
import { ProtobufError, WireReader, WireWriter, wireType } from '#format/protowire.ts';

type JsonMap = Record<string, unknown>;

interface Slot {
  readonly name: string;
  readonly field: Field;
}
/** A message's fields by number; Go's inlined structs are nested messages whose fields stand in the outer object. */
interface Layout {
  readonly slots: ReadonlyMap<number, Slot>;
  readonly inlined: ReadonlyMap<number, Layout>;
  /** All numbers from the highest to the lowest: the order of writing. */
  readonly descending: readonly number[];
}

const deepest = 128;
const layouts = new WeakMap<Struct, Layout>();

function layoutOf(struct: Struct): Layout {
  let layout = layouts.get(struct);
  if (layout === undefined) {
    layout = build(Object.entries(struct.fields).map(([name, field]) => ({ name, field, via: field.via ?? [] })));
    layouts.set(struct, layout);
  }
  return layout;
}

function build(entries: readonly { name: string; field: Field; via: readonly number[] }[]): Layout {
  const slots = new Map<number, Slot>();
  const groups = new Map<number, { name: string; field: Field; via: readonly number[] }[]>();
  for (const { name, field, via } of entries) {
    const [first, ...rest] = via;
    if (first === undefined) {
      if (field.n > 0) slots.set(field.n, { name, field });
    } else groups.set(first, [...(groups.get(first) ?? []), { name, field, via: rest }]);
  }
  const inlined = new Map([...groups].map(([number, members]) => [number, build(members)]));
  return { slots, inlined, descending: [...slots.keys(), ...inlined.keys()].toSorted((a, b) => b - a) };
}

// ---- reading ----

/** Reads the fields of one message; `visit` must consume each. */
function eachField(reader: WireReader, visit: (field: number, type: number) => void): void {
  while (!reader.done) {
    const { field, type } = reader.tag();
    visit(field, type);
  }
}

function readTime(reader: WireReader, micro: boolean): string | undefined {
  let [seconds, nanos] = [0, 0];
  eachField(reader, (field, type) => {
    if (field === 1) seconds = Number(reader.int64());
    else if (field === 2) nanos = reader.int32();
    else reader.skip(type);
  });
  // Go's zero time: year 1. An empty message means the same.
  if ((seconds === 0 && nanos === 0) || seconds === -62_135_596_800) return undefined;
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return micro ? `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z` : `${whole}Z`;
}

/** The single string or bytes field of a wrapper message. */
function readOnly(reader: WireReader): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  eachField(reader, (field, type) => {
    if (field === 1 && type === wireType.bytes) found = reader.bytes();
    else reader.skip(type);
  });
  return found;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');

function readJson(bytes: Uint8Array | undefined, depth: number): unknown {
  if (bytes === undefined || bytes.length === 0) return undefined;
  if (isEnveloped(bytes)) {
    const { apiVersion, kind, raw } = openEnvelope(bytes);
    const struct = structOfKind(apiVersion, kind);
    if (struct === undefined) throw new ProtobufError(`no kind "${kind}" is registered for version "${apiVersion}"`);
    return { kind, apiVersion, ...readMessage(layoutOf(struct), new WireReader(raw), depth + 1) };
  }
  try {
    return parseExact(textOf(bytes));
  } catch {
    throw new ProtobufError('embedded object is not JSON');
  }
}

function readIntOrString(reader: WireReader): number | string {
  let [kind, number, text] = [0, 0, ''];
  eachField(reader, (field, type) => {
    if (field === 1) kind = Number(reader.int64());
    else if (field === 2) number = reader.int32();
    else if (field === 3) text = reader.string();
    else reader.skip(type);
  });
  return kind === 0 ? number : text;
}

/** The unions of JSONSchemaProps: a schema, or something simpler. */
function readUnion(kind: string, reader: WireReader, depth: number): unknown {
  const schema = structs.get('apiextensions.v1.JSONSchemaProps') as Struct;
  let one: unknown;
  let allows = false;
  const many: unknown[] = [];
  const read = (): unknown => readMessage(layoutOf(schema), reader.message(), depth + 1);
  eachField(reader, (field, type) => {
    if (kind === 'schemaOrBool') {
      if (field === 1) allows = reader.bool();
      else if (field === 2) one = read();
      else reader.skip(type);
    } else if (field === 1) one = read();
    else if (field === 2) many.push(kind === 'schemaOrArray' ? read() : reader.string());
    else reader.skip(type);
  });
  if (one !== undefined) return one;
  return kind === 'schemaOrBool' ? allows : many;
}

function readValue(type: TypeNode, reader: WireReader, depth: number): unknown {
  switch (type.kind) {
    case 'string':
      return reader.string();
    case 'bool':
      return reader.bool();
    case 'int32':
      return reader.int32();
    case 'int64':
      return reader.int64();
    case 'double':
      return reader.double();
    case 'bytes':
      return Buffer.from(reader.bytes()).toString('base64');
    case 'time':
      return readTime(reader.message(), false);
    case 'microTime':
      return readTime(reader.message(), true);
    case 'duration': {
      let nanos: number | bigint = 0;
      const message = reader.message();
      eachField(message, (field, wire) => {
        if (field === 1) nanos = message.int64();
        else message.skip(wire);
      });
      return formatDurationNanos(BigInt(nanos));
    }
    case 'quantity': {
      const bytes = readOnly(reader.message());
      return bytes === undefined || bytes.length === 0 ? '0' : textOf(bytes);
    }
    case 'intOrString':
      return readIntOrString(reader.message());
    case 'fieldsV1':
    case 'raw':
    case 'json':
      return readJson(readOnly(reader.message()), depth);
    case 'schemaOrBool':
    case 'schemaOrArray':
    case 'schemaOrStrings':
      return readUnion(type.kind, reader.message(), depth);
    case 'ref':
      return readMessage(layoutOf(type.struct()), reader.message(), depth + 1);
    case 'list':
      // A list inside a map (ExtraValue) or of a named type (Verbs) is a message of its own: repeated field 1.
      return readItems(type.item, reader.message(), depth);
    case 'map':
      throw new ProtobufError('a map cannot be nested');
  }
}

function readItems(item: TypeNode, reader: WireReader, depth: number): unknown[] {
  const items: unknown[] = [];
  eachField(reader, (field, type) => {
    if (field === 1) items.push(readValue(item, reader, depth));
    else reader.skip(type);
  });
  return items;
}

function readEntry(value: TypeNode, reader: WireReader, depth: number): [string, unknown] {
  let key = '';
  let found: unknown;
  eachField(reader, (field, type) => {
    if (field === 1) key = reader.string();
    else if (field === 2) found = readValue(value, reader, depth);
    else reader.skip(type);
  });
  // A time in a map has no way to be absent: Go writes its zero as null.
  return [key, found ?? zeroOf(value) ?? null];
}

function zeroOf(type: TypeNode): unknown {
  switch (type.kind) {
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
    case 'intOrString':
      return 0;
    case 'list':
      return [];
    case 'quantity':
      return '0';
    case 'string':
    case 'bytes':
      return '';
    case 'duration':
      return '0s';
    default:
      return undefined;
  }
}

function put(object: JsonMap, { name, field }: Slot, value: unknown): void {
  if (value === undefined) return;
  // A zero without presence is what was left out, unless JSON writes it always. What is a message on the wire was sent on purpose.
  const isZero = value === '' || value === 0 || value === false;
  if (isZero && !field.ptr && !field.emit && !isMessage(field.type)) return;
  Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}

function readInto(object: JsonMap, layout: Layout, reader: WireReader, depth: number): void {
  if (depth > deepest) throw new ProtobufError('message is nested too deeply');
  eachField(reader, (number, type) => {
    const slot = layout.slots.get(number);
    if (slot === undefined) {
      const inner = layout.inlined.get(number);
      if (inner === undefined) reader.skip(type);
      else readInto(object, inner, reader.message(), depth + 1);
      return;
    }
    const { name, field } = slot;
    if (field.type.kind === 'list' && !field.boxed) {
      const list = (object[name] ??= []) as unknown[];
      list.push(readValue(field.type.item, reader, depth));
    } else if (field.type.kind === 'map') {
      const map = (object[name] ??= {}) as JsonMap;
      const [key, value] = readEntry(field.type.value, reader.message(), depth);
      Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
    } else put(object, slot, readValue(field.type, reader, depth));
  });
}

function readMessage(layout: Layout, reader: WireReader, depth: number): JsonMap {
  const object: JsonMap = {};
  readInto(object, layout, reader, depth);
  return object;
}

// ---- writing, back to front ----

function writeTime(writer: WireWriter, text: unknown): void {
  if (typeof text !== 'string' || text === '') return;
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) throw new ProtobufError(`not a time: ${text}`);
  const fraction = /\.(\d{1,9})/.exec(text)?.[1];
  const nanos = fraction === undefined ? 0 : Number(fraction.padEnd(9, '0'));
  writer.int(nanos);
  writer.tag(2, wireType.varint);
  writer.int(Math.floor(milliseconds / 1000));
  writer.tag(1, wireType.varint);
}

function writeIntOrString(writer: WireWriter, value: unknown): void {
  const isText = typeof value === 'string';
  writer.string(isText ? value : '');
  writer.tag(3, wireType.bytes);
  writer.int(isText ? 0 : Number(value ?? 0));
  writer.tag(2, wireType.varint);
  writer.int(isText ? 1 : 0);
  writer.tag(1, wireType.varint);
}

function writeUnion(writer: WireWriter, kind: string, value: unknown): void {
  const schema = structs.get('apiextensions.v1.JSONSchemaProps') as Struct;
  const message = (field: number, item: unknown): void => {
    const before = writer.length;
    writeMessage(writer, layoutOf(schema), item as JsonMap);
    writer.close(before);
    writer.tag(field, wireType.bytes);
  };
  if (Array.isArray(value)) {
    for (const item of value.toReversed()) {
      if (kind === 'schemaOrArray') message(2, item);
      else {
        writer.string(String(item));
        writer.tag(2, wireType.bytes);
      }
    }
  } else if (typeof value === 'object' && value !== null) {
    message(kind === 'schemaOrBool' ? 2 : 1, value);
  }
  if (kind === 'schemaOrBool') {
    writer.bool(value !== false && value !== undefined);
    writer.tag(1, wireType.varint);
  }
}

const scalarWire: Readonly<Record<string, number>> = {
  bool: wireType.varint,
  int32: wireType.varint,
  int64: wireType.varint,
  double: wireType.fixed64,
};

/** Writes a value with its tag. */
function writeValue(writer: WireWriter, type: TypeNode, number: number, value: unknown): void {
  switch (type.kind) {
    case 'string':
      writer.string(String(value ?? ''));
      break;
    case 'bytes':
      writer.bytes(Buffer.from(String(value ?? ''), 'base64'));
      break;
    case 'bool':
      writer.bool(value === true);
      break;
    case 'int32':
    case 'int64':
      writer.int(typeof value === 'bigint' ? value : Number(value ?? 0));
      break;
    case 'double':
      writer.double(Number(value ?? 0));
      break;
    default: {
      const before = writer.length;
      writeContent(writer, type, value);
      writer.close(before);
    }
  }
  writer.tag(number, scalarWire[type.kind] ?? wireType.bytes);
}

function writeContent(writer: WireWriter, type: TypeNode, value: unknown): void {
  switch (type.kind) {
    case 'time':
    case 'microTime':
      return writeTime(writer, value);
    case 'duration':
      writer.int(Number(parseDurationNanos(String(value ?? '0s'))));
      return writer.tag(1, wireType.varint);
    case 'quantity':
      writer.string(String(value ?? '0'));
      return writer.tag(1, wireType.bytes);
    case 'intOrString':
      return writeIntOrString(writer, value);
    case 'fieldsV1':
    case 'raw':
    case 'json':
      if (value === undefined) return;
      writer.string(JSON.stringify(value));
      return writer.tag(1, wireType.bytes);
    case 'schemaOrBool':
    case 'schemaOrArray':
    case 'schemaOrStrings':
      return writeUnion(writer, type.kind, value);
    case 'ref':
      return writeMessage(writer, layoutOf(type.struct()), (value ?? {}) as JsonMap);
    case 'list':
      for (const item of ((value ?? []) as unknown[]).toReversed()) writeValue(writer, type.item, 1, item);
      return;
    default:
      throw new ProtobufError(`${type.kind} has no message form`);
  }
}

function isMessage(type: TypeNode): boolean {
  return scalarWire[type.kind] === undefined && type.kind !== 'string' && type.kind !== 'bytes';
}

function writeField(writer: WireWriter, number: number, { name, field }: Slot, object: JsonMap): void {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  const { type } = field;
  if (type.kind === 'list' && !field.boxed) {
    for (const item of ((value ?? []) as unknown[]).toReversed()) writeValue(writer, type.item, number, item);
    return;
  }
  if (type.kind === 'map') {
    const entries = Object.entries((value ?? {}) as JsonMap).toSorted(([a], [b]) => (a < b ? 1 : -1));
    for (const [key, item] of entries) {
      const before = writer.length;
      writeValue(writer, type.value, 2, item);
      writer.string(key);
      writer.tag(1, wireType.bytes);
      writer.close(before);
      writer.tag(number, wireType.bytes);
    }
    return;
  }
  // Go writes every scalar that is not a pointer, zero or not, and every message that is not one.
  if (value === undefined || value === null) {
    if (isMessage(type) ? !field.emit : field.ptr === true || type.kind === 'bytes') return;
  }
  writeValue(writer, type, number, value ?? undefined);
}

function writeMessage(writer: WireWriter, layout: Layout, object: JsonMap): void {
  for (const number of layout.descending) {
    const slot = layout.slots.get(number);
    if (slot !== undefined) {
      writeField(writer, number, slot, object);
      continue;
    }
    const inner = layout.inlined.get(number) as Layout;
    const before = writer.length;
    writeMessage(writer, inner, object);
    writer.close(before);
    writer.tag(number, wireType.bytes);
  }
}

// ---- the public side ----

const magic = Buffer.from('k8s\0');

/** True for bytes in Kubernetes' envelope. */
export function isEnveloped(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x6b && bytes[1] === 0x38 && bytes[2] === 0x73 && bytes[3] === 0;
}

export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
}

/** Opens the `k8s\0` envelope (runtime.Unknown). Throws `ProtobufError`. */
export function openEnvelope(bytes: Uint8Array): Envelope {
  if (!isEnveloped(bytes))
    throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  const reader = new WireReader(bytes, 4);
  const envelope = { apiVersion: '', kind: '', raw: new Uint8Array(0) as Uint8Array };
  eachField(reader, (field, type) => {
    if (field === 1) {
      const meta = reader.message();
      eachField(meta, (number, wire) => {
        if (number === 1) envelope.apiVersion = meta.string();
        else if (number === 2) envelope.kind = meta.string();
        else meta.skip(wire);
      });
    } else if (field === 2) envelope.raw = reader.bytes();
    else reader.skip(type);
  });
  return envelope;
}

/** The struct of a kind: groups are known by their first label in type names. */
export function structOfKind(apiVersion: string, kind: string): Struct | undefined {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const version = slash < 0 ? apiVersion : apiVersion.slice(slash + 1);
  const prefix = group === '' ? 'core' : group.split('.')[0];
  const struct = structs.get(`${prefix}.${version}.${kind}`);
  // Somebody else's group may begin with the same label as one of ours.
  if (struct !== undefined && isOwnGroup(struct, group)) return struct;
  // Options and Status are registered in every group version but are types of meta.
  const meta = structs.get(`meta.v1.${kind}`);
  return group === '' || group === 'meta.k8s.io' || kind.endsWith('Options') || kind === 'WatchEvent' ? meta : undefined;
}

function isOwnGroup(struct: Struct, group: string): boolean {
  const { gvk } = struct.options;
  if (gvk !== undefined && gvk.length > 0) return gvk.some((known) => known.group === group);
  return !group.includes('.') || group.endsWith('.k8s.io');
}

/** Decodes the bare message of a struct. Throws `ProtobufError`. */
export function decodeProtobuf(struct: Struct, bytes: Uint8Array): JsonMap {
  return readMessage(layoutOf(struct), new WireReader(bytes), 0);
}

/** Encodes an object as the bare message of its struct. */
export function encodeProtobuf(struct: Struct, object: object): Uint8Array {
  const writer = new WireWriter();
  writeMessage(writer, layoutOf(struct), object as JsonMap);
  return writer.finish();
}

/** Encodes an object in Kubernetes' envelope. */
export function encodeEnveloped(struct: Struct, apiVersion: string, kind: string, object: object): Uint8Array {
  return envelope(apiVersion, kind, encodeProtobuf(struct, object));
}

/** Kubernetes' envelope (runtime.Unknown) around a bare message. */
export function envelope(apiVersion: string, kind: string, message: Uint8Array): Uint8Array {
  const { head, tail } = around(apiVersion, kind, message.length);
  return Buffer.concat([head, message, tail]);
}

interface ListType {
  readonly apiVersion: string;
  readonly kind: string;
}
/** Items that are put together in one go. */
const itemsOfPart = 100;

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

/**
 * An enveloped list of items that are bare messages already, part by part: every list type has its metadata in field 1 and its
 * items in field 2.
 */
export function* envelopeListParts(type: ListType, metadata: Uint8Array, items: readonly Uint8Array[]): Generator<Uint8Array> {
  const lead = field(1, metadata.length);
  let length = lead.length + metadata.length;
  for (const item of items) length += 1 + varintSize(item.length) + item.length;
  const { head, tail } = around(type.apiVersion, type.kind, length);
  yield Buffer.concat([head, lead, metadata]);
  for (let from = 0; from < items.length; from += itemsOfPart) {
    yield Buffer.concat(items.slice(from, from + itemsOfPart).flatMap((item) => [field(2, item.length), item]));
  }
  yield tail;
}

/** The same at once. */
export function envelopeList(type: ListType, metadata: Uint8Array, items: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(Array.from(envelopeListParts(type, metadata, items)));
}

function field(number: number, length: number): Uint8Array {
  const writer = new WireWriter(12);
  writer.int(length);
  writer.tag(number, wireType.bytes);
  return writer.finish();
}

// An empty contentEncoding and contentType end the envelope.
const envelopeTail = new Uint8Array([3 * 8 + wireType.bytes, 0, 4 * 8 + wireType.bytes, 0]);

function around(apiVersion: string, kind: string, length: number): { readonly head: Uint8Array; readonly tail: Uint8Array } {
  const writer = new WireWriter(apiVersion.length + kind.length + 32);
  writer.raw(field(2, length));
  const meta = writer.length;
  writer.string(kind);
  writer.tag(2, wireType.bytes);
  writer.string(apiVersion);
  writer.tag(1, wireType.bytes);
  writer.close(meta);
  writer.tag(1, wireType.bytes);
  writer.raw(magic);
  return { head: writer.finish(), tail: envelopeTail };
}

/** One frame of a protobuf watch: a length, then a bare WatchEvent with the enveloped object. */
export function watchFrame(type: string, enveloped: Uint8Array): Uint8Array {
  const writer = new WireWriter(enveloped.length + 64);
  const object = writer.length;
  writer.bytes(enveloped);
  writer.tag(1, wireType.bytes);
  writer.close(object);
  writer.tag(2, wireType.bytes);
  writer.string(type);
  writer.tag(1, wireType.bytes);
  const { length } = writer;
  const head = Buffer.alloc(4);
  head.writeUInt32BE(length);
  writer.raw(head);
  return writer.finish();
}
