// Attempts with extenders that are functions: who is asked what, and what comes of the answers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '#base/log.ts';
import { seededRandom } from '#base/seeded.ts';
import { Cycle } from '../cycle.ts';
import { defaultPlugins } from '../defaults.ts';
import { extenderName } from '../framework.ts';
import { pendingMessage } from '../message.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import { Nominator } from '../nominator.ts';
import { type PodInfo, podInfo } from '../podinfo.ts';
import type { Candidate } from '../preemption/pick.ts';
import { node, on, pod } from '../testing/build.ts';
import { cacheOf } from '../testing/judge.ts';
import { rejectionAt } from '../verdict.ts';
import { extendedAttempt } from './attempt.ts';
import type { Extender } from './extender.ts';
import { boundByExtender, passPreemption, type Round } from './rounds.ts';

const broken = (): Promise<never> => Promise.reject(new Error('out of order'));
const all = { failed: new Map<string, string>(), unresolvable: new Map<string, string>() };
const keeping =
  (...names: string[]): Extender['filter'] =>
  (_pod, nodes) =>
    Promise.resolve({ ...all, nodes: nodes.filter(({ name }) => names.includes(name)) });

function extender(parts: Partial<Extender>): Extender {
  return {
    name: 'http://e',
    ignorable: false,
    filters: parts.filter !== undefined,
    prioritizes: parts.prioritize !== undefined,
    preempts: parts.preempt !== undefined,
    binds: parts.bind !== undefined,
    isInterested: () => true,
    filter: broken,
    prioritize: broken,
    preempt: broken,
    bind: broken,
    ...parts,
  };
}

const roundOf = (...extenders: Extender[]): Round => ({ extenders, log: silent, signal: new AbortController().signal });
const names = (nodes: readonly NodeInfo[]): string => nodes.map(({ name }) => name).join();

function setUp(...nodeNames: string[]) {
  const cache = cacheOf({ nodes: nodeNames.map((name) => node(name)) });
  const nominator = new Nominator();
  const cycle = new Cycle({ set: defaultPlugins(), random: seededRandom(1), nominator });
  let current: PodInfo | undefined = podInfo(pod('p', { requests: { cpu: '1' } }));
  const attempt = (...extenders: Extender[]) => extendedAttempt({ cycle, cache, round: roundOf(...extenders), pod: () => current });
  return { cache, nominator, attempt, info: current, become: (next: PodInfo | undefined) => (current = next) };
}

test('each is asked about what the one before has left; points decide among the rest', async () => {
  const { attempt } = setUp('a', 'b', 'c', 'd');
  const asked: string[] = [];
  const listening =
    (filter: Extender['filter']): Extender['filter'] =>
    (p, nodes, signal) => {
      asked.push(names(nodes));
      return filter(p, nodes, signal);
    };
  const found = await attempt(
    extender({ filter: listening(keeping('a', 'b', 'c')), prioritize: () => Promise.resolve(new Map([['b', 100]])) }),
    extender({ filter: listening(keeping('b', 'c', 'd')), prioritize: () => Promise.resolve(new Map([['c', 150]])) }),
    extender({ prioritize: broken }),
  );
  assert.deepEqual(asked, ['a,b,c,d', 'a,b,c']);
  assert.equal(found?.ok && found.node.name, 'c');
});

test('points are added to those of the plugins', async () => {
  const { attempt, cache } = setUp('full', 'empty');
  cache.place(podInfo(on('full', pod('x', { requests: { cpu: '2', memory: '4Gi' } }))), 'full');
  const giving = (points: number) => extender({ prioritize: () => Promise.resolve(new Map([['full', points]])) });
  const few = await attempt(giving(10));
  const many = await attempt(giving(1000));
  assert.deepEqual([few?.ok && few.node.name, many?.ok && many.node.name], ['empty', 'full']);
});

test('with one node left nobody is asked for points', async () => {
  const { attempt } = setUp('a', 'b');
  const prioritize = (): never => assert.fail('nothing to compare');
  const found = await attempt(extender({ filter: keeping('b'), prioritize }));
  assert.equal(found?.ok && found.node.name, 'b');
});

test('nobody left: reasons are counted with those of the plugins, and any event may help', async () => {
  const { attempt, cache } = setUp('a', 'b', 'c');
  cache.place(podInfo(on('c', pod('x', { requests: { cpu: '4' } }))), 'c');
  const found = await attempt(
    extender({
      filter: () => Promise.resolve({ nodes: [], failed: new Map([['a', 'no license']]), unresolvable: new Map([['b', 'no socket']]) }),
    }),
  );
  assert.ok(found && !found.ok);
  assert.equal(pendingMessage(found.verdict), '0/3 nodes are available: 1 Insufficient cpu, 1 no license, 1 no socket.');
  assert.deepEqual([...found.verdict.plugins].toSorted(), [extenderName, 'NodeResourcesFit']);
  const codes = found.verdict.nodes.map((_, i) => rejectionAt(found.verdict, i)?.code);
  assert.deepEqual(codes, ['unschedulable', 'unresolvable', 'unschedulable']);
});

