// In which order plugins are asked, and what their answers lead to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '#base/seeded.ts';
import { Cycle } from './cycle.ts';
import { type Plugin, type PluginSet, unschedulable } from './framework.ts';
import { podInfo } from './podinfo.ts';
import { node, pod } from './testing/build.ts';
import { cacheOf } from './testing/judge.ts';
import { rejectionAt } from './verdict.ts';

/** A plugin that notes how it is called. */
function spy(calls: string[], name: string, more: Partial<Plugin> = {}): Plugin {
  return {
    name,
    preFilter() {
      calls.push(`${name}.preFilter`);
      return {};
    },
    filter(_, { name: where }) {
      calls.push(`${name}.filter ${where}`);
      return undefined;
    },
    preScore() {
      calls.push(`${name}.preScore`);
      return true;
    },
    score(_, { name: where }) {
      calls.push(`${name}.score ${where}`);
      return where === 'b' ? 100 : 0;
    },
    normalize() {
      calls.push(`${name}.normalize`);
    },
    ...more,
  };
}

function attempt(plugins: readonly Plugin[], weights: PluginSet['weights'] = {}, names = ['a', 'b']) {
  const cycle = new Cycle({ set: { plugins, weights }, random: seededRandom(1) });
  return cycle.attempt(podInfo(pod('p')), cacheOf({ nodes: names.map((name) => node(name)) }));
}

test('points are passed in order, each plugin after the other', () => {
  const calls: string[] = [];
  const result = attempt([spy(calls, 'One'), spy(calls, 'Two')]);
  assert.ok(result.ok && result.node.name === 'b');
  assert.deepEqual(calls, [
    'One.preFilter',
    'Two.preFilter',
    'One.filter a',
    'Two.filter a',
    'One.filter b',
    'Two.filter b',
    'One.preScore',
    'Two.preScore',
    'One.score a',
    'One.score b',
    'One.normalize',
    'Two.score a',
    'Two.score b',
    'Two.normalize',
  ]);
});

test('the first rejection of a node ends its examination, and nothing is scored for one node', () => {
  const calls: string[] = [];
  const picky = spy(calls, 'Picky', { filter: (_, { name }) => (name === 'a' ? unschedulable('Picky', 'not a') : undefined) });
  const result = attempt([picky, spy(calls, 'Next')]);
  assert.ok(result.ok && result.node.name === 'b');
  assert.deepEqual(calls, ['Picky.preFilter', 'Next.preFilter', 'Next.filter b']);
});

test('a rejection up front spares the nodes', () => {
  const calls: string[] = [];
  const result = attempt([spy(calls, 'No', { preFilter: () => unschedulable('No', 'not at all') }), spy(calls, 'Next')]);
  assert.ok(!result.ok);
  assert.deepEqual(result.verdict.upFront?.reasons, ['not at all']);
  assert.deepEqual([...result.verdict.plugins], ['No']);
  assert.deepEqual(calls, []);
});

test('a plugin that skips in preFilter does not filter, one that skips in preScore does not score', () => {
  const calls: string[] = [];
  const idle = spy(calls, 'Idle', { preFilter: () => ({ skip: true }), preScore: () => false });
  attempt([idle, spy(calls, 'Busy')]);
  assert.equal(
    calls.some((call) => call.startsWith('Idle')),
    false,
  );
});

test('nodes that plugins name are the only ones looked at; the others are rejected in their name', () => {
  const calls: string[] = [];
  const narrow = spy(calls, 'Narrow', {
    preFilter: () => ({ nodes: new Set(['b', 'c', 'missing']) }),
    filter: () => unschedulable('Narrow', 'full'),
  });
  const result = attempt([narrow], {}, ['a', 'b', 'c', 'd']);
  assert.ok(!result.ok);
  const { verdict } = result;
  const reasons = verdict.nodes.map((item, i) => `${item.name}: ${rejectionAt(verdict, i)?.reasons.join() ?? ''}`);
  assert.deepEqual(reasons, [
    "a: node(s) didn't satisfy plugin(s) [Narrow]",
    'b: full',
    'c: full',
    "d: node(s) didn't satisfy plugin(s) [Narrow]",
  ]);
});

test('weights decide between plugins that disagree', () => {
  const likes = (name: string, liked: string): Plugin => ({ name, score: (_, { name: where }) => (where === liked ? 100 : 0) });
  const plugins = [likes('A', 'a'), likes('B', 'b')];
  const chosen = (weights: PluginSet['weights']) => {
    const result = attempt(plugins, weights);
    return result.ok ? result.node.name : undefined;
  };
  assert.equal(chosen({ A: 2, B: 1 }), 'a');
  assert.equal(chosen({ A: 2, B: 3 }), 'b');
});

test('of many nodes only enough are looked at, and the next search goes on where the last one ended', () => {
  const seen: string[] = [];
  const looking: Plugin = {
    name: 'Looking',
    filter(_, { name }) {
      seen.push(name);
      return undefined;
    },
    score: () => 0,
  };
  const cycle = new Cycle({ set: { plugins: [looking], weights: {} }, random: seededRandom(1) });
  const cache = cacheOf({ nodes: Array.from({ length: 300 }, (_, i) => node(`n${i}`)) });
  const first = cycle.attempt(podInfo(pod('p')), cache);
  // 50 % − 300/125 = 48 % of 300 nodes.
  assert.equal(first.ok && first.evaluated, 144);
  cycle.attempt(podInfo(pod('q', { labels: { app: 'another' } })), cache);
  assert.equal(new Set(seen).size, 288);
});

test('siblings use the same search, never a node that has become too full', () => {
  const cache = cacheOf({ nodes: Array.from({ length: 200 }, (_, i) => node(`n${i}`, { resources: { pods: '1' } })) });
  let filtered = 0;
  const room: Plugin = {
    name: 'Room',
    filter(_, { pods, allowedPods }) {
      filtered++;
      return pods.size < allowedPods ? undefined : unschedulable('Room', 'Too many pods');
    },
    localScore: true,
    score: (_, { pods }) => 100 - pods.size,
  };
  const cycle = new Cycle({ set: { plugins: [room], weights: {} }, random: seededRandom(1) });
  const used = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const info = podInfo(pod(`p${i}`));
    const result = cycle.attempt(info, cache);
    assert.ok(result.ok, `pod ${i} has a node`);
    assert.equal(used.has(result.node.name), false, `${result.node.name} is free`);
    used.add(result.node.name);
    cache.place(info, result.node.name);
  }
  assert.equal(cycle.attempt(podInfo(pod('late')), cache).ok, false);
  assert.ok(filtered < 200 * 100, `${filtered} nodes were asked`);
});
