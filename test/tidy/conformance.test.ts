// The conformance tests that ours stand for are named above ours, as `// Conformance: <name>`: such a name must exist, and
// stand above a test. `node test/tidy/conformance.test.ts --missing [milestone]` prints those that nothing stands for.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';

interface Listed {
  readonly name: string;
  readonly milestone: number;
  readonly level: string;
}

const root = resolve(import.meta.dirname, '../..');
const list = resolve(root, '../shared/conformance-1.35.json');
const mark = '// Conformance: ';

/** Every marked name of the tests, with its place and whether a test follows it. */
function marked(): { name: string; place: string; above: boolean }[] {
  return globSync('test/**/*.ts', { cwd: root }).flatMap((file) => {
    const lines = readFileSync(resolve(root, file), 'utf8').split('\n');
    return lines.flatMap((line, index) => {
      if (!line.trimStart().startsWith(mark)) return [];
      const next = lines.slice(index + 1).find((one) => !one.trimStart().startsWith('//')) ?? '';
      const above = /\b(test|it|describe|check|scenario)\b|name:|title:|\bid:/.test(next);
      return [{ name: line.trim().slice(mark.length), place: `${file}:${index + 1}`, above }];
    });
  });
}

if (!existsSync(list)) {
  test('conformance tests by name', { skip: process.env['CI'] ? false : 'the list of conformance tests is not here' }, () =>
    assert.fail('the list of conformance tests is missing'),
  );
} else {
  const listed = JSON.parse(readFileSync(list, 'utf8')) as Listed[];
  const found = marked();
  const names = new Set(found.map(({ name }) => name));
  const missing = listed.filter(({ name }) => !names.has(name));
  const at = process.argv.indexOf('--missing');
  if (at >= 0) {
    const milestone = process.argv[at + 1];
    for (const one of missing) {
      if (!milestone || String(one.milestone) === milestone) console.log(`${one.milestone} ${one.level.padEnd(11)} ${one.name}`);
    }
    console.log(`${missing.length} of ${listed.length} have no test`);
  } else {
    test('every name above a test is one of the conformance suite', () => {
      const known = new Set(listed.map(({ name }) => name));
      assert.deepEqual(
        found.filter(({ name, above }) => !known.has(name) || !above),
        [],
      );
    });
    test('every one of the conformance suite has a test of ours', () => {
      assert.ok(listed.length > 300);
      assert.deepEqual(
        missing.map(({ name }) => name),
        [],
      );
    });
  }
}
