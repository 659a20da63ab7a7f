import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DaemonSet } from '#api/apps/v1/daemonset.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { FailureBackoff } from './failures.ts';
import { daemonTolerations, nodeOf, podForNode } from './nodes.ts';
import { daemonSetStatus, planDaemonSet } from './plan.ts';

const now = Date.parse('2026-01-01T01:00:00Z');

/** `a`, `a{key=value}` with a label, `a[key:Effect]` with a taint. */
function nodeFrom(text: string): Node {
  const [, name, key, value, taint, effect] = /^(\w+)(?:\{(\w+)=(\w+)\})?(?:\[([\w./-]+):(\w+)\])?$/.exec(text) ?? [];
  return {
    metadata: { name, labels: key ? { [key]: value } : {} },
    spec: taint ? { taints: [{ key: taint, effect }] } : {},
    status: {},
  } as unknown as Node;
}

/** `name@node:hash` and a mark: `!` not ready, `~` terminating, `#` failed, `$` succeeded, `?` not yet placed. */
function podFrom(text: string, index: number): Pod {
  const [, name, node, hash, mark] = /^(\w+)@(\w+):(\w+)(.?)$/.exec(text) ?? [];
  const required = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }] };
  return {
    metadata: {
      name,
      namespace: 'ns',
      uid: name,
      creationTimestamp: `2026-01-01T00:00:0${index}Z`,
      labels: { 'controller-revision-hash': hash },
      ...(mark === '~' ? { deletionTimestamp: '2026-01-01T00:59:00Z' } : {}),
    },
    spec: {
      containers: [],
      ...(mark === '?' ? { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } } : { nodeName: node }),
    },
    status: {
      phase: mark === '#' ? 'Failed' : mark === '$' ? 'Succeeded' : mark === '?' ? 'Pending' : 'Running',
      conditions: [{ type: 'Ready', status: mark === '' || mark === '~' ? 'True' : 'False', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    },
  } as unknown as Pod;
}

interface Given {
  readonly spec?: object;
  readonly template?: object;
  readonly nodes?: readonly string[];
  readonly pods: readonly string[];
  readonly backoff?: number;
}

function view({ spec = {}, template = {}, nodes = ['a', 'b', 'c'], pods, backoff = 0 }: Given) {
  const set = {
    metadata: { name: 'ds', namespace: 'ns', uid: 'set', generation: 3, annotations: { 'deprecated.daemonset.template.generation': '2' } },
    spec: {
      selector: {},
      template: { metadata: { labels: { app: 'd' } }, spec: { containers: [], ...template } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      ...spec,
    },
    status: {},
  } as unknown as DaemonSet;
  return { set, nodes: nodes.map(nodeFrom), pods: pods.map(podFrom), hash: 'new', now, backoff: () => backoff };
}

const unavailable = (maxUnavailable: number | string) => ({
  updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, maxSurge: 0 } },
});
const surge = (maxSurge: number | string) => ({
  updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge } },
});
const everywhere = ['x@a:old', 'y@b:old', 'z@c:old'];

