// ASN.1 DER, as much of it as certificates need. Pure.

export interface DerNode {
  readonly tag: number;
  /** The value's bytes. */
  readonly body: Uint8Array;
  /** The whole element, header included. */
  readonly raw: Uint8Array;
}

export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  sequence: 0x30,
  set: 0x31,
  printable: 0x13,
  t61: 0x14,
  ia5: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmp: 0x1e,
} as const;

/** One element. */
export function element(tagNumber: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length;
  let header: number[];
  if (length < 0x80) header = [tagNumber, length];
  else if (length < 0x100) header = [tagNumber, 0x81, length];
  else if (length < 0x10000) header = [tagNumber, 0x82, length >> 8, length & 0xff];
  else header = [tagNumber, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.from(header), body]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => element(tag.sequence, ...parts);

/** An object identifier from its dotted form. */
export function oid(dotted: string): Buffer {
  const numbers = dotted.split('.').map(Number);
  const bytes: number[] = [(numbers[0] ?? 0) * 40 + (numbers[1] ?? 0)];
  for (const number of numbers.slice(2)) {
    const group = [number & 0x7f];
    for (let rest = number >>> 7; rest > 0; rest >>>= 7) group.unshift((rest & 0x7f) | 0x80);
    bytes.push(...group);
  }
  return element(tag.oid, Buffer.from(bytes));
}

/** A non-negative integer. */
export function integer(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const trimmed = bytes.subarray(start);
  return element(tag.integer, (trimmed[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed);
}

/** X.509 time: two-digit years until 2049. */
export function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return text < '2050' ? element(tag.utcTime, Buffer.from(`${text.slice(2)}Z`)) : element(tag.generalizedTime, Buffer.from(`${text}Z`));
}

export const bitString = (bytes: Uint8Array, unused = 0): Buffer => element(tag.bitString, Buffer.from([unused]), bytes);
export const octetString = (bytes: Uint8Array): Buffer => element(tag.octetString, bytes);

/** The first element of `bytes`; throws on anything that is not DER. */
export function read(bytes: Uint8Array): DerNode {
  const tagNumber = bytes[0];
  let length = bytes[1];
  if (tagNumber === undefined || length === undefined || (tagNumber & 0x1f) === 0x1f) throw new Error('asn1: syntax error');
  let offset = 2;
  if (length & 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 3 || bytes.length < 2 + count) throw new Error('asn1: syntax error: bad length');
    length = 0;
    for (let i = 0; i < count; i++) length = (length << 8) | (bytes[2 + i] ?? 0);
    offset += count;
  }
  if (bytes.length < offset + length) throw new Error('asn1: syntax error: data truncated');
  return { tag: tagNumber, body: bytes.subarray(offset, offset + length), raw: bytes.subarray(0, offset + length) };
}

/** The elements inside a constructed one. */
export function children(node: DerNode): DerNode[] {
  if ((node.tag & 0x20) === 0) throw new Error('asn1: structure error: not constructed');
  const result: DerNode[] = [];
  for (let rest = node.body; rest.length > 0; ) {
    const child = read(rest);
    result.push(child);
    rest = rest.subarray(child.raw.length);
  }
  return result;
}

/** The dotted form of an object identifier. */
export function oidText(node: DerNode): string {
  if (node.tag !== tag.oid || node.body.length === 0) throw new Error('asn1: structure error: not an object identifier');
  const first = node.body[0] ?? 0;
  const numbers = [Math.min(2, Math.floor(first / 40)), first - 40 * Math.min(2, Math.floor(first / 40))];
  let value = 0;
  for (const byte of node.body.subarray(1)) {
    value = value * 128 + (byte & 0x7f);
    if ((byte & 0x80) === 0) {
      numbers.push(value);
      value = 0;
    }
  }
  return numbers.join('.');
}

/** The text of any of ASN.1's string types. */
export function text(node: DerNode): string {
  const bytes = Buffer.from(node.body);
  if (node.tag === tag.bmp) return bytes.length % 2 === 0 ? bytes.swap16().toString('utf16le') : '';
  return bytes.toString(node.tag === tag.utf8 ? 'utf8' : 'latin1');
}
