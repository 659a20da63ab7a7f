import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { PodStatus } from '#api/core/v1/podstatus.ts';
import type { RuntimeContainer } from '../sync/state.ts';
import { computeStatus } from './compute.ts';
import type { StatusInput } from './input.ts';
import { statusPatch } from './patch.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const pod = (spec: object = {}, metadata: object = {}): Pod =>
  ({
    metadata: { name: 'p', namespace: 'd', uid: 'u', generation: 2, ...metadata },
    spec: { restartPolicy: 'Always', containers: [{ name: 'a', image: 'i' }], ...spec },
    status: {},
  }) as Pod;
const instance = (over: Partial<RuntimeContainer> = {}): RuntimeContainer => ({
  id: 'c1',
  name: 'a',
  sandboxId: 's',
  state: 'running',
  hash: '',
  restartCount: 0,
  createdAt: now,
  startedAt: now,
  finishedAt: 0,
  exitCode: 0,
  reason: '',
  message: '',
  image: 'i',
  imageId: 'sha256:x',
  logPath: '',
  messageFile: '',
  annotations: {},
  ...over,
});
function input(over: Omit<Partial<StatusInput>, 'state'> & { containers?: RuntimeContainer[]; sandboxReady?: boolean } = {}): StatusInput {
  const { containers = [], sandboxReady = true, ...rest } = over;
  return {
    pod: pod(),
    old: {},
    waiting: new Map(),
    messages: new Map(),
    ready: () => undefined,
    started: () => undefined,
    terminal: false,
    nodeIps: ['10.9.0.1'],
    now,
    state: {
      uid: 'u',
      name: 'p',
      namespace: 'd',
      containers,
      sandboxes: sandboxReady ? [{ id: 's', ready: true, attempt: 0, createdAt: now, hostNetwork: false, ips: ['10.1.0.1'] }] : [],
    },
    ...rest,
  };
}
const conditions = (status: PodStatus): Record<string, string> =>
  Object.fromEntries(
    (status.conditions ?? []).map((condition) => [
      condition.type,
      [condition.status, condition.reason, condition.message].filter(Boolean).join(' '),
    ]),
  );

test('a pod that runs', () => {
  const status = computeStatus(input({ containers: [instance()] }));
  assert.equal(status.phase, 'Running');
  assert.equal(status.podIP, '10.1.0.1');
  assert.equal(status.hostIP, '10.9.0.1');
  assert.equal(status.observedGeneration, 2);
  assert.deepEqual(conditions(status), {
    PodReadyToStartContainers: 'True',
    Initialized: 'True',
    Ready: 'True',
    ContainersReady: 'True',
    PodScheduled: 'True',
  });
  assert.ok(status.conditions?.every((condition) => condition.observedGeneration === 2));
  assert.equal(status.containerStatuses?.[0]?.containerID, 'containerd://c1');
});

test('a pod that has only begun', () => {
  const status = computeStatus(input({ sandboxReady: false }));
  assert.equal(status.phase, 'Pending');
  assert.deepEqual(status.containerStatuses?.[0]?.state, { waiting: { reason: 'ContainerCreating' } });
  assert.equal(conditions(status)['Ready'], 'False ContainersNotReady containers with unready status: [a]');
  assert.equal(conditions(status)['PodReadyToStartContainers'], 'False');
});

test('readiness gates', () => {
  const gated = pod({ readinessGates: [{ conditionType: 'example.com/lb' }] });
  const without = computeStatus(input({ pod: gated, containers: [instance()] }));
  assert.equal(
    conditions(without)['Ready'],
    'False ReadinessGatesNotReady corresponding condition of pod readiness gate "example.com/lb" does not exist.',
  );
  const no = { type: 'example.com/lb', status: 'False' };
  const withFalse = computeStatus(input({ pod: gated, containers: [instance()], old: { conditions: [no] } }));
  assert.equal(
    conditions(withFalse)['Ready'],
    'False ReadinessGatesNotReady the status of pod readiness gate "example.com/lb" is not "True", but False',
  );
  const yes = { type: 'example.com/lb', status: 'True' };
  const status = computeStatus(input({ pod: gated, containers: [instance()], old: { conditions: [yes] } }));
  assert.equal(conditions(status)['Ready'], 'True');
  assert.ok(status.conditions?.includes(yes));
});

