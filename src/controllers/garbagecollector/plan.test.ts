import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { OwnerGraph } from './graph.ts';
import { judge, type OwnerState, withoutOwners } from './plan.ts';

const type = { apiVersion: 'v1', kind: 'ConfigMap' };
const object = (uid: string, owners: string[] = [], extra: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  metadata: {
    name: uid,
    namespace: 'default',
    uid,
    ...(owners.length ? { ownerReferences: owners.map((owner) => ({ ...type, name: owner, uid: owner, blockOwnerDeletion: true })) } : {}),
    ...extra,
  },
});
const graphOf = () => new OwnerGraph({ namespaced: () => true });
const foreground = { deletionTimestamp: 'now', finalizers: ['foregroundDeletion'] };

test('graph: unknown owners are looked for, known ones are not', () => {
  const graph = graphOf();
  assert.deepEqual([...graph.observe(object('child', ['parent']), type).judge], ['parent']);
  assert.deepEqual([...graph.observe(object('third', ['parent']), type).judge], ['parent']);
  assert.ok(graph.get('parent')?.virtual);
  assert.deepEqual([...graph.observe(object('parent'), type).judge], []);
  assert.deepEqual([...graph.observe(object('second', ['parent']), type).judge], []);
  assert.deepEqual([...graph.remove('parent').judge].toSorted(), ['child', 'second', 'third']);
});

test('graph: an owner that nobody has seen is asked for again by who comes after the answer', () => {
  const graph = graphOf();
  assert.deepEqual([...graph.observe(object('first', ['ghost']), type).judge], ['ghost']);
  assert.deepEqual([...graph.observe(object('late', ['ghost']), type).judge], ['ghost']);
  // A change of one that has been judged asks nothing.
  assert.deepEqual([...graph.observe(object('late', ['ghost'], { resourceVersion: '2' }), type).judge], []);
});

test('graph: foreground deletion looks at dependents, and at the owner when one goes', () => {
  const graph = graphOf();
  graph.observe(object('parent'), type);
  graph.observe(object('child', ['parent']), type);
  assert.deepEqual([...graph.observe(object('parent', [], foreground), type).judge].toSorted(), ['child', 'parent']);
  assert.deepEqual([...graph.observe(object('parent', [], { ...foreground, resourceVersion: '2' }), type).judge], []);
  assert.equal(graph.blocking(graph.get('parent') as never).length, 1);
  assert.deepEqual([...graph.remove('child').judge], ['parent']);
});

test('graph: orphaning starts once; a reference across namespaces is invalid; virtual owners do not pile up', () => {
  const graph = graphOf();
  const orphaning = { deletionTimestamp: 'now', finalizers: ['orphan'] };
  assert.deepEqual([...graph.observe(object('parent', [], orphaning), type).orphan], ['parent']);
  assert.deepEqual([...graph.observe(object('parent', [], orphaning), type).orphan], []);
  const effects = graph.observe(object('far', ['parent'], { namespace: 'other' }), type);
  assert.equal(effects.invalid.length, 1);
  assert.deepEqual([...effects.judge], ['far']);
  graph.observe(object('stray', ['ghost']), type);
  graph.remove('stray');
  assert.equal(graph.get('ghost'), undefined);
});

test('verdicts', () => {
  const states: Record<string, OwnerState> = { solid: 'solid', absent: 'absent', waiting: 'waiting' };
  const verdict = (owners: string[], around = { hasDependents: false, dependentWaits: false }, finalizers: string[] = []) =>
    judge(object('x', owners, { finalizers }), ({ uid }) => states[uid] ?? 'solid', around);
  assert.deepEqual(verdict([]), { action: 'keep' });
  assert.deepEqual(verdict(['solid']), { action: 'keep' });
  assert.deepEqual(verdict(['solid', 'absent', 'waiting']), { action: 'unlink', uids: new Set(['absent', 'waiting']) });
  assert.deepEqual(verdict(['absent']), { action: 'delete', policy: 'Background', unblock: false });
  assert.deepEqual(verdict(['absent'], undefined, ['orphan']), { action: 'delete', policy: 'Orphan', unblock: false });
  assert.deepEqual(verdict(['waiting'], { hasDependents: true, dependentWaits: true }), {
    action: 'delete',
    policy: 'Foreground',
    unblock: true,
  });
  assert.deepEqual(verdict(['waiting']), { action: 'delete', policy: 'Background', unblock: false });
  assert.equal(withoutOwners(object('x', ['a']), new Set(['b'])), undefined);
});
