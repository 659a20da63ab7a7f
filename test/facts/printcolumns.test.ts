// The columns of server-side Tables agree with the facts.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { columnsOf } from '#apiserver/table/table.ts';

const file = join(resolve(import.meta.dirname, '../..'), '../shared/facts/printcolumns.json');

interface Facts {
  readonly kinds: Readonly<Record<string, readonly { name: string; type: string; format: string; priority: number }[]>>;
  readonly sameAs: Readonly<Record<string, string>>;
  readonly default: { readonly columns: Facts['kinds'][string] };
}

test('columns of every kind', { skip: !existsSync(file) && process.env['CI'] !== 'true' ? `${file} is absent` : false }, () => {
  const facts = JSON.parse(readFileSync(file, 'utf8')) as Facts;
  const short = (columns: readonly { name: string; type: string; format: string; priority: number }[]) =>
    columns.map(({ name, type, format, priority }) => `${name}|${type}|${format}|${priority}`);
  const expected = { ...facts.kinds };
  for (const [kind, same] of Object.entries(facts.sameAs)) expected[kind] = facts.kinds[same] ?? [];
  for (const [kind, columns] of Object.entries(expected)) {
    assert.deepEqual(short(columnsOf(kind)), short(columns), kind);
  }
  assert.deepEqual(short(columnsOf('no.v1.Such')), short(facts.default.columns));
});
