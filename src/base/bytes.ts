// Bytes that are kept. Node cuts small buffers out of slabs of 64 KiB, one after the other: a buffer that stays keeps the whole
// slab, with all the passing ones in it. What lives longer than a request gets memory of its own.

/** A buffer of its own for bytes that stay; what is in it is undefined. */
export const lasting = (size: number): Buffer => Buffer.allocUnsafeSlow(size);

/** UTF-8 bytes that stay. */
export function lastingText(text: string): Buffer {
  const bytes = lasting(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

/** A copy of bytes that stays. */
export function lastingCopy(bytes: Uint8Array): Buffer {
  const copy = lasting(bytes.length);
  copy.set(bytes);
  return copy;
}
