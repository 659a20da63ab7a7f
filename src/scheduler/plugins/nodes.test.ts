// Tables for the plugins that look at nodes: what passes, with which score, and in which words the rest is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { node, on, pod } from '../testing/build.ts';
import { judge } from '../testing/judge.ts';
import { imageLocality } from './imagelocality.ts';
import { nodeAffinity, nodeAffinityWith } from './nodeaffinity.ts';
import { nodeName } from './nodename.ts';
import { nodePorts } from './nodeports.ts';
import { nodeResourcesFit } from './noderesources.ts';
import { nodeUnschedulable } from './nodeunschedulable.ts';
import { leastAllocated, mostAllocated, nodeResourcesBalancedAllocation, requestedToCapacityRatio } from './resourcescores.ts';
import { schedulingGates } from './schedulinggates.ts';
import { taintToleration } from './tainttoleration.ts';

const two = [node('a', { labels: { disk: 'ssd' } }), node('b', { labels: { disk: 'hdd' } })];

test('NodeName', () => {
  assert.deepEqual(judge(nodeName, on('b', pod('p')), { nodes: two }).filter, {
    a: "! node(s) didn't match the requested node name",
    b: 'ok',
  });
  assert.deepEqual(judge(nodeName, pod('p'), { nodes: two }).filter, { a: 'ok', b: 'ok' });
});

test('NodeUnschedulable: a cordoned node takes only pods that tolerate it', () => {
  const nodes = [node('a', { spec: { unschedulable: true } }), node('b')];
  assert.deepEqual(judge(nodeUnschedulable, pod('p'), { nodes }).filter, { a: '! node(s) were unschedulable', b: 'ok' });
  const tolerations = [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' as const }];
  assert.deepEqual(judge(nodeUnschedulable, pod('p', { spec: { tolerations } }), { nodes }).filter, { a: 'ok', b: 'ok' });
});

test('TaintToleration: hard taints exclude, soft ones make a node less liked', () => {
  const nodes = [
    node('hard', { spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] } }),
    node('gone', { spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } }),
    node('soft', { spec: { taints: [{ key: 'k', value: 'v', effect: 'PreferNoSchedule' }] } }),
    node('free'),
  ];
  assert.deepEqual(judge(taintToleration, pod('p'), { nodes }), {
    filter: { hard: '! node(s) had untolerated taint {k: v}', gone: '! node(s) had untolerated taint {k: }', soft: 'ok', free: 'ok' },
    scores: { soft: 0, free: 100 },
  });
  const tolerations = [{ key: 'k', operator: 'Equal' as const, value: 'v', effect: 'NoSchedule' as const }];
  assert.equal(judge(taintToleration, pod('p', { spec: { tolerations } }), { nodes }).filter['hard'], 'ok');
  // Without soft taints there is nothing to compare.
  assert.equal(judge(taintToleration, pod('p'), { nodes: two }).scores, undefined);
});

test('NodeAffinity: selectors and required terms exclude, preferred terms score by their weights', () => {
  const reason = "! node(s) didn't match Pod's node affinity/selector";
  assert.deepEqual(judge(nodeAffinity, pod('p', { spec: { nodeSelector: { disk: 'ssd' } } }), { nodes: two }).filter, {
    a: 'ok',
    b: reason,
  });
  const term = (key: string, operator: 'In' | 'Gt' | 'Exists', values?: string[]) => ({
    matchExpressions: [{ key, operator, ...(values ? { values } : {}) }],
  });
  const required = (...nodeSelectorTerms: ReturnType<typeof term>[]) =>
    pod('p', { spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } } });
  assert.deepEqual(judge(nodeAffinity, required(term('disk', 'In', ['hdd', 'nvme'])), { nodes: two }).filter, { a: reason, b: 'ok' });
  assert.deepEqual(judge(nodeAffinity, required(term('gpu', 'Exists'), term('disk', 'In', ['ssd'])), { nodes: two }).filter, {
    a: 'ok',
    b: reason,
  });
  const preferred = [
    { weight: 80, preference: term('disk', 'In', ['ssd']) },
    { weight: 20, preference: term('disk', 'In', ['hdd']) },
  ];
  const liking = pod('p', { spec: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } } } });
  assert.deepEqual(judge(nodeAffinity, liking, { nodes: two }).scores, { a: 100, b: 25 });
  const byName = { matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: ['b', 'c'] }] };
  const named = pod('p', {
    spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [byName] } } } },
  });
  assert.deepEqual(judge(nodeAffinity, named, { nodes: two }).filter, { a: 'left out', b: 'ok' });
});

test('NodeAffinity with an affinity of the profile', () => {
  const added = {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In' as const, values: ['hdd'] }] }],
    },
  };
  assert.deepEqual(judge(nodeAffinityWith(added), pod('p'), { nodes: two }).filter, {
    a: "! node(s) didn't match scheduler-enforced node affinity",
    b: 'ok',
  });
});

