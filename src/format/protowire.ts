// The protobuf wire format: varints, tags and length-delimited fields, forwards. Knows nothing of schemas.
import { wholeNumber } from './wholenumber.ts';

/** A message that is not protobuf, or ends in the middle. */
export class ProtobufError extends Error {}

export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Reads one message. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** Field number and wire type of what comes next. */
  tag(): { readonly field: number; readonly type: number } {
    const tag = Number(this.#varint());
    const field = Math.floor(tag / 8);
    if (field === 0 || field > 536_870_911) throw new ProtobufError('proto: illegal tag');
    return { field, type: tag & 7 };
  }

  /** A signed 64-bit varint; a BigInt where a number would not be exact. */
  int64(): number | bigint {
    return wholeNumber(BigInt.asIntN(64, this.#varint()));
  }

  int32(): number {
    return Number(BigInt.asIntN(32, this.#varint()));
  }

  bool(): boolean {
    return this.#varint() !== 0n;
  }

  double(): number {
    this.#need(8);
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  bytes(): Uint8Array {
    const length = Number(this.#varint());
    this.#need(length);
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  string(): string {
    try {
      return decoder.decode(this.bytes());
    } catch (error) {
      if (error instanceof ProtobufError) throw error;
      throw new ProtobufError('proto: invalid UTF-8');
    }
  }

  /** A reader for a nested message. */
  message(): WireReader {
    const length = Number(this.#varint());
    this.#need(length);
    const start = this.#at;
    this.#at += length;
    return new WireReader(this.#bytes, start, this.#at);
  }

  /** Passes over a field of the given wire type. */
  skip(type: number): void {
    if (type === wireType.varint) this.#varint();
    else if (type === wireType.bytes) this.bytes();
    else if (type === wireType.fixed64) this.#advance(8);
    else if (type === wireType.fixed32) this.#advance(4);
    else throw new ProtobufError(`proto: illegal wireType ${type}`);
  }

  #advance(count: number): void {
    this.#need(count);
    this.#at += count;
  }

  #need(count: number): void {
    if (!(count >= 0) || this.#at + count > this.#end) throw new ProtobufError('unexpected EOF');
  }

  #varint(): bigint {
    // Almost all varints have at most 28 bits: plain numbers, then.
    let small = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      this.#need(1);
      const byte = this.#bytes[this.#at++] as number;
      small |= (byte & 127) << shift;
      if (byte < 128) return BigInt(small);
    }
    let value = BigInt(small);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      this.#need(1);
      const byte = this.#bytes[this.#at++] as number;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new ProtobufError('proto: integer overflow');
  }
}

/** Writes messages back to front: a nested message's length is known when its head is written, so nothing is copied twice. */
export class WireWriter {
  #buffer: Buffer;
  #at: number;

  constructor(size = 1024) {
    this.#buffer = Buffer.allocUnsafe(size);
    this.#at = size;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#buffer.length - this.#at;
  }

  finish(): Uint8Array {
    return this.#buffer.subarray(this.#at);
  }

  tag(field: number, type: number): void {
    this.#unsigned(field * 8 + type);
  }

  /** A signed integer (two's complement, ten bytes when negative). */
  int(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value < 2 ** 31) this.#unsigned(value);
    else this.#big(BigInt.asUintN(64, BigInt(value)));
  }

  bool(value: boolean): void {
    this.#unsigned(value ? 1 : 0);
  }

  double(value: number): void {
    this.#room(8);
    this.#at -= 8;
    this.#buffer.writeDoubleLE(value, this.#at);
  }

  bytes(bytes: Uint8Array): void {
    this.raw(bytes);
    this.#unsigned(bytes.length);
  }

  string(text: string): void {
    const length = Buffer.byteLength(text);
    this.#room(length);
    this.#at -= length;
    this.#buffer.write(text, this.#at, length, 'utf8');
    this.#unsigned(length);
  }

  /** Bytes without a length. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#at -= bytes.length;
    this.#buffer.set(bytes, this.#at);
  }

  /** The head of a nested message whose content was written since `length` was `before`. */
  close(before: number): void {
    this.#unsigned(this.length - before);
  }

  #room(count: number): void {
    if (this.#at >= count) return;
    const used = this.length;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, used + count));
    this.#buffer.copy(grown, grown.length - used, this.#at);
    this.#at = grown.length - used;
    this.#buffer = grown;
  }

  #unsigned(value: number): void {
    let size = 1;
    for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) size++;
    this.#room(size);
    this.#at -= size;
    let at = this.#at;
    let rest = value;
    while (rest >= 128) {
      this.#buffer[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[at] = rest;
  }

  #big(value: bigint): void {
    const out: number[] = [];
    let rest = value;
    while (rest >= 128n) {
      out.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    out.push(Number(rest));
    this.raw(Uint8Array.from(out));
  }
}
