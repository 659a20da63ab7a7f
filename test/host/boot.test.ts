// How the command starts: the bundle of the sources, and the byte code that is kept beside it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';

const root = resolve(import.meta.dirname, '../..');

describe('a bundled program', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tutti-boot-'));
    copyFileSync(join(root, 'bin/boot.cjs'), join(folder, 'main.cjs'));
    writeFileSync(
      join(folder, 'program.js'),
      `(function (require, directory, url) {
        const said = () => [process.argv.slice(2).join(' '), require('node:path').basename(url), directory === __dirname];
        console.log(JSON.stringify(said()));
      })`.replace('__dirname', JSON.stringify(folder)),
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const run = (...args: string[]): string =>
    execFileSync(process.execPath, [join(folder, 'main.cjs'), ...args], { encoding: 'utf8' }).trim();
  const caches = (): string[] => readdirSync(folder).filter((name) => !['main.cjs', 'program.js'].includes(name));

  it('keeps the byte code of a start, that of servers by itself', () => {
    assert.equal(run('up', '--x'), '["up --x","program.js",true]');
    assert.deepEqual(caches(), ['up.cache']);
    run('status');
    run('../no such verb');
    assert.deepEqual(caches(), ['command.cache', 'up.cache']);
  });

  it('uses what was kept and leaves it alone', () => {
    const file = join(folder, 'up.cache');
    const { ino } = statSync(file);
    assert.equal(run('up'), '["up","program.js",true]');
    assert.equal(statSync(file).ino, ino);
  });

  it('makes anew what it cannot use', () => {
    const file = join(folder, 'up.cache');
    const good = readFileSync(file);
    writeFileSync(file, 'spoilt');
    assert.equal(run('up'), '["up","program.js",true]');
    assert.equal(readFileSync(file).length, good.length);
  });
});

describe('the bundle', () => {
  it('is made once for each state of the sources, in one byte per character, and runs', async () => {
    const { bundleOf } = (await import('../../bin/bundle.mjs' as string)) as { bundleOf(root: string): string | undefined };
    const program = bundleOf(root);
    assert.ok(program);
    assert.equal(bundleOf(root), program);
    const source = readFileSync(join(program, '../program.js'));
    assert.equal(
      source.findIndex((byte) => byte > 0x7f),
      -1,
    );
    assert.match(execFileSync(process.execPath, [program, '--help'], { encoding: 'utf8' }), /^Usage: tutti /);
  });
});