test('NodePorts: the same port and protocol conflict on the same address or where one takes all', () => {
  const port = (hostPort: number, hostIP?: string, protocol?: 'TCP' | 'UDP') => [
    { containerPort: 80, hostPort, ...(hostIP ? { hostIP } : {}), ...(protocol ? { protocol } : {}) },
  ];
  const reason = "node(s) didn't have free ports for the requested pod ports";
  const placed = [on('a', pod('first', { ports: port(54_321, '127.0.0.1') }))];
  const cases: readonly [ReturnType<typeof port>, string][] = [
    [port(54_321), reason],
    [port(54_321, '127.0.0.1'), reason],
    [port(54_321, '10.0.0.1'), 'ok'],
    [port(54_321, '127.0.0.1', 'UDP'), 'ok'],
    [port(54_322), 'ok'],
  ];
  for (const [ports, expected] of cases)
    assert.equal(judge(nodePorts, pod('p', { ports }), { nodes: two, placed }).filter['a'], expected, JSON.stringify(ports));
});

test('NodeResourcesFit: every resource that is short is named', () => {
  const nodes = [
    node('small', { resources: { cpu: '1', memory: '1Gi' } }),
    node('large', { resources: { 'example.com/gpu': '2', pods: '1' } }),
  ];
  const placed = [on('large', pod('x', { requests: { 'example.com/gpu': '1' } }))];
  const asks = (requests: Record<string, string>) => judge(nodeResourcesFit(), pod('p', { requests }), { nodes, placed }).filter;
  assert.deepEqual(asks({ cpu: '2', memory: '2Gi' }), { small: '! Insufficient cpu & Insufficient memory', large: 'Too many pods' });
  assert.deepEqual(asks({ 'example.com/gpu': '2' }), {
    small: '! Insufficient example.com/gpu',
    large: 'Too many pods & Insufficient example.com/gpu',
  });
  assert.deepEqual(asks({ cpu: '1' }), { small: 'ok', large: 'Too many pods' });
  const ignoring = nodeResourcesFit({ ignoredResourceGroups: ['example.com'] });
  assert.equal(judge(ignoring, pod('p', { requests: { 'example.com/gpu': '9' } }), { nodes }).filter['small'], 'ok');
});

test('NodeResourcesFit scores by its strategy', () => {
  const nodes = [node('empty'), node('half')];
  const placed = [on('half', pod('x', { requests: { cpu: '2', memory: '4Gi' } }))];
  const incoming = pod('p', { requests: { cpu: '1', memory: '2Gi' } });
  const scores = (...args: Parameters<typeof nodeResourcesFit>) => judge(nodeResourcesFit(...args), incoming, { nodes, placed }).scores;
  assert.deepEqual(scores({ strategy: leastAllocated }), { empty: 75, half: 25 });
  assert.deepEqual(scores({ strategy: mostAllocated }), { empty: 25, half: 75 });
  const shape = requestedToCapacityRatio([
    { utilization: 0, score: 0 },
    { utilization: 50, score: 10 },
    { utilization: 100, score: 0 },
  ]);
  assert.deepEqual(scores({ strategy: shape }), { empty: 50, half: 50 });
  assert.deepEqual(
    scores({
      strategy: mostAllocated,
      resources: [
        { name: 'cpu', weight: 3 },
        { name: 'memory', weight: 1 },
      ],
    }),
    { empty: 25, half: 75 },
  );
  // Pods that ask for nothing count as a little, so that they spread.
  const idle = judge(nodeResourcesFit(), pod('p'), { nodes: [node('n'), node('m')], placed: [on('m', pod('x'))] }).scores;
  assert.deepEqual(idle, { n: 97, m: 95 });
});

test('NodeResourcesBalancedAllocation prefers even use, and skips pods that ask for nothing', () => {
  const nodes = [node('cpu'), node('even')];
  const placed = [on('cpu', pod('x', { requests: { cpu: '2' } })), on('even', pod('y', { requests: { cpu: '1', memory: '2Gi' } }))];
  const plugin = nodeResourcesBalancedAllocation();
  assert.deepEqual(judge(plugin, pod('p', { requests: { cpu: '1', memory: '2Gi' } }), { nodes, placed }).scores, { cpu: 75, even: 100 });
  assert.equal(judge(plugin, pod('p'), { nodes, placed }).scores, undefined);
});

test('ImageLocality: nodes that have the image, the more the larger and the more widely it is spread', () => {
  const image = { names: ['registry.example.com/big:latest'], sizeBytes: 1000 * 1024 * 1024 };
  const nodes = [node('has', { images: [image] }), node('lacks')];
  const scores = judge(imageLocality, pod('p', { image: 'registry.example.com/big' }), { nodes }).scores;
  // Half of the nodes have it: 500 of 1000 MiB count, above the floor of 23.
  assert.deepEqual(scores, { has: 48, lacks: 0 });
  assert.equal(judge(imageLocality, pod('p', { image: 'other:1' }), { nodes }).scores, undefined);
});

test('SchedulingGates keep a pod out of the queue and name themselves', () => {
  const gated = pod('p', { spec: { schedulingGates: [{ name: 'example.com/a' }, { name: 'example.com/b' }] } });
  assert.deepEqual(schedulingGates.preEnqueue?.(gated)?.reasons, ['waiting for scheduling gates: [example.com/a example.com/b]']);
  assert.equal(schedulingGates.preEnqueue?.(pod('p')), undefined);
});
