// Tables for the plugins that look at other pods: InterPodAffinity and PodTopologySpread.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodAffinityTerm, TopologySpreadConstraint } from '#api/core/v1/affinity.ts';
import { selectorOfSet } from '#format/selector.ts';
import { node, on, pod, type PodParts } from '../testing/build.ts';
import { judge } from '../testing/judge.ts';
import { interPodAffinity } from './interpodaffinity.ts';
import { podTopologySpread } from './podtopologyspread.ts';

const zone = 'topology.kubernetes.io/zone';
const hostname = 'kubernetes.io/hostname';
const nodes = [node('a1', { labels: { [zone]: 'a' } }), node('a2', { labels: { [zone]: 'a' } }), node('b1', { labels: { [zone]: 'b' } })];
const namespaceLabels = (name: string) => ({ default: { team: 'red' }, other: { team: 'blue' } })[name];
const plugin = interPodAffinity(namespaceLabels);

const term = (topologyKey: string, app: string, more: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({
  topologyKey,
  labelSelector: { matchLabels: { app } },
  ...more,
});
type Kind = 'podAffinity' | 'podAntiAffinity';
const requires = (kind: Kind, ...terms: PodAffinityTerm[]): PodParts['spec'] & object => ({
  affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const prefers = (kind: Kind, weight: number, podAffinityTerm: PodAffinityTerm): PodParts['spec'] & object => ({
  affinity: { [kind]: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm }] } },
});
const web = (name: string, where: string, parts: PodParts = {}) => on(where, pod(name, { labels: { app: 'web' }, ...parts }));

const noAffinity = "! node(s) didn't match pod affinity rules";
const noAntiAffinity = "node(s) didn't match pod anti-affinity rules";
const noExisting = "node(s) didn't satisfy existing pods anti-affinity rules";

test('required affinity: the domain must have a pod that matches', () => {
  const incoming = pod('p', { spec: requires('podAffinity', term(zone, 'web')) });
  assert.deepEqual(judge(plugin, incoming, { nodes, placed: [web('w', 'a1')] }).filter, { a1: 'ok', a2: 'ok', b1: noAffinity });
  assert.deepEqual(judge(plugin, incoming, { nodes }).filter, { a1: noAffinity, a2: noAffinity, b1: noAffinity });
});

test('required affinity: the first of a group that matches itself may start, where the label is', () => {
  const incoming = pod('p', { labels: { app: 'web' }, spec: requires('podAffinity', term(zone, 'web')) });
  const unlabelled = [...nodes, node('c')];
  assert.deepEqual(judge(plugin, incoming, { nodes: unlabelled }).filter, { a1: 'ok', a2: 'ok', b1: 'ok', c: noAffinity });
});

test('required affinity: one pod must satisfy all terms', () => {
  const both = requires('podAffinity', term(zone, 'web'), { topologyKey: zone, labelSelector: { matchLabels: { tier: 'x' } } });
  const placed = [web('w', 'a1'), on('a2', pod('x', { labels: { tier: 'x' } })), web('wx', 'b1', { labels: { app: 'web', tier: 'x' } })];
  assert.deepEqual(judge(plugin, pod('p', { spec: both }), { nodes, placed }).filter, { a1: noAffinity, a2: noAffinity, b1: 'ok' });
});

test('required anti-affinity keeps apart, in both directions', () => {
  const apart = requires('podAntiAffinity', term(hostname, 'web'));
  assert.deepEqual(judge(plugin, pod('p', { spec: apart }), { nodes, placed: [web('w', 'a1')] }).filter, {
    a1: noAntiAffinity,
    a2: 'ok',
    b1: 'ok',
  });
  const shy = on('a1', pod('shy', { spec: requires('podAntiAffinity', term(zone, 'web')) }));
  const incoming = pod('p', { labels: { app: 'web' } });
  assert.deepEqual(judge(plugin, incoming, { nodes, placed: [shy] }).filter, { a1: noExisting, a2: noExisting, b1: 'ok' });
});

