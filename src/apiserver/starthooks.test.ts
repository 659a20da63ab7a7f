import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartHooks } from './starthooks.ts';

test('the hooks of a step pass when it has ended, and not before', () => {
  const start = new StartHooks();
  const failing = (): string[] =>
    start
      .checks()
      .filter(([, check]) => check() !== undefined)
      .map(([name]) => name);
  assert.equal(failing().length, start.checks().length);
  start.end('objects');
  assert.ok(!failing().includes('poststarthook/rbac/bootstrap-roles'));
  assert.ok(failing().includes('poststarthook/crd-informer-synced'));
  assert.ok(failing().includes('autoregister-completion'));
  start.end('helpers');
  assert.ok(!failing().includes('autoregister-completion'));
});
