import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControllerRevision } from '#api/apps/v1/controllerrevision.ts';
import type { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import { fnv32a, safeEncode } from '#format/hash.ts';
import { obsoleteRevisions, planRevision, revisionHash, templateOf, templatePatch } from './revisions.ts';

const template = (image: string): PodTemplateSpec => ({ spec: { containers: [{ name: 'c', image }] } }) as unknown as PodTemplateSpec;
const at = (revision: number, image: string): ControllerRevision =>
  ({ metadata: { name: `r${revision}` }, revision, data: templatePatch(template(image)) }) as ControllerRevision;

test('a template survives being remembered', () => {
  const data = templatePatch(template('a'));
  assert.equal(JSON.stringify(data), '{"spec":{"template":{"$patch":"replace","spec":{"containers":[{"image":"a","name":"c"}]}}}}');
  assert.deepEqual(templateOf({ metadata: { name: 'r' }, revision: 1, data } as ControllerRevision), template('a'));
});

test('new data, the newest data, old data', () => {
  const known = [at(2, 'b'), at(1, 'a')];
  assert.deepEqual(planRevision([], templatePatch(template('a'))), { type: 'create', number: 1 });
  assert.deepEqual(planRevision(known, templatePatch(template('c'))), { type: 'create', number: 3 });
  assert.deepEqual(planRevision(known, templatePatch(template('b'))), { type: 'keep', revision: known[0] });
  assert.deepEqual(planRevision(known, templatePatch(template('a'))), { type: 'renumber', revision: known[1], number: 3 });
});

test('hashes differ by data and by collisions', () => {
  const hashes = [revisionHash({ a: 1 }, 0), revisionHash({ a: 2 }, 0), revisionHash({ a: 1 }, 1)];
  assert.equal(new Set(hashes).size, 3);
  assert.equal(revisionHash({ b: 1, a: 2 }, 0), revisionHash({ a: 2, b: 1 }, 0));
  const escaped = String.raw`{"a":"\u003cb\u003e \u0026 \u2028"}`;
  assert.equal(revisionHash({ a: '<b> & \u2028' }, 0), safeEncode(String(fnv32a(escaped))));
});

test('of the unused, the oldest beyond the limit go', () => {
  const all = [at(3, 'c'), at(1, 'a'), at(4, 'd'), at(2, 'b')];
  const obsolete = obsoleteRevisions(all, ({ revision }) => revision === 1, 1);
  assert.deepEqual(
    obsolete.map(({ revision }) => revision),
    [2, 3],
  );
  assert.deepEqual(
    obsoleteRevisions(all, () => false, 10),
    [],
  );
});
