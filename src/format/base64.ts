// Standard base64, read as strictly as Go reads it.

const shape = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The bytes of a base64 text (line breaks are allowed), or undefined if it is none. */
export function decodeBase64(text: string): Buffer | undefined {
  const plain = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, '') : text;
  return shape.test(plain) ? Buffer.from(plain, 'base64') : undefined;
}

/** Standard base64 with padding. */
export function encodeBase64(bytes: Uint8Array | string): string {
  return typeof bytes === 'string'
    ? Buffer.from(bytes, 'utf8').toString('base64')
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
