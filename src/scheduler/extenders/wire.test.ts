// The wire format of extenders, both ways.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podInfo } from '../podinfo.ts';
import { node, on, pod } from '../testing/build.ts';
import { cacheOf } from '../testing/judge.ts';
import { bindingArgs, checkBound, extenderArgs, filterAnswer, preemptionAnswer, preemptionArgs, scoresAnswer } from './wire.ts';

test('nodes are told whole, or by name to those who know them', () => {
  const [p, n] = [pod('p'), node('n')];
  assert.deepEqual(extenderArgs(p, [n], false), { Pod: p, Nodes: { metadata: {}, items: [n] }, NodeNames: null });
  assert.deepEqual(extenderArgs(p, [n], true), { Pod: p, Nodes: null, NodeNames: ['n'] });
});

test('answers to a filter call', () => {
  const told = (value: unknown, namesOnly: boolean) => {
    const { nodes, failed, unresolvable } = filterAnswer(value, namesOnly);
    return [nodes, Object.fromEntries(failed), Object.fromEntries(unresolvable)];
  };
  const items = [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }];
  assert.deepEqual(told({ NodeNames: ['a'], FailedNodes: { b: 'full' }, FailedAndUnresolvableNodes: { c: 'never' } }, true), [
    ['a'],
    { b: 'full' },
    { c: 'never' },
  ]);
  assert.deepEqual(told({ Nodes: { items } }, false), [['a', 'b'], {}, {}]);
  // Names mean nothing where whole nodes were told, and nodes may stand in for names.
  assert.deepEqual(told({ Nodes: { items }, NodeNames: ['c'] }, false)[0], ['a', 'b']);
  assert.deepEqual(told({ Nodes: { items }, NodeNames: null }, true)[0], ['a', 'b']);
  assert.deepEqual(told({ nodenames: ['a'], failedNodes: { b: 'full' }, error: '' }, true), [['a'], { b: 'full' }, {}]);
  for (const nothing of [null, {}, { NodeNames: [] }]) assert.deepEqual(told(nothing, true), [[], {}, {}]);
  assert.throws(() => filterAnswer({ Error: 'no idea', NodeNames: ['a'] }, true), { message: 'no idea' });
  assert.throws(() => filterAnswer([], true), { message: 'ExtenderFilterResult must be an object' });
  assert.throws(() => filterAnswer({ NodeNames: 'a' }, true), { message: 'NodeNames must be a list' });
  assert.throws(() => filterAnswer({ FailedNodes: { a: 1 } }, true), { message: 'FailedNodes.a must be a text' });
});

test('scores are weighted and brought to the measure of plugins', () => {
  const points = scoresAnswer([{ Host: 'a', Score: 10 }, { host: 'b', score: 3 }, { Host: 'c' }], 2);
  assert.deepEqual(Object.fromEntries(points), { a: 200, b: 60, c: 0 });
  assert.equal(scoresAnswer(null, 1).size, 0);
  assert.throws(() => scoresAnswer([{ Host: 'a', Score: 1.5 }], 1), { message: 'HostPriorityList[0].Score must be a whole number' });
});

test('bindings', () => {
  assert.deepEqual(bindingArgs(podInfo(pod('p', { namespace: 'ns' })), 'n'), {
    PodName: 'p',
    PodNamespace: 'ns',
    PodUID: 'pod-ns-p',
    Node: 'n',
  });
  for (const fine of [{}, null, { Error: '' }]) checkBound(fine);
  assert.throws(() => checkBound({ Error: 'taken' }), { message: 'taken' });
});

test('preemption', () => {
  const cache = cacheOf({ nodes: [node('n')], placed: [on('n', pod('victim'))] });
  const [at] = cache.nodes;
  assert.ok(at);
  const victims = [...at.pods.values()];
  const candidates = [{ node: at, victims, violations: 1 }];
  const p = pod('p');
  assert.deepEqual(preemptionArgs(p, candidates, false), {
    Pod: p,
    NodeNameToVictims: { n: { Pods: [victims[0]?.pod], NumPDBViolations: 1 } },
    NodeNameToMetaVictims: null,
  });
  assert.deepEqual(preemptionArgs(p, candidates, true), {
    Pod: p,
    NodeNameToVictims: null,
    NodeNameToMetaVictims: { n: { Pods: [{ UID: 'pod-default-victim' }], NumPDBViolations: 1 } },
  });
  assert.deepEqual(preemptionAnswer({ NodeNameToMetaVictims: { n: { Pods: [{ UID: 'u' }], NumPDBViolations: 2 }, m: null } }), [
    { node: 'n', uids: ['u'], violations: 2 },
    { node: 'm', uids: [], violations: 0 },
  ]);
  assert.deepEqual(preemptionAnswer({}), []);
});
