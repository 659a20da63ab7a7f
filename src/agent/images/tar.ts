// The tar format as far as images use it: writing headers (ustar, PAX for what does not fit) and finding the members of
// an archive without reading their contents.
import type { OpenFile } from '#base/fs.ts';

export type TarKind = 'file' | 'directory' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo' | 'other';

export interface TarHeader {
  readonly path: string;
  readonly kind: TarKind;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkTarget: string;
}

/** A member of an archive and where its contents are. */
export interface TarMember extends TarHeader {
  readonly offset: number;
}

export const blockSize = 512;
const flags: Readonly<Record<Exclude<TarKind, 'other'>, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** Bytes from the end of contents to the next header. */
export const paddingOf = (size: number): number => (blockSize - (size % blockSize)) % blockSize;

function octal(block: Buffer, at: number, width: number, value: number): void {
  block.write(value.toString(8).padStart(width - 1, '0'), at, 'latin1');
}

function rawHeader(header: TarHeader, name: string, link: string, flag: string): Buffer {
  const block = Buffer.alloc(blockSize);
  block.write(name, 0, 100, 'utf8');
  octal(block, 100, 8, header.mode & 0o7777);
  octal(block, 108, 8, header.uid);
  octal(block, 116, 8, header.gid);
  octal(block, 124, 12, header.size);
  octal(block, 136, 12, 0); // the time is always the epoch: the same contents make the same bytes
  block.write(flag, 156, 'latin1');
  block.write(link, 157, 100, 'utf8');
  block.write('ustar\x0000', 257, 'latin1');
  block.fill(' ', 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** One PAX record: its length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  if (String(length).length > String(bytes).length) length = bytes + String(length).length;
  return `${length}${rest}`;
}

/** The header blocks of a member; its contents and `paddingOf` zero bytes follow. */
export function tarHeader(header: TarHeader): Uint8Array {
  if (header.kind === 'other') throw new Error(`tar: cannot write ${header.path}: not a kind of file that tar knows`);
  const flag = flags[header.kind];
  const records: string[] = [];
  if (Buffer.byteLength(header.path) > 100) records.push(paxRecord('path', header.path));
  if (Buffer.byteLength(header.linkTarget) > 100) records.push(paxRecord('linkpath', header.linkTarget));
  if (header.uid > 0o7777777) records.push(paxRecord('uid', String(header.uid)));
  if (header.gid > 0o7777777) records.push(paxRecord('gid', String(header.gid)));
  if (header.size > 0o77777777777) records.push(paxRecord('size', String(header.size)));
  const small = { ...header, uid: Math.min(header.uid, 0o7777777), gid: Math.min(header.gid, 0o7777777) };
  const block = rawHeader({ ...small, size: Math.min(header.size, 0o77777777777) }, header.path, header.linkTarget, flag);
  if (records.length === 0) return block;
  const text = Buffer.from(records.join(''));
  const extension = rawHeader({ ...header, uid: 0, gid: 0, mode: 0o644, size: text.length }, 'pax', '', 'x');
  return Buffer.concat([extension, text, Buffer.alloc(paddingOf(text.length)), block]);
}

/** What ends an archive. */
export const tarEnd: Uint8Array = new Uint8Array(2 * blockSize);

function text(block: Uint8Array, at: number, width: number): string {
  const field = Buffer.from(block.buffer, block.byteOffset + at, width);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? width : end);
}

function number(block: Uint8Array, at: number, width: number): number {
  if (((block[at] ?? 0) & 0x80) !== 0) {
    // GNU's binary form for what octal digits cannot hold.
    let value = (block[at] ?? 0) & 0x7f;
    for (let i = 1; i < width; i++) value = value * 256 + (block[at + i] ?? 0);
    return value;
  }
  return Number.parseInt(text(block, at, width).trim() || '0', 8);
}

function parsePax(bytes: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  const buffer = Buffer.from(bytes);
  let at = 0;
  while (at < buffer.length) {
    const space = buffer.indexOf(32, at);
    const length = Number(buffer.toString('latin1', at, space));
    if (space < 0 || !(length > 0)) break;
    const record = buffer.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

const kinds = new Map<string, TarKind>(Object.entries(flags).map(([kind, flag]) => [flag, kind as TarKind]));

// More than any image archive has; a damaged file must not keep us here.
const mostMembers = 1_000_000;
const longestExtension = 1024 * 1024;

/** The members of an archive, in order. Contents are skipped, so even a large archive is quick. */
export async function readTarIndex(file: Pick<OpenFile, 'read' | 'stat'>): Promise<TarMember[]> {
  const members: TarMember[] = [];
  const { size: total } = await file.stat();
  let next: { path?: string; link?: string; size?: number; uid?: number; gid?: number } = {};
  for (let at = 0; at + blockSize <= total && members.length < mostMembers; ) {
    const block = await file.read(at, blockSize);
    if (block.length < blockSize || block.every((byte) => byte === 0)) break;
    if (text(block, 257, 5) !== 'ustar' && at === 0) throw new Error('not a tar archive');
    const flag = String.fromCharCode(block[156] || 48);
    const size = next.size ?? number(block, 124, 12);
    at += blockSize;
    if ('xgLK'.includes(flag)) {
      const own = number(block, 124, 12);
      if (own > longestExtension) throw new Error('tar: an extension header is too large');
      const bytes = await file.read(at, own);
      if (flag === 'x') {
        const records = parsePax(bytes);
        const int = (name: string): number | undefined => (records.has(name) ? Number(records.get(name)) : undefined);
        next = { ...next, path: records.get('path') ?? next.path, link: records.get('linkpath') ?? next.link };
        next = { ...next, size: int('size'), uid: int('uid'), gid: int('gid') };
      } else if (flag === 'L') next = { ...next, path: text(bytes, 0, bytes.length) };
      else if (flag === 'K') next = { ...next, link: text(bytes, 0, bytes.length) };
      at += own + paddingOf(own);
      continue;
    }
    const prefix = text(block, 257, 6) === 'ustar' ? text(block, 345, 155) : '';
    const name = text(block, 0, 100);
    members.push({
      path: next.path ?? (prefix === '' ? name : `${prefix}/${name}`),
      kind: flag === '7' ? 'file' : (kinds.get(flag) ?? 'other'),
      size,
      mode: number(block, 100, 8) & 0o7777,
      uid: next.uid ?? number(block, 108, 8),
      gid: next.gid ?? number(block, 116, 8),
      linkTarget: next.link ?? text(block, 157, 100),
      offset: at,
    });
    next = {};
    at += size + paddingOf(size);
  }
  return members;
}
