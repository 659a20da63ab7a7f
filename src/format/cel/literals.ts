// Escapes in text and bytes literals.

const escapes = /\\(?:([abfnrtv"'\\?`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))|\r\n?/g;
const named: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function codePoint(code: number): string {
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw new Error('invalid unicode code point');
  return String.fromCodePoint(code);
}

/** What a text literal between its quotes means. */
export function textLiteral(inner: string, raw: boolean): string {
  if (raw) return inner.replace(/\r\n?/g, '\n');
  if (!inner.includes('\\') && !inner.includes('\r')) return inner;
  return inner.replace(escapes, (whole, simple?: string, hex?: string, short?: string, long?: string, octal?: string) => {
    if (simple !== undefined) return named[simple] ?? simple;
    const digits = hex ?? short ?? long;
    if (digits !== undefined) return codePoint(Number.parseInt(digits, 16));
    if (octal !== undefined) return codePoint(Number.parseInt(octal, 8));
    return whole.startsWith('\r') ? '\n' : whole;
  });
}

const encoder = new TextEncoder();

/** What a bytes literal means: escapes of two hex or three octal digits are bytes, the rest is UTF-8. */
export function bytesLiteral(inner: string, raw: boolean): Uint8Array {
  if (raw) return encoder.encode(inner);
  const parts: Uint8Array[] = [];
  let last = 0;
  for (const match of inner.matchAll(escapes)) {
    parts.push(encoder.encode(inner.slice(last, match.index)));
    last = match.index + match[0].length;
    const [, simple, hex, short, long, octal] = match;
    if (short !== undefined || long !== undefined) throw new Error('invalid bytes literal: unable to unescape string');
    if (hex !== undefined) parts.push(Uint8Array.of(Number.parseInt(hex, 16)));
    else if (octal !== undefined) parts.push(Uint8Array.of(Number.parseInt(octal, 8)));
    else if (simple !== undefined) parts.push(encoder.encode(named[simple] ?? simple));
    else parts.push(encoder.encode('\n'));
  }
  parts.push(encoder.encode(inner.slice(last)));
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