test('back-off: waiting now, terminated before', () => {
  const dead = instance({ state: 'exited', exitCode: 1, finishedAt: now });
  const waiting = new Map([['a', { reason: 'CrashLoopBackOff', message: 'back-off 10s' }]]);
  const status = computeStatus(input({ containers: [dead], waiting, messages: new Map([['c1', 'bye']]) }));
  const [container] = status.containerStatuses ?? [];
  assert.deepEqual(container?.state, { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } });
  assert.equal(container?.lastState?.terminated?.message, 'bye');
  assert.equal(container?.lastState?.terminated?.reason, 'Error');
  assert.equal(status.phase, 'Running');
});

test('a final phase is told only when all is over, and stays', () => {
  const over = { pod: pod({ restartPolicy: 'Never' }), containers: [instance({ state: 'exited' as const, finishedAt: now })] };
  assert.equal(computeStatus(input({ ...over, old: { phase: 'Running' } })).phase, 'Running');
  const ended = computeStatus(input({ ...over, old: { phase: 'Running' }, terminal: true }));
  assert.equal(ended.phase, 'Succeeded');
  assert.equal(conditions(ended)['Ready'], 'False PodCompleted');
  assert.equal(conditions(ended)['Initialized'], 'True');
  assert.equal(computeStatus(input({ ...over, containers: [], old: ended, terminal: true })).phase, 'Succeeded');
  assert.equal(
    computeStatus(input({ ...over, containers: [], old: ended, terminal: true })).containerStatuses?.[0]?.state?.terminated?.exitCode,
    0,
  );
});

test('a container that vanished counts as a restart', () => {
  const old = computeStatus(input({ containers: [instance()] }));
  const status = computeStatus(input({ old }));
  const [container] = status.containerStatuses ?? [];
  assert.equal(container?.restartCount, 1);
  assert.equal(container?.lastState?.terminated?.reason, 'ContainerStatusUnknown');
  assert.equal(container?.lastState?.terminated?.exitCode, 137);
});

test('probes decide about started and ready', () => {
  const probed = pod({ containers: [{ name: 'a', image: 'i', readinessProbe: {}, startupProbe: {} }] });
  const at = (started: boolean, ready: boolean) =>
    computeStatus(input({ pod: probed, containers: [instance()], started: () => started, ready: () => ready })).containerStatuses?.[0];
  assert.deepEqual([at(false, true)?.started, at(false, true)?.ready], [false, false]);
  assert.deepEqual([at(true, false)?.started, at(true, false)?.ready], [true, false]);
  assert.deepEqual([at(true, true)?.started, at(true, true)?.ready], [true, true]);
});

test('transition times move only with the status', () => {
  const first = computeStatus(input({ containers: [instance()] }));
  const second = computeStatus(input({ containers: [instance()], old: first, now: now + 5000 }));
  assert.deepEqual(second, first);
  assert.equal(statusPatch(first, second), undefined);
});

test('the patch carries only what differs, lists of addresses whole', () => {
  const before = computeStatus(input({ sandboxReady: false }));
  const after = computeStatus(input({ old: before }));
  const patch = statusPatch(before, after);
  assert.deepEqual(Object.keys(patch ?? {}).sort(), ['conditions', 'podIP', 'podIPs']);
  assert.deepEqual(patch?.['podIPs'], [{ ip: '10.1.0.1' }, { $patch: 'replace' }]);
  assert.deepEqual(
    ((patch?.['conditions'] ?? []) as { type: string }[]).map((condition) => condition.type),
    ['PodReadyToStartContainers'],
  );
});