test('terms talk about their own namespace unless they name others or select them by labels', () => {
  const placed = [web('w', 'a1', { namespace: 'other' })];
  const filter = (more: Partial<PodAffinityTerm>) =>
    judge(plugin, pod('p', { spec: requires('podAntiAffinity', term(hostname, 'web', more)) }), { nodes, placed, namespaceLabels }).filter[
      'a1'
    ];
  assert.equal(filter({}), 'ok');
  assert.equal(filter({ namespaces: ['other'] }), noAntiAffinity);
  assert.equal(filter({ namespaceSelector: {} }), noAntiAffinity);
  assert.equal(filter({ namespaceSelector: { matchLabels: { team: 'blue' } } }), noAntiAffinity);
  assert.equal(filter({ namespaceSelector: { matchLabels: { team: 'red' } } }), 'ok');
});

test('preferred terms of the pod, preferred and required terms of placed pods score', () => {
  const placed = [web('w1', 'a1'), web('w2', 'a1'), web('w3', 'b1')];
  assert.deepEqual(judge(plugin, pod('p', { spec: prefers('podAffinity', 10, term(zone, 'web')) }), { nodes, placed }).scores, {
    a1: 100,
    a2: 100,
    b1: 0,
  });
  assert.deepEqual(judge(plugin, pod('p', { spec: prefers('podAntiAffinity', 10, term(hostname, 'web')) }), { nodes, placed }).scores, {
    a1: 0,
    a2: 100,
    b1: 50,
  });
  const admirer = on('b1', pod('admirer', { spec: prefers('podAffinity', 5, term(zone, 'web')) }));
  assert.deepEqual(judge(plugin, pod('p', { labels: { app: 'web' } }), { nodes, placed: [admirer] }).scores, { a1: 0, a2: 0, b1: 100 });
  const bound = on('a2', pod('bound', { spec: requires('podAffinity', term(hostname, 'web')) }));
  assert.deepEqual(judge(plugin, pod('p', { labels: { app: 'web' } }), { nodes, placed: [bound] }).scores, { a1: 0, a2: 100, b1: 0 });
  const zero = interPodAffinity(namespaceLabels, { hardPodAffinityWeight: 0 });
  assert.equal(judge(zero, pod('p', { labels: { app: 'web' } }), { nodes, placed: [bound] }).scores, undefined);
  const deaf = interPodAffinity(namespaceLabels, { ignorePreferredTermsOfExistingPods: true });
  assert.equal(judge(deaf, pod('p', { labels: { app: 'web' } }), { nodes, placed: [admirer] }).scores, undefined);
});

const uneven = "node(s) didn't match pod topology spread constraints";
const unlabelled = `! ${uneven} (missing required label)`;
const spread = podTopologySpread();
const constraint = (more: Partial<TopologySpreadConstraint> = {}): TopologySpreadConstraint => ({
  maxSkew: 1,
  topologyKey: zone,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: { app: 'web' } },
  ...more,
});
const spreading = (...constraints: TopologySpreadConstraint[]) =>
  pod('p', { labels: { app: 'web' }, spec: { topologySpreadConstraints: constraints } });

test('spread: no domain may have more than maxSkew above the least', () => {
  const placed = [web('w1', 'a1'), web('w2', 'a2')];
  assert.deepEqual(judge(spread, spreading(constraint()), { nodes, placed }).filter, { a1: uneven, a2: uneven, b1: 'ok' });
  assert.deepEqual(judge(spread, spreading(constraint({ maxSkew: 3 })), { nodes, placed }).filter, { a1: 'ok', a2: 'ok', b1: 'ok' });
  const perNode = constraint({ topologyKey: hostname });
  assert.deepEqual(judge(spread, spreading(perNode), { nodes, placed }).filter, { a1: uneven, a2: uneven, b1: 'ok' });
});