const cases: readonly (Given & { readonly name: string; readonly create?: readonly string[]; readonly remove?: readonly string[] })[] = [
  { name: 'every node gets a pod', pods: [], create: ['a', 'b', 'c'] },
  { name: 'a node that has one gets none', pods: ['x@a:new', 'y@b:new!'], create: ['c'] },
  { name: 'one that is on its way counts', pods: ['x@a:new?', 'y@b:new', 'z@c:new'] },
  { name: 'one that is leaving is waited for', pods: ['x@a:new~', 'y@b:new', 'z@c:new'] },
  {
    name: 'a node selector chooses',
    template: { nodeSelector: { color: 'blue' } },
    nodes: ['a{color=blue}', 'b{color=red}', 'c'],
    pods: [],
    create: ['a'],
  },
  {
    name: 'a node that lost the label loses its pod',
    template: { nodeSelector: { color: 'blue' } },
    nodes: ['a{color=red}'],
    pods: ['x@a:new'],
    remove: ['x'],
  },
  { name: 'a taint keeps new pods away', nodes: ['a[k:NoSchedule]'], pods: [] },
  { name: 'and leaves those that are there', nodes: ['a[k:NoSchedule]'], pods: ['x@a:new'] },
  { name: 'unless it drives them away', nodes: ['a[k:NoExecute]'], pods: ['x@a:new'], remove: ['x'] },
  {
    name: 'troubles of the node are tolerated',
    nodes: ['a[node.kubernetes.io/unreachable:NoExecute]', 'b[node.kubernetes.io/unschedulable:NoSchedule]'],
    pods: [],
    create: ['a', 'b'],
  },
  { name: 'the template may name the node', template: { nodeName: 'b' }, pods: [], create: ['b'] },
  { name: 'of two pods on a node the younger goes', nodes: ['a'], pods: ['x@a:new', 'y@a:new'], remove: ['y'] },
  { name: 'a failed pod is replaced', nodes: ['a'], pods: ['x@a:new#'], remove: ['x'] },
  { name: 'but not at once when it failed before', nodes: ['a'], pods: ['x@a:new#'], backoff: 4000 },
  { name: 'so is one that ended well', nodes: ['a'], pods: ['x@a:new$'], remove: ['x'] },
  { name: 'a pod for a node that is gone goes', nodes: ['a'], pods: ['x@a:new', 'y@gone:new?'], remove: ['y'] },
  { name: 'rolling removes one', pods: everywhere, remove: ['x'] },
  { name: 'then waits for its successor', pods: ['x@a:new!', 'y@b:old', 'z@c:old'] },
  { name: 'two at a time', spec: unavailable(2), pods: everywhere, remove: ['x', 'y'] },
  { name: 'a percentage rounds up', spec: unavailable('34%'), pods: everywhere, remove: ['x', 'y'] },
  { name: 'old pods that do not serve are free', pods: ['x@a:old', 'y@b:old!', 'z@c:old'], remove: ['y', 'x'] },
  { name: 'a rollback leaves good pods alone', pods: ['x@a:new', 'y@b:old!', 'z@c:new'], remove: ['y'] },
  { name: 'missing pods come before the update', pods: ['x@a:old', 'y@b:old'], create: ['c'] },
  { name: 'OnDelete updates nothing', spec: { updateStrategy: { type: 'OnDelete' } }, pods: everywhere },
  { name: 'a surge adds beside', spec: surge(2), pods: everywhere, create: ['a', 'b'] },
  { name: 'and waits while the new one is not available', spec: surge(1), pods: [...everywhere, 'n@a:new!'] },
  { name: 'then the old one goes', spec: surge(1), pods: [...everywhere, 'n@a:new'], remove: ['x'] },
  {
    name: 'an old pod that does not serve goes at once',
    spec: surge(1),
    pods: ['x@a:old!', 'y@b:old', 'z@c:old', 'n@a:new!'],
    remove: ['x'],
  },
];
for (const { name, create = [], remove = [], ...given } of cases) {
  test(name, () => {
    const plan = planDaemonSet(view(given));
    assert.deepEqual({ create: plan.create, remove: plan.remove.map(({ metadata }) => metadata.name) }, { create, remove });
  });
}

test('a failure that must wait says how long', () => {
  assert.equal(planDaemonSet(view({ nodes: ['a'], pods: ['x@a:new#'], backoff: 4000 })).wait, 4000);
});

test('ended pods are told about', () => {
  const { events } = planDaemonSet(view({ nodes: ['a', 'b'], pods: ['x@a:new#', 'y@b:new$'] }));
  assert.deepEqual(
    events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`),
    [
      'Warning FailedDaemonPod: Found failed daemon pod ns/x on node a, will try to kill it',
      'Normal SucceededDaemonPod: Found succeeded daemon pod ns/y on node b, will try to delete it',
    ],
  );
});

test('status counts nodes', () => {
  const status = daemonSetStatus(view({ nodes: ['a', 'b', 'c', 'd[k:NoSchedule]'], pods: ['x@a:new', 'y@b:old!', 'z@d:new'] }), 0);
  assert.deepEqual(status, {
    observedGeneration: 3,
    desiredNumberScheduled: 3,
    currentNumberScheduled: 2,
    numberMisscheduled: 1,
    updatedNumberScheduled: 1,
    numberReady: 1,
    numberAvailable: 1,
    numberUnavailable: 2,
  });
});

test('a pod is bound by affinity, tolerates the troubles of its node and carries its revision', () => {
  const { set } = view({ template: { tolerations: [{ key: 'own', operator: 'Exists' }], hostNetwork: true }, pods: [] });
  const pod = podForNode(set, 'b', 'h');
  assert.equal(nodeOf(pod as unknown as Pod), 'b');
  assert.deepEqual(pod.metadata.labels, { app: 'd', 'pod-template-generation': '2', 'controller-revision-hash': 'h' });
  assert.deepEqual(
    daemonTolerations(set.spec.template.spec).map(({ key, effect }) => `${key} ${effect ?? ''}`),
    [
      'own ',
      'node.kubernetes.io/not-ready NoExecute',
      'node.kubernetes.io/unreachable NoExecute',
      'node.kubernetes.io/disk-pressure NoSchedule',
      'node.kubernetes.io/memory-pressure NoSchedule',
      'node.kubernetes.io/pid-pressure NoSchedule',
      'node.kubernetes.io/unschedulable NoSchedule',
      'node.kubernetes.io/network-unavailable NoSchedule',
    ],
  );
});

test('failures wait twice as long each time, up to a quarter of an hour, and are forgotten in peace', () => {
  const backoff = new FailureBackoff();
  let at = 0;
  const waits: number[] = [];
  for (let i = 0; i < 12; i++) {
    backoff.tried('n', at);
    waits.push(backoff.left('n', at) / 1000);
    at += backoff.left('n', at);
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
  at += 31 * 60_000;
  backoff.tried('n', at);
  assert.equal(backoff.left('n', at), 1000);
});
