import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { createWorld } from '#host/world.ts';
import { fixedTime, LogFormatter, parseEntry } from './parse.ts';
import { type ReadOptions, readLines } from './read.ts';
import { planRotated, rotationSuffix } from './rotate.ts';

const entry = (second: number, text: string, tag = 'F', stream = 'stdout'): string =>
  `2026-01-02T03:04:0${second}.000000001Z ${stream} ${tag} ${text}\n`;

test('entries', () => {
  const parsed = parseEntry(Buffer.from('2026-01-02T03:04:05.6Z stderr P half a line'));
  assert.deepEqual([parsed?.stream, parsed?.full, Buffer.from(parsed?.content ?? []).toString()], ['stderr', false, 'half a line']);
  assert.equal(parseEntry(Buffer.from('garbage')), undefined);
  assert.equal(Buffer.from(parseEntry(Buffer.from('t stdout F'))?.content ?? [1]).toString(), '');
});

test('a split line gets one timestamp', () => {
  const formatter = new LogFormatter({ timestamps: true });
  const format = (line: string): string => {
    const parsed = parseEntry(Buffer.from(line.trimEnd()));
    assert.ok(parsed);
    return Buffer.from(formatter.format(parsed)).toString();
  };
  assert.equal(
    format(entry(1, 'ab', 'P')) + format(entry(1, 'c')) + format(entry(2, 'd')),
    '2026-01-02T03:04:01.000000001Z abc\n2026-01-02T03:04:02.000000001Z d\n',
  );
});

test('reading: tail, since, limit, streams', async () => {
  const world = createWorld({ logLevel: 'error' });
  const dir = mkdtempSync('/tmp/tutti-logs-');
  try {
    const path = `${dir}/0.log`;
    await world.fs.write(path, entry(1, 'one') + entry(2, 'two', 'F', 'stderr') + entry(3, 'three'));
    const read = async (options: ReadOptions): Promise<string> => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of readLines(world.fs, path, options)) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    };
    assert.equal(await read({}), 'one\ntwo\nthree\n');
    assert.equal(await read({ tailLines: 2 }), 'two\nthree\n');
    assert.equal(await read({ tailLines: 0 }), '');
    assert.equal(await read({ tailLines: 10 }), 'one\ntwo\nthree\n');
    assert.equal(await read({ since: Date.parse('2026-01-02T03:04:02Z') }), 'two\nthree\n');
    assert.equal(await read({ limitBytes: 5 }), 'one\nt');
    assert.equal(await read({ stream: 'stderr' }), 'two\n');
    // What is written while the tail is read is not part of it.
    const big = `${dir}/big.log`;
    await world.fs.write(big, entry(1, 'a'.repeat(70_000)) + entry(2, 'b'));
    const growing = readLines(world.fs, big, { tailLines: 2 });
    const first = await growing.next();
    await world.fs.write(big, entry(3, 'c'), { append: true });
    let text = Buffer.from(first.done ? [] : first.value).toString();
    for await (const chunk of growing) text += Buffer.from(chunk).toString();
    assert.equal(text, `${'a'.repeat(70_000)}\nb\n`);
    let ended = false;
    const follow = {
      signal: new AbortController().signal,
      ended: () => ended,
      wait: async () => {
        if (ended) return;
        // Rotated away, with a new file in its place.
        await world.fs.write(path, entry(4, 'four'), { append: true });
        await world.fs.rename(path, `${path}.old`);
        await world.fs.write(path, entry(5, 'five'));
        ended = true;
      },
    };
    assert.match(await read({ tailLines: 1, follow }), /^three\n(four\n)?five\n$/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('rotation', () => {
  assert.equal(rotationSuffix(Date.parse('2026-01-02T03:04:05Z')), '20260102-030405');
  assert.deepEqual(planRotated(['l.3', 'l.1.gz', 'l.2', 'l.4'], 5), { remove: ['l.1.gz'], compress: ['l.2', 'l.3', 'l.4'] });
});

test('times are printed with all nine digits', () => {
  assert.equal(fixedTime('2026-11-24T02:28:55.91651508Z'), '2026-11-24T02:28:55.916515080Z');
  assert.equal(fixedTime('2026-11-24T02:28:55Z'), '2026-11-24T02:28:55.000000000Z');
  assert.equal(fixedTime('2026-11-24T02:28:55.5+01:00'), '2026-11-24T02:28:55.500000000+01:00');
});