test('spread: nodes without the label are out, and terminating pods and other namespaces do not count', () => {
  const more = [...nodes, node('c')];
  const placed = [web('w1', 'a1', { terminating: true }), web('w2', 'a2', { namespace: 'other' })];
  assert.deepEqual(judge(spread, spreading(constraint()), { nodes: more, placed }).filter, { a1: 'ok', a2: 'ok', b1: 'ok', c: unlabelled });
});

test('spread: with fewer domains than minDomains the least counts as none', () => {
  const placed = [web('w1', 'a1'), web('w2', 'b1')];
  assert.deepEqual(judge(spread, spreading(constraint({ minDomains: 2 })), { nodes, placed }).filter, { a1: 'ok', a2: 'ok', b1: 'ok' });
  assert.deepEqual(judge(spread, spreading(constraint({ minDomains: 3 })), { nodes, placed }).filter, {
    a1: uneven,
    a2: uneven,
    b1: uneven,
  });
});

test('spread: which nodes make the least follows the inclusion policies', () => {
  const tainted = [...nodes, node('t', { labels: { [zone]: 't' }, spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } })];
  const placed = [web('w1', 'a1'), web('w2', 'b1')];
  assert.equal(judge(spread, spreading(constraint()), { nodes: tainted, placed }).filter['a1'], uneven);
  assert.equal(judge(spread, spreading(constraint({ nodeTaintsPolicy: 'Honor' })), { nodes: tainted, placed }).filter['a1'], 'ok');
  const choosy = (policy: Partial<TopologySpreadConstraint>) => {
    const incoming = spreading(constraint(policy));
    return judge(spread, { ...incoming, spec: { ...incoming.spec, nodeSelector: { [zone]: 'a' } } }, { nodes, placed: [web('w', 'a1')] })
      .filter['a1'];
  };
  assert.equal(choosy({}), 'ok');
  assert.equal(choosy({ nodeAffinityPolicy: 'Ignore' }), uneven);
});

test('spread: matchLabelKeys narrow the pods to those of the same value', () => {
  const of = (hash: string) => ({ labels: { app: 'web', hash } });
  const placed = [web('w1', 'a1', of('1')), web('w2', 'a1', of('1'))];
  const incoming = (hash: string) => ({
    ...pod('p', { ...of(hash), spec: { topologySpreadConstraints: [constraint({ matchLabelKeys: ['hash'] })] } }),
  });
  assert.equal(judge(spread, incoming('1'), { nodes, placed }).filter['a1'], uneven);
  assert.equal(judge(spread, incoming('2'), { nodes, placed }).filter['a1'], 'ok');
});

test('spread: soft constraints make emptier domains better', () => {
  const placed = [web('w1', 'a1'), web('w2', 'a1'), web('w3', 'b1')];
  const soft = spreading(constraint({ whenUnsatisfiable: 'ScheduleAnyway' }));
  const { filter, scores } = judge(spread, soft, { nodes, placed });
  assert.deepEqual(filter, { a1: 'ok', a2: 'ok', b1: 'ok' });
  // Raw: 2·ln 4 = 2.77 → 3 in a, 1·ln 4 = 1.39 → 1 in b; 100·(3+1−raw)/3.
  assert.deepEqual(scores, { a1: 33, a2: 33, b1: 100 });
});

test('spread: pods without constraints are spread by what their Services select', () => {
  const byService = podTopologySpread(() => selectorOfSet({ app: 'web' }));
  const placed = [web('w1', 'a1'), web('w2', 'a1')];
  const { scores } = judge(byService, pod('p', { labels: { app: 'web' } }), { nodes, placed });
  assert.ok((scores?.['b1'] ?? 0) > (scores?.['a2'] ?? 0) && (scores?.['a2'] ?? 0) > (scores?.['a1'] ?? 0), JSON.stringify(scores));
  const off = podTopologySpread(() => selectorOfSet({ app: 'web' }), { defaultingType: 'List' });
  assert.equal(judge(off, pod('p', { labels: { app: 'web' } }), { nodes, placed }).scores, undefined);
});
