// Every controller has an identity of its own, and every identity may do what its work needs: one without rules is refused
// everything in a real cluster, and works only in tests with an administrator's client.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { controllerRules, namespacedControllerRules } from '#apiserver/authz/controllers.ts';

test('every controller that is started has rules', () => {
  const text = readFileSync(new URL('../../src/controllers/start.ts', import.meta.url), 'utf8');
  const names = [...text.matchAll(/deps\('([^']+)'\)/g)].map((match) => match[1] ?? '');
  assert.ok(names.length > 20);
  assert.deepEqual(
    names.filter((name) => controllerRules[name] === undefined && !namespacedControllerRules.some((role) => role.name === name)),
    [],
  );
});
