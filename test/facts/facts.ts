// Where the tables of the Kubernetes API are, and what to do when they are not there: skip, but fail in CI.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';

const folder = resolve(import.meta.dirname, '../../../shared/facts');

/** Runs `body` when the tables are there. */
export function withFacts(name: string, body: (load: (file: string) => unknown, folder: string) => void): void {
  if (existsSync(folder)) {
    body((file) => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')), folder);
    return;
  }
  test(name, { skip: process.env['CI'] ? false : 'the tables of the Kubernetes API are not here' }, () =>
    assert.fail('the tables are missing'),
  );
}
