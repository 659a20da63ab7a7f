// The import rules of ARCHITECTURE.md, enforced: rooms, cycles, banned globals and packages.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '../..');
const src = join(root, 'src');

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

/** The specifiers that a source text imports, with the ones that are types only marked. */
function importsOf(text: string): { specifier: string; typeOnly: boolean }[] {
  const found: { specifier: string; typeOnly: boolean }[] = [];
  const pattern = /^\s*(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
  for (const match of text.matchAll(pattern)) found.push({ specifier: match[2] ?? '', typeOnly: match[1] !== undefined });
  for (const match of text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)) found.push({ specifier: match[1] ?? '', typeOnly: false });
  return found;
}

function rooms(): Map<string, Set<string>> {
  const table = new Map<string, Set<string>>();
  for (const line of readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim());
    const folder = /^`src\/([a-z]+)\/`$/.exec(cells[2] ?? '')?.[1];
    if (folder === undefined) continue;
    table.set(
      folder,
      new Set(
        (cells[4] ?? '')
          .split(',')
          .map((name) => name.trim())
          .filter((name) => /^[a-z]+$/.test(name)),
      ),
    );
  }
  return table;
}

const table = rooms();
const sources = files(src).filter((file) => !file.endsWith('.test.ts'));
const texts = new Map(sources.map((file) => [file, readFileSync(file, 'utf8')]));
const roomOf = (file: string): string => relative(src, file).split('/')[0] ?? '';

function targetOf(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return join(src, specifier.slice(1));
  if (specifier.startsWith('.')) return resolve(dirname(file), specifier);
  return undefined;
}

test('every room of the source is in the table', () => {
  const present = new Set(sources.map(roomOf));
  assert.deepEqual(
    [...present].filter((room) => !table.has(room)),
    [],
  );
});

test('imports follow the table', () => {
  const broken: string[] = [];
  for (const [file, text] of texts) {
    const room = roomOf(file);
    for (const { specifier } of importsOf(text)) {
      const target = targetOf(file, specifier);
      if (target === undefined) continue;
      const other = roomOf(target);
      if (other !== room && !table.get(room)?.has(other)) broken.push(`${relative(root, file)} -> ${specifier}`);
    }
  }
  assert.deepEqual(broken, []);
});

test('every import of ours exists', () => {
  const missing: string[] = [];
  for (const [file, text] of texts) {
    for (const { specifier } of importsOf(text)) {
      const target = targetOf(file, specifier);
      if (target !== undefined && !texts.has(target) && !target.endsWith('.json')) missing.push(`${relative(root, file)} -> ${specifier}`);
    }
  }
  assert.deepEqual(missing, []);
});

test('there is no cycle of value imports', () => {
  const graph = new Map(
    [...texts].map(([file, text]) => [
      file,
      importsOf(text)
        .filter((entry) => !entry.typeOnly)
        .map((entry) => targetOf(file, entry.specifier))
        .filter((target): target is string => target !== undefined && texts.has(target)),
    ]),
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].map((step) => relative(root, step)).join(' -> '));
      return;
    }
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  assert.deepEqual(cycles, []);
});

/** Packages that are native or speak to the outside; each is behind one room. */
const outside = new Map([['lmdb', ['store', 'host']]]);

test('only host and cmd import node:* and packages of the outside world', () => {
  const broken: string[] = [];
  for (const [file, text] of texts) {
    const room = roomOf(file);
    if (room === 'host' || room === 'cmd') continue;
    for (const { specifier } of importsOf(text)) {
      if (specifier.startsWith('node:')) broken.push(`${relative(root, file)} -> ${specifier}`);
      const isPackage = !specifier.startsWith('#') && !specifier.startsWith('.') && !specifier.startsWith('node:');
      if (isPackage && room !== 'format' && !outside.get(specifier)?.includes(room) && room !== 'cli')
        broken.push(`${relative(root, file)} -> ${specifier}`);
    }
  }
  assert.deepEqual(broken, []);
});

const banned =
  /\bDate\.now\(|\bnew Date\(\)|\bsetTimeout\(|\bsetInterval\(|\bsetImmediate\(|\bMath\.random\(|\bcrypto\.randomUUID\(|\bprocess\.\w|\bconsole\.\w|\bperformance\.now\(/;

test('time, randomness and the process come as arguments outside host and cmd', () => {
  const broken: string[] = [];
  for (const [file, text] of texts) {
    const room = roomOf(file);
    if (room === 'host' || room === 'cmd') continue;
    text.split('\n').forEach((line, index) => {
      const code = line
        .replace(/\/\/.*$/, '')
        .replace(/^\s*\*.*$/, '')
        .replace(/'[^']*'|`[^`]*`/g, "''");
      if (banned.test(code)) broken.push(`${relative(root, file)}:${index + 1}: ${line.trim()}`);
    });
  }
  assert.deepEqual(broken, []);
});

test('no file is longer than 800 lines, none exports a default', () => {
  const long = [...texts].filter(([, text]) => text.split('\n').length > 800).map(([file]) => relative(root, file));
  const defaults = [...texts].filter(([, text]) => /^export default/m.test(text)).map(([file]) => relative(root, file));
  assert.deepEqual({ long, defaults }, { long: [], defaults: [] });
});