test('nodes that are left out without a word count, but say nothing', async () => {
  const { attempt } = setUp('a', 'b');
  const found = await attempt(extender({ filter: keeping() }));
  assert.ok(found && !found.ok);
  assert.equal(pendingMessage(found.verdict), '0/2 nodes are available:');
  assert.equal(rejectionAt(found.verdict, 0)?.code, 'unresolvable');
});

test('who fails ends the attempt, unless it may be ignored', async () => {
  const { attempt } = setUp('a', 'b');
  await assert.rejects(attempt(extender({ filter: broken })), { message: 'out of order' });
  const found = await attempt(extender({ filter: broken, ignorable: true }), extender({ filter: keeping('b') }));
  assert.equal(found?.ok && found.node.name, 'b');
});

test('what happens while they are asked counts', async () => {
  const { attempt, cache, become, info } = setUp('a', 'b');
  const during = (act: () => void) =>
    extender({
      filter: (_pod, nodes) => {
        act();
        return Promise.resolve({ ...all, nodes: [...nodes] });
      },
    });
  const taken = await attempt(during(() => cache.place(podInfo(on('a', pod('quick', { requests: { cpu: '4' } }))), 'a')));
  assert.equal(taken?.ok && taken.node.name, 'b');
  const gone = await attempt(during(() => cache.removeNode('b')));
  assert.ok(gone && !gone.ok);
  assert.equal(pendingMessage(gone.verdict), '0/1 nodes are available: 1 Insufficient cpu.');
  assert.equal(gone.verdict.plugins.has(extenderName), true);
  cache.setNode(node('c'));
  assert.equal(await attempt(during(() => become(undefined))), undefined);
  become(info);
  assert.equal((await attempt(during(() => {})))?.ok, true);
});

test('the node that the pod is nominated to is asked about first, alone', async () => {
  const { attempt, nominator, info } = setUp('a', 'b');
  nominator.set(info, 'a');
  const asked: string[] = [];
  const filter =
    (...allowed: string[]): Extender['filter'] =>
    (p, nodes, signal) => {
      asked.push(names(nodes));
      return keeping(...allowed)(p, nodes, signal);
    };
  const first = await attempt(extender({ filter: filter('a', 'b') }));
  const other = await attempt(extender({ filter: filter('b') }));
  assert.deepEqual([first?.ok && first.node.name, other?.ok && other.node.name], ['a', 'b']);
  assert.deepEqual(asked, ['a', 'a', 'a,b']);
});

test('preemption goes through those that want it', async () => {
  const cache = cacheOf({ nodes: [node('a'), node('b')], placed: [on('a', pod('x')), on('b', pod('y'))] });
  const candidates: Candidate[] = cache.nodes.map((at) => ({ node: at, victims: [...at.pods.values()], violations: 0 }));
  const given = { candidates, nodeOf: (name: string) => cache.get(name) };
  const left = async (...extenders: Extender[]) =>
    names((await passPreemption(roundOf(...extenders), pod('p'), given)).map((candidate) => candidate.node));
  const dropping =
    (name: string): Extender['preempt'] =>
    (_pod, told) =>
      Promise.resolve(told.candidates.filter((candidate) => candidate.node.name !== name));
  const emptying: Extender['preempt'] = (_pod, told) =>
    Promise.resolve(told.candidates.map((candidate) => (candidate.node.name === 'a' ? { ...candidate, victims: [] } : candidate)));
  assert.equal(await left(extender({ filter: broken })), 'a,b');
  assert.equal(await left(extender({ preempt: dropping('a') })), 'b');
  assert.equal(await left(extender({ preempt: dropping('a') }), extender({ preempt: dropping('b') }), extender({ preempt: broken })), '');
  assert.equal(await left(extender({ preempt: broken, ignorable: true })), 'a,b');
  await assert.rejects(left(extender({ preempt: broken })), { message: 'out of order' });
  assert.equal(await left(extender({ preempt: emptying, ignorable: true })), 'b');
  await assert.rejects(left(extender({ preempt: emptying })), { message: 'expected at least one victim pod on node "a"' });
});

test('the one that binds does so; it may be left out when it may be ignored', async () => {
  const info = podInfo(pod('p'));
  const bind = (...extenders: Extender[]) => boundByExtender(roundOf(...extenders), info, 'n');
  const done: Extender['bind'] = (_pod, at) => {
    assert.equal(at, 'n');
    return Promise.resolve();
  };
  assert.equal(await bind(extender({ filter: broken })), false);
  assert.equal(await bind(extender({ bind: done })), true);
  assert.equal(await bind(extender({ bind: broken, ignorable: true })), false);
  await assert.rejects(bind(extender({ bind: broken })), { message: 'out of order' });
});
