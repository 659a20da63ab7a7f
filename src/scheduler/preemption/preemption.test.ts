// Preemption: who would have to go, and from which node.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodDisruptionBudget } from '#api/policy/v1/poddisruptionbudget.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { seededRandom } from '#base/seeded.ts';
import { Cycle } from '../cycle.ts';
import { defaultPlugins } from '../defaults.ts';
import { Nominator } from '../nominator.ts';
import { podInfo } from '../podinfo.ts';
import { node, on, pod, type PodParts } from '../testing/build.ts';
import { cacheOf } from '../testing/judge.ts';
import { splitByBudgets } from './budgets.ts';
import { evaluatePreemption, type PreemptionOutcome } from './evaluate.ts';

interface Setting {
  readonly nodes: readonly Node[];
  readonly placed: readonly Pod[];
  readonly incoming: Pod;
  readonly budgets?: readonly PodDisruptionBudget[];
  readonly nominated?: string;
}

function preempt({ nodes, placed, incoming, budgets = [], nominated = '' }: Setting): PreemptionOutcome {
  const cache = cacheOf({ nodes, placed });
  const nominator = new Nominator();
  const random = seededRandom(1);
  const cycle = new Cycle({ set: defaultPlugins(), random, nominator });
  const info = podInfo(incoming);
  if (nominated !== '') nominator.set(info, nominated);
  const attempt = cycle.attempt(info, cache);
  assert.ok(!attempt.ok, 'it does not fit without preemption');
  const before = nodes.map((item) => cache.get(item.metadata.name)?.requested.cpu);
  const { verdict, prepared } = attempt;
  const outcome = evaluatePreemption({ pod: info, verdict, prepared, cache, cycle, budgets, random, nominatedNode: nominated });
  assert.deepEqual(
    nodes.map((item) => cache.get(item.metadata.name)?.requested.cpu),
    before,
    'everything is put back',
  );
  return outcome;
}

const uses = (where: string, name: string, cpu: string, priority: number, more: PodParts = {}) =>
  on(where, pod(name, { requests: { cpu }, ...more, spec: { priority, ...more.spec } }));
const wants = (cpu: string, priority: number, more: PodParts = {}) =>
  pod('new', { requests: { cpu }, ...more, spec: { priority, ...more.spec } });
const result = (outcome: PreemptionOutcome) =>
  outcome.candidate && `${outcome.candidate.node.name}: ${outcome.candidate.victims.map((victim) => victim.pod.metadata.name).join(' ')}`;

test('as few as possible go, the least important ones', () => {
  const placed = [uses('a', 'low', '1', 1), uses('a', 'lower', '1', 0), uses('a', 'mid', '2', 5)];
  assert.equal(result(preempt({ nodes: [node('a')], placed, incoming: wants('1', 10) })), 'a: lower');
  assert.equal(result(preempt({ nodes: [node('a')], placed, incoming: wants('2', 10) })), 'a: low lower');
  assert.equal(result(preempt({ nodes: [node('a')], placed, incoming: wants('4', 10) })), 'a: mid low lower');
  assert.equal(result(preempt({ nodes: [node('a')], placed, incoming: wants('2', 1) })), undefined);
});

test('the node is chosen by the harm done there', () => {
  const nodes = [node('a'), node('b')];
  const started = (startTime: string): PodParts => ({ status: { startTime } });
  const cases: readonly [string, Pod[], string][] = [
    ['lower highest victim', [uses('a', 'a1', '4', 3), uses('b', 'b1', '4', 2)], 'b: b1'],
    ['smaller sum', [uses('a', 'a1', '2', 3), uses('a', 'a2', '2', 3), uses('b', 'b1', '2', 3), uses('b', 'b2', '2', 1)], 'b: b1 b2'],
    ['fewer victims', [uses('a', 'a1', '2', 0), uses('a', 'a2', '2', 0), uses('b', 'b1', '4', 0)], 'b: b1'],
    [
      'the one that runs shorter',
      [uses('a', 'a1', '4', 0, started('2026-01-01T00:00:00Z')), uses('b', 'b1', '4', 0, started('2026-01-02T00:00:00Z'))],
      'b: b1',
    ],
  ];
  for (const [why, placed, expected] of cases) assert.equal(result(preempt({ nodes, placed, incoming: wants('4', 10) })), expected, why);
});

