// The bytes of one revision on disk: all versions that it made, so that a revision is there wholly or not at all.
import type { Version } from './versions.ts';

/** A version as it is stored; `value` is a view into the stored bytes. */
export interface StoredVersion {
  readonly key: string;
  readonly create: number;
  readonly version: number;
  readonly lease: number;
  readonly deleted: boolean;
  readonly value: Uint8Array;
}

const headSize = 1 + 8 + 4 + 8 + 4 + 4;
const none = new Uint8Array(0);

/** Numbers up to 2^53 in eight bytes, big-endian, so that bytes sort as numbers do. */
export function revisionKey(revision: number): Buffer {
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(BigInt(revision));
  return key;
}

export function revisionOfKey(key: Uint8Array): number {
  return Number(Buffer.from(key.buffer, key.byteOffset, key.byteLength).readBigUInt64BE());
}

/** Encodes the versions of a revision in the order of their `sub`. */
export function encodeRevision(versions: readonly Version[]): Buffer {
  const keys = versions.map((version) => Buffer.from(version.record.key));
  const size = versions.reduce((sum, version, i) => sum + headSize + (keys[i] as Buffer).length + (version.value?.length ?? 0), 0);
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  versions.forEach((version, i) => {
    const key = keys[i] as Buffer;
    const value = version.value ?? none;
    at = bytes.writeUInt8(version.deleted ? 1 : 0, at);
    at = bytes.writeBigUInt64BE(BigInt(version.create), at);
    at = bytes.writeUInt32BE(version.version, at);
    at = bytes.writeBigUInt64BE(BigInt(version.lease), at);
    at = bytes.writeUInt32BE(key.length, at);
    at = bytes.writeUInt32BE(value.length, at);
    at += key.copy(bytes, at);
    bytes.set(value, at);
    at += value.length;
  });
  return bytes;
}

/** Decodes a revision; throws when the bytes are not whole. */
export function decodeRevision(stored: Uint8Array): StoredVersion[] {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const versions: StoredVersion[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + headSize > bytes.length) throw new Error('the store holds a revision that is cut off');
    const keyLength = bytes.readUInt32BE(at + 21);
    const valueLength = bytes.readUInt32BE(at + 25);
    const start = at + headSize;
    if (start + keyLength + valueLength > bytes.length) throw new Error('the store holds a revision that is cut off');
    versions.push({
      deleted: bytes[at] === 1,
      create: Number(bytes.readBigUInt64BE(at + 1)),
      version: bytes.readUInt32BE(at + 9),
      lease: Number(bytes.readBigUInt64BE(at + 13)),
      key: bytes.toString('utf8', start, start + keyLength),
      value: bytes.subarray(start + keyLength, start + keyLength + valueLength),
    });
    at = start + keyLength + valueLength;
  }
  return versions;
}
