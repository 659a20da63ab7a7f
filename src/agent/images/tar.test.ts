import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenFile } from '#base/fs.ts';
import { paddingOf, readTarIndex, tarEnd, tarHeader, type TarHeader } from './tar.ts';

function fileOf(bytes: Uint8Array): Pick<OpenFile, 'read' | 'stat'> {
  return {
    read: async (position, length) => bytes.subarray(position, position + length),
    stat: async () => ({ kind: 'file', size: bytes.length, mode: 0, uid: 0, gid: 0, inode: 0, mtime: 0 }),
  };
}

function header(path: string, extra: Partial<TarHeader> = {}): TarHeader {
  return { path, kind: 'file', size: 0, mode: 0o644, uid: 0, gid: 0, linkTarget: '', ...extra };
}

function archive(members: readonly { header: TarHeader; content?: string }[]): Uint8Array {
  const parts = members.flatMap(({ header: about, content = '' }) => [
    tarHeader(about),
    Buffer.from(content),
    new Uint8Array(paddingOf(content.length)),
  ]);
  return Buffer.concat([...parts, tarEnd]);
}

test('what is written is found again, long names and big ids too', async () => {
  const long = `${'directory/'.repeat(20)}file-ä`;
  const members = [
    { header: header('etc/', { kind: 'directory', mode: 0o755 }) },
    { header: header('etc/passwd', { size: 5, mode: 0o600, uid: 1000, gid: 3_000_000 }), content: 'hello' },
    { header: header('link', { kind: 'symlink', mode: 0o777, linkTarget: `../${long}` }) },
    { header: header(long, { size: 600 }), content: 'x'.repeat(600) },
  ];
  const bytes = archive(members);
  assert.equal(bytes.length % 512, 0);
  const found = await readTarIndex(fileOf(bytes));
  assert.deepEqual(
    found.map((member) => ({ ...member, offset: 0 })),
    members.map((member) => ({ ...member.header, offset: 0 })),
  );
  const passwd = found[1];
  assert.equal(Buffer.from(bytes.subarray(passwd?.offset, (passwd?.offset ?? 0) + 5)).toString(), 'hello');
});

test('other bytes are refused, a cut archive ends early', async () => {
  await assert.rejects(readTarIndex(fileOf(Buffer.alloc(2048, 'x'))), /not a tar archive/);
  assert.deepEqual(await readTarIndex(fileOf(Buffer.alloc(100))), []);
  const whole = archive([{ header: header('a', { size: 1 }), content: 'a' }, { header: header('b') }]);
  assert.deepEqual(
    (await readTarIndex(fileOf(whole.subarray(0, 1100)))).map((member) => member.path),
    ['a'],
  );
});