const budget = (app: string, disruptionsAllowed: number) =>
  ({
    metadata: { name: app, namespace: 'default' },
    spec: { selector: { matchLabels: { app } } },
    status: { disruptionsAllowed },
  }) as unknown as PodDisruptionBudget;

test('budgets: a node without violations is better, and protected pods stay where others can go', () => {
  const labels = { app: 'web' };
  const nodes = [node('a'), node('b')];
  const placed = [uses('a', 'a1', '4', 0, { labels }), uses('b', 'b1', '4', 5)];
  assert.equal(result(preempt({ nodes, placed, incoming: wants('4', 10), budgets: [budget('web', 0)] })), 'b: b1');
  assert.equal(result(preempt({ nodes, placed, incoming: wants('4', 10), budgets: [budget('web', 1)] })), 'a: a1');
  const mixed = [uses('a', 'kept', '2', 0, { labels }), uses('a', 'gone', '2', 5)];
  assert.equal(result(preempt({ nodes: [node('a')], placed: mixed, incoming: wants('2', 10), budgets: [budget('web', 0)] })), 'a: gone');
});

test('budgets are used up one pod after the other', () => {
  const labels = { app: 'web' };
  const pods = ['x', 'y', 'z'].map((name) => podInfo(pod(name, { labels })));
  const { violating, harmless } = splitByBudgets(pods, [budget('web', 2)]);
  assert.deepEqual(
    [harmless, violating].map((list) => list.map((info) => info.pod.metadata.name).join()),
    ['x,y', 'z'],
  );
});

test('spread constraints and anti-affinity are looked at with the victims gone', () => {
  const labels = { app: 'web' };
  const apart = {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels } }],
    },
  };
  const placed = [uses('a', 'shy', '1', 0, { labels, spec: { affinity: apart } }), uses('a', 'other', '1', 0)];
  assert.equal(result(preempt({ nodes: [node('a')], placed, incoming: wants('1', 10, { labels, spec: { affinity: apart } }) })), 'a: shy');
});

test('what does not help is told node by node', () => {
  const nodes = [
    node('tainted', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }),
    node('equal'),
    node('tight', { resources: { cpu: '2' } }),
  ];
  const placed = [uses('equal', 'e', '4', 10), uses('tight', 't', '100m', 0), uses('tight', 'u', '1900m', 20)];
  assert.equal(
    preempt({ nodes, placed, incoming: wants('2', 10) }).message,
    'preemption: 0/3 nodes are available: 1 Insufficient cpu, 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.',
  );
});

test('a pod that waits for its victims does not preempt more', () => {
  const leaving: PodParts = {
    terminating: true,
    status: {
      conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] as unknown as NonNullable<
        Pod['status']['conditions']
      >,
    },
  };
  const placed = [uses('a', 'victim', '4', 0, leaving), uses('b', 'another', '4', 0)];
  const outcome = preempt({ nodes: [node('a'), node('b')], placed, incoming: wants('4', 10), nominated: 'a' });
  assert.deepEqual(
    [result(outcome), outcome.message, outcome.nominate],
    [undefined, 'preemption: not eligible due to a terminating pod on the nominated node.', undefined],
  );
});

test('room that a more important pod waits for is not given away', () => {
  const cache = cacheOf({ nodes: [node('a')] });
  const nominator = new Nominator();
  nominator.set(podInfo(pod('waiting', { requests: { cpu: '3' }, spec: { priority: 10 } })), 'a');
  const cycle = new Cycle({ set: defaultPlugins(), random: seededRandom(1), nominator });
  const fits = (priority: number) => cycle.attempt(podInfo(wants('2', priority)), cache).ok;
  assert.deepEqual([fits(5), fits(10), fits(11)], [false, false, true]);
  assert.equal(cache.get('a')?.pods.size, 0);
});
