// The head of a plain HTTP/1.1 request, read strictly: what is in any way unusual is left to node's own parser.

/** The head of a request that needs nothing but an answer. */
export interface PlainHead {
  readonly method: string;
  readonly url: string;
  /** Names in lower case, each once. */
  readonly headers: Readonly<Record<string, string>>;
  /** Length of the head in bytes, its empty line included. */
  readonly size: number;
  /** Length of the body in bytes. */
  readonly length: number;
}

// Strict on purpose (RFC 9112): no bare line ends, no folded lines, no space before a colon, no control characters.
const shape =
  /^(GET|HEAD|POST|PUT|PATCH|DELETE) (\/[\x21-\x7e]*) HTTP\/1\.1\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)+)\r\n$/;
const digits = /^\d{1,9}$/;
const end = Buffer.from('\r\n\r\n');
// Headers that change how the exchange goes.
const unusual = new Set(['transfer-encoding', 'upgrade', 'expect', 'trailer', 'http2-settings', '__proto__']);

/**
 * Reads the head at the start of `bytes`: `partial` while its end has not come within `limit` bytes, `unusual` for whatever
 * is not a plain request (another method, an upgrade, a chunked body, repeated headers, bad syntax).
 */
export function plainHead(bytes: Buffer, limit: number, maxHeaders: number): PlainHead | 'partial' | 'unusual' {
  const at = bytes.indexOf(end);
  if (at < 0) return bytes.length < limit ? 'partial' : 'unusual';
  const size = at + end.length;
  if (size > limit) return 'unusual';
  const match = shape.exec(bytes.toString('latin1', 0, size));
  if (match === null) return 'unusual';
  const headers: Record<string, string> = { __proto__: null } as never;
  const lines = (match[3] as string).split('\r\n');
  // The text ends with a line end: the last line is empty.
  if (lines.length > maxHeaders) return 'unusual';
  for (let i = 0; i < lines.length - 1; i++) {
    const line = lines[i] as string;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (headers[name] !== undefined || unusual.has(name)) return 'unusual';
    headers[name] = line.slice(colon + 1).trim();
  }
  const connection = headers['connection'];
  if (headers['host'] === undefined || (connection !== undefined && connection.toLowerCase() !== 'keep-alive')) return 'unusual';
  const length = headers['content-length'] ?? '0';
  if (!digits.test(length)) return 'unusual';
  return { method: match[1] as string, url: match[2] as string, headers, size, length: Number(length) };
}
