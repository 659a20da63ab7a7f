// A small proto3 codec driven by one-line message descriptions, for the gRPC services that are called (CRI, containerd,
// etcd). A description lists fields as `name=number:type`; without a type it is a string. Types: string, bool,
// int32, int64, uint32, uint64, bytes; `nanos` (an int64 of nanoseconds, here milliseconds); `int64?` and `uint64?` (the
// boxed Int64Value and UInt64Value); the name of an enum (values as strings) or of a message; `[type]` repeats it and
// `{type}` is a map with string keys.

type WireValue = unknown;
interface WireObject {
  readonly [field: string]: WireValue;
}

interface FieldSpec {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly shape: 'one' | 'list' | 'map';
}

/** Encodes to and decodes from protobuf bytes. Decoding fills absent scalars, lists and maps with their empty values. */
export interface Codec {
  encode(value: object): Uint8Array;
  decode(bytes: Uint8Array): WireObject;
}

class Writer {
  #buffer = Buffer.allocUnsafe(256);
  #length = 0;

  #reserve(extra: number): void {
    if (this.#length + extra <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + extra));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }

  /** A varint of an integer; negative numbers take ten bytes, as int32 and int64 do. */
  varint(value: number): void {
    this.#reserve(10);
    if (value < 0) {
      let rest = BigInt.asUintN(64, BigInt(value));
      while (rest > 127n) {
        this.#buffer[this.#length++] = Number(rest & 127n) | 128;
        rest >>= 7n;
      }
      this.#buffer[this.#length++] = Number(rest);
      return;
    }
    let rest = value;
    while (rest > 127) {
      this.#buffer[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#length++] = rest;
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  done(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get more(): boolean {
    return this.#at < this.#bytes.length;
  }

  /** A varint as a signed or unsigned 64-bit integer (as a number: exact up to 2^53). */
  varint(signed: boolean): number {
    let value = 0;
    let scale = 1;
    let top = 0n;
    for (let i = 0; i < 10; i++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Error('protobuf: message ends inside a number');
      if (i < 7) value += (byte & 127) * scale;
      else top |= BigInt(byte & 127) << BigInt(7 * i);
      scale *= 128;
      if (byte < 128) {
        if (i < 7) return value;
        const whole = top + BigInt(value);
        return Number(signed ? BigInt.asIntN(64, whole) : BigInt.asUintN(64, whole));
      }
    }
    throw new Error('protobuf: number is longer than ten bytes');
  }

  bytes(): Uint8Array {
    const length = this.varint(false);
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Error('protobuf: message ends inside a field');
    const value = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return value;
  }

  skip(wireType: number): void {
    if (wireType === 0) this.varint(false);
    else if (wireType === 1) this.#at += 8;
    else if (wireType === 2) this.bytes();
    else if (wireType === 5) this.#at += 4;
    else throw new Error(`protobuf: wire type ${wireType} is not supported`);
  }
}

const integers = new Set(['int32', 'int64', 'uint32', 'uint64', 'bool', 'nanos']);

function parseFields(description: string): FieldSpec[] {
  return description
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^(\w+)=(\d+)(?::([[{]?)([\w?]+)[\]}]?)?$/.exec(part);
      if (!match) throw new Error(`protobuf: cannot read the field description "${part}"`);
      const shape = match[3] === '[' ? 'list' : match[3] === '{' ? 'map' : 'one';
      return { name: match[1] ?? '', number: Number(match[2]), type: match[4] ?? 'string', shape };
    });
}

class Messages {
  readonly #fields = new Map<string, readonly FieldSpec[]>();
  readonly #byNumber = new Map<string, ReadonlyMap<number, FieldSpec>>();
  readonly #enums = new Map<string, readonly string[]>();

  constructor(messages: Readonly<Record<string, string>>, enums: Readonly<Record<string, string>>) {
    for (const [name, description] of Object.entries(messages)) {
      const fields = parseFields(description);
      this.#fields.set(name, fields);
      this.#byNumber.set(name, new Map(fields.map((field) => [field.number, field])));
    }
    for (const [name, values] of Object.entries(enums)) this.#enums.set(name, values.split(' '));
  }

  #number(type: string, value: WireValue): number {
    if (type === 'bool') return value ? 1 : 0;
    if (type === 'nanos') return Math.round(Number(value) * 1e6);
    const names = this.#enums.get(type);
    if (!names) return Number(value);
    const index = names.indexOf(String(value));
    if (index < 0) throw new Error(`protobuf: ${type} has no value "${String(value)}"`);
    return index;
  }

  #isInteger(type: string): boolean {
    return integers.has(type) || this.#enums.has(type);
  }

