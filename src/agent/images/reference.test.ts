import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullReference, parseReference } from './reference.ts';

test('references are completed as runtimes keep them', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const cases: readonly [string, string][] = [
    ['busybox', 'docker.io/library/busybox:latest'],
    ['busybox:1', 'docker.io/library/busybox:1'],
    ['user/app:v1', 'docker.io/user/app:v1'],
    ['docker.io/busybox', 'docker.io/library/busybox:latest'],
    ['index.docker.io/library/busybox', 'docker.io/library/busybox:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['registry.local:5000/a/b', 'registry.local:5000/a/b:latest'],
    ['registry.k8s.io/e2e-test-images/agnhost:2.55', 'registry.k8s.io/e2e-test-images/agnhost:2.55'],
    [`app@${digest}`, `docker.io/library/app@${digest}`],
    [`app:v1@${digest}`, `docker.io/library/app@${digest}`],
  ];
  for (const [text, full] of cases) assert.equal(fullReference(text), full);
});

test('what is not a reference', () => {
  for (const text of ['', 'Busybox', 'a b', 'app:', 'app:-x', '/app', 'app@sha256:12', 'a//b', 'reg.io/', `x/${'y'.repeat(300)}`]) {
    assert.equal(parseReference(text), undefined, text);
  }
  assert.throws(() => fullReference('Not:Good:At:All'), /invalid image reference/);
});
