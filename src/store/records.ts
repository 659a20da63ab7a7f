// How versions, keys and the store's own state are written as bytes. Pure.
//
// history  key: revision (u64 BE) + position in its revision (u32 BE)
//          value: flags u8, key length u16, create f64, version u32, lease f64, previous revision f64, previous position
//          u32, key, value — the only place where a value is stored
// current  key: the key; value: revision f64, position u32, create f64, version u32, lease f64
// state    JSON under the one-byte key 0x00 of `current` (no key of a user starts with it)

export interface HistoryRecord {
  readonly key: string;
  readonly deleted: boolean;
  readonly create: number;
  readonly version: number;
  readonly lease: number;
  /** Where the version before lies; revision 0: none. */
  readonly previousMod: number;
  readonly previousSub: number;
}

export interface CurrentRecord {
  readonly mod: number;
  readonly sub: number;
  readonly create: number;
  readonly version: number;
  readonly lease: number;
}

/** What the store remembers about itself. */
export interface StoredState {
  readonly format: 1;
  readonly revision: number;
  readonly compactRevision: number;
  /** History below this revision was cleaned up. */
  readonly swept: number;
  /** Revisions up to here may have been seen by readers, though they were not on disk yet. */
  readonly reserved: number;
  /** True when nothing was left in memory only. */
  readonly clean: boolean;
}

const headerSize = 39;

export function historyKey(mod: number, sub: number): Buffer {
  const bytes = Buffer.allocUnsafe(12);
  bytes.writeUInt32BE(Math.floor(mod / 2 ** 32), 0);
  bytes.writeUInt32BE(mod >>> 0, 4);
  bytes.writeUInt32BE(sub, 8);
  return bytes;
}

export function parseHistoryKey(bytes: Buffer): { mod: number; sub: number } {
  return { mod: bytes.readUInt32BE(0) * 2 ** 32 + bytes.readUInt32BE(4), sub: bytes.readUInt32BE(8) };
}

export function encodeHistory(record: HistoryRecord, value: Uint8Array): Buffer {
  const keyLength = Buffer.byteLength(record.key);
  const bytes = Buffer.allocUnsafe(headerSize + keyLength + value.length);
  bytes[0] = record.deleted ? 1 : 0;
  bytes.writeUInt16LE(keyLength, 1);
  bytes.writeDoubleLE(record.create, 3);
  bytes.writeUInt32LE(record.version, 11);
  bytes.writeDoubleLE(record.lease, 15);
  bytes.writeDoubleLE(record.previousMod, 23);
  bytes.writeUInt32LE(record.previousSub, 31);
  bytes.writeUInt32LE(value.length, 35);
  bytes.write(record.key, headerSize);
  bytes.set(value, headerSize + keyLength);
  return bytes;
}

export function decodeHistory(bytes: Buffer): HistoryRecord {
  const keyLength = bytes.readUInt16LE(1);
  return {
    deleted: bytes[0] === 1,
    key: bytes.toString('utf8', headerSize, headerSize + keyLength),
    create: bytes.readDoubleLE(3),
    version: bytes.readUInt32LE(11),
    lease: bytes.readDoubleLE(15),
    previousMod: bytes.readDoubleLE(23),
    previousSub: bytes.readUInt32LE(31),
  };
}

/** The value inside a history record, without a copy. */
export function historyValue(bytes: Buffer): Buffer {
  const start = headerSize + bytes.readUInt16LE(1);
  const length = bytes.readUInt32LE(35);
  if (start + length !== bytes.length) throw new Error('damaged history record');
  return bytes.subarray(start);
}

export function encodeCurrent(record: CurrentRecord): Buffer {
  const bytes = Buffer.allocUnsafe(32);
  bytes.writeDoubleLE(record.mod, 0);
  bytes.writeUInt32LE(record.sub, 8);
  bytes.writeDoubleLE(record.create, 12);
  bytes.writeUInt32LE(record.version, 20);
  bytes.writeDoubleLE(record.lease, 24);
  return bytes;
}

export function decodeCurrent(bytes: Buffer): CurrentRecord {
  return {
    mod: bytes.readDoubleLE(0),
    sub: bytes.readUInt32LE(8),
    create: bytes.readDoubleLE(12),
    version: bytes.readUInt32LE(20),
    lease: bytes.readDoubleLE(24),
  };
}
