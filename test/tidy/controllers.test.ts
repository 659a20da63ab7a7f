// Every controller acts as a ServiceAccount of its own: one without a role could do nothing, and only a log would tell.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { controllerRules, namespacedControllerRules } from '#apiserver/authz/controllers.ts';

test('every controller that is started has a role', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../../src/controllers/start.ts'), 'utf8');
  const started = new Set([...text.matchAll(/deps\('([a-z-]+)'\)/g)].map((match) => match[1]));
  const roles = new Set([...Object.keys(controllerRules), ...namespacedControllerRules.map(({ name }) => name)]);
  assert.ok(started.size > 20);
  assert.deepEqual(
    [...started].filter((name) => !roles.has(name ?? '')),
    [],
  );
});