  #payload(type: string, value: WireValue): Uint8Array {
    if (type === 'string') return Buffer.from(String(value), 'utf8');
    if (type === 'bytes') return value as Uint8Array;
    return this.encode(type, value as WireObject);
  }

  #one(writer: Writer, number: number, type: string, value: WireValue): void {
    if (this.#isInteger(type)) {
      writer.varint(number * 8);
      writer.varint(this.#number(type, value));
    } else if (type.endsWith('?')) {
      const box = new Writer();
      if (value !== 0) this.#one(box, 1, type.slice(0, -1), value);
      writer.varint(number * 8 + 2);
      writer.bytes(box.done());
    } else {
      writer.varint(number * 8 + 2);
      writer.bytes(this.#payload(type, value));
    }
  }

  /** True for what proto3 leaves out: the zero value of a scalar. */
  #isZero(type: string, value: WireValue): boolean {
    if (value === 0 || value === false || value === '') return !type.endsWith('?');
    if (type === 'bytes') return (value as Uint8Array).length === 0;
    return false;
  }

  encode(name: string, value: WireObject): Uint8Array {
    const writer = new Writer();
    for (const field of this.#fieldsOf(name)) {
      const item = value[field.name];
      if (item === undefined || item === null) continue;
      if (field.shape === 'list') {
        const items = item as readonly WireValue[];
        if (items.length > 0 && this.#isInteger(field.type)) {
          const packed = new Writer();
          for (const entry of items) packed.varint(this.#number(field.type, entry));
          writer.varint(field.number * 8 + 2);
          writer.bytes(packed.done());
        } else for (const entry of items) this.#one(writer, field.number, field.type, entry);
      } else if (field.shape === 'map') {
        for (const [key, entry] of Object.entries(item as WireObject)) {
          const pair = new Writer();
          this.#one(pair, 1, 'string', key);
          this.#one(pair, 2, field.type, entry);
          writer.varint(field.number * 8 + 2);
          writer.bytes(pair.done());
        }
      } else if (!this.#isZero(field.type, item)) this.#one(writer, field.number, field.type, item);
    }
    return writer.done();
  }

  #fieldsOf(name: string): readonly FieldSpec[] {
    const fields = this.#fields.get(name);
    if (!fields) throw new Error(`protobuf: no message ${name}`);
    return fields;
  }

  #empty(name: string): Record<string, WireValue> {
    const value: Record<string, WireValue> = {};
    for (const field of this.#fieldsOf(name)) {
      if (field.shape === 'list') value[field.name] = [];
      else if (field.shape === 'map') value[field.name] = {};
      else if (field.type === 'string') value[field.name] = '';
      else if (field.type === 'bool') value[field.name] = false;
      else if (field.type === 'bytes') value[field.name] = new Uint8Array(0);
      else if (integers.has(field.type)) value[field.name] = 0;
      else if (this.#enums.has(field.type)) value[field.name] = this.#enums.get(field.type)?.[0];
    }
    return value;
  }

  #readNumber(reader: Reader, type: string): WireValue {
    const value = reader.varint(type !== 'uint64' && type !== 'uint32');
    if (type === 'bool') return value !== 0;
    if (type === 'nanos') return value / 1e6;
    const names = this.#enums.get(type);
    return names ? (names[value] ?? String(value)) : value;
  }

  #read(reader: Reader, wireType: number, type: string): WireValue {
    if (this.#isInteger(type)) {
      if (wireType !== 0) throw new Error(`protobuf: wire type ${wireType} for ${type}`);
      return this.#readNumber(reader, type);
    }
    const bytes = reader.bytes();
    if (type === 'string') return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    if (type === 'bytes') return bytes;
    if (!type.endsWith('?')) return this.decode(type, bytes);
    const box = new Reader(bytes);
    let value: WireValue = 0;
    while (box.more) {
      const tag = box.varint(false);
      if (tag === 8) value = this.#readNumber(box, type.slice(0, -1));
      else box.skip(tag % 8);
    }
    return value;
  }

  #readPair(bytes: Uint8Array, type: string): [string, WireValue] {
    const reader = new Reader(bytes);
    let key = '';
    let value: WireValue = type === 'string' ? '' : undefined;
    while (reader.more) {
      const tag = reader.varint(false);
      if (tag === 10) key = String(this.#read(reader, 2, 'string'));
      else if (tag >> 3 === 2) value = this.#read(reader, tag % 8, type);
      else reader.skip(tag % 8);
    }
    return [key, value];
  }

  decode(name: string, bytes: Uint8Array): WireObject {
    const value = this.#empty(name);
    const fields = this.#byNumber.get(name);
    const reader = new Reader(bytes);
    while (reader.more) {
      const tag = reader.varint(false);
      const wireType = tag % 8;
      const field = fields?.get(Math.floor(tag / 8));
      if (!field) reader.skip(wireType);
      else if (field.shape === 'map') {
        const [key, entry] = this.#readPair(reader.bytes(), field.type);
        (value[field.name] as Record<string, WireValue>)[key] = entry;
      } else if (field.shape === 'list') {
        const items = value[field.name] as WireValue[];
        if (wireType === 2 && this.#isInteger(field.type)) {
          const packed = new Reader(reader.bytes());
          while (packed.more) items.push(this.#readNumber(packed, field.type));
        } else items.push(this.#read(reader, wireType, field.type));
      } else value[field.name] = this.#read(reader, wireType, field.type);
    }
    return value;
  }
}

/** Codecs for a set of messages that may refer to each other; `enums` lists the value names in order from 0. */
export function defineMessages<const M extends Readonly<Record<string, string>>>(
  descriptions: M,
  enums: Readonly<Record<string, string>> = {},
): { readonly [K in keyof M]: Codec } {
  const messages = new Messages(descriptions, enums);
  const codecs: Record<string, Codec> = {};
  for (const name of Object.keys(descriptions)) {
    codecs[name] = {
      encode: (value) => messages.encode(name, value as WireObject),
      decode: (bytes) => messages.decode(name, bytes),
    };
  }
  return codecs as { readonly [K in keyof M]: Codec };
}
