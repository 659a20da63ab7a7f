import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { NodePressure } from '../node/facts.ts';
import { hasLocalLimits, localProblem } from './local.ts';
import { evictionMessage, isCritical, rankPods } from './rank.ts';
import { crossed, evictionDefaults, thresholdsOf } from './thresholds.ts';

const mebi = 2 ** 20;
const fine: NodePressure = {
  memoryAvailable: 500 * mebi,
  memoryTotal: 1000 * mebi,
  diskAvailable: 50,
  diskCapacity: 100,
  inodesFree: 50,
  inodes: 100,
  pidsUsed: 1,
  pidsMax: 100,
};
const signals = (change: Partial<NodePressure>): string[] =>
  crossed(thresholdsOf(evictionDefaults), { ...fine, ...change }).map(({ threshold, amount }) => `${threshold.signal} < ${amount}`);

test('thresholds: quantities and percentages of each signal', () => {
  assert.deepEqual(signals({}), []);
  assert.deepEqual(signals({ memoryAvailable: 99 * mebi }), [`memory.available < ${100 * mebi}`]);
  assert.deepEqual(signals({ diskAvailable: 12 }), ['imagefs.available < 15']);
  assert.deepEqual(signals({ diskAvailable: 9 }), ['nodefs.available < 10', 'imagefs.available < 15']);
  assert.deepEqual(signals({ inodesFree: 4 }), ['nodefs.inodesFree < 5', 'imagefs.inodesFree < 5']);
  assert.deepEqual(signals({ inodesFree: 0, inodes: 0 }), [], 'a file system without a number of inodes');
  assert.deepEqual(signals({ pidsUsed: 96 }), ['pid.available < 5']);
});

test('thresholds: a soft one needs its grace period, a signal must be known', () => {
  const soft = { ...evictionDefaults, hard: {}, soft: { 'memory.available': '30%' } };
  assert.throws(() => thresholdsOf(soft), /grace period must be specified/);
  assert.deepEqual(thresholdsOf({ ...soft, softGrace: { 'memory.available': '1m30s' } }), [
    { signal: 'memory.available', value: '30%', grace: 90_000 },
  ]);
  assert.throws(() => thresholdsOf({ ...evictionDefaults, hard: { 'heat.available': '1' } }), /unknown eviction signal/);
});

const pod = (name: string, spec: object = {}, memory?: string): Pod =>
  ({
    metadata: { name },
    spec: { containers: [{ name: 'c', ...(memory ? { resources: { requests: { memory } } } : {}) }], ...spec },
    status: {},
  }) as unknown as Pod;
const usage = (one: Pod, used: number) => ({ pod: one, used, containers: new Map([['c', used]]) });

test('ranking: beyond the request, then importance, then by how much', () => {
  const ranked = rankPods(
    [
      usage(pod('within', {}, '100Mi'), 99 * mebi),
      usage(pod('important', { priority: 1000 }), 500 * mebi),
      usage(pod('little', {}), 10 * mebi),
      usage(pod('much', {}, '100Mi'), 300 * mebi),
    ],
    'memory',
  );
  assert.deepEqual(
    ranked.map((one) => one.pod.metadata.name),
    ['much', 'little', 'important', 'within'],
  );
});

test('critical pods are left alone', () => {
  assert.equal(isCritical(pod('a', { priority: 2_000_000_000 })), true);
  assert.equal(isCritical({ ...pod('a'), metadata: { name: 'a', annotations: { 'kubernetes.io/config.source': 'file' } } }), true);
  assert.equal(isCritical(pod('a', { priority: 1 })), false);
});

test('the message names what was short and who used more than it asked for', () => {
  const [cause] = crossed(thresholdsOf(evictionDefaults), { ...fine, memoryAvailable: 50 * mebi });
  assert.ok(cause);
  assert.equal(
    evictionMessage(usage(pod('p', {}, '1Mi'), 3 * mebi), cause),
    'The node was low on resource: memory. Threshold quantity: 102400Ki, available: 51200Ki. ' +
      'Container c was using 3072Ki, request is 1Mi, has larger consumption of memory. ',
  );
});

const limited = (limit: string | undefined, volumes: object[] = []): Pod =>
  pod('p', { volumes, containers: [{ name: 'c', ...(limit ? { resources: { limits: { 'ephemeral-storage': limit } } } : {}) }] });
const local = (volumes: [string, number][], containers: [string, number][]) => ({
  volumes: new Map(volumes),
  containers: new Map(containers),
});

test('local storage: limits of volumes, of the pod and of containers', () => {
  assert.equal(hasLocalLimits(limited(undefined)), false);
  assert.equal(hasLocalLimits(limited('5Mi')), true);
  const small = [{ name: 'v', emptyDir: { sizeLimit: '1Mi' } }];
  assert.equal(hasLocalLimits(limited(undefined, small)), true);
  assert.equal(hasLocalLimits(limited(undefined, [{ name: 'v', emptyDir: { sizeLimit: '1Mi', medium: 'Memory' } }])), false);
  assert.equal(localProblem(limited('5Mi'), local([], [['c', 5 * mebi]])), undefined);
  assert.equal(
    localProblem(limited('5Mi'), local([], [['c', 6 * mebi]])),
    'Pod ephemeral local storage usage exceeds the total limit of containers 5Mi. ',
  );
  assert.equal(
    localProblem(limited(undefined, small), local([['v', 2 * mebi]], [])),
    'Usage of EmptyDir volume "v" exceeds the limit "1Mi". ',
  );
  const two = pod('p', {
    containers: [{ name: 'c', resources: { limits: { 'ephemeral-storage': '5Mi' } } }, { name: 'd' }],
  });
  assert.equal(localProblem(two, local([], [['c', 6 * mebi]])), 'Container c exceeded its local ephemeral storage limit "5Mi". ');
  assert.equal(localProblem(two, local([], [['d', 60 * mebi]])), undefined);
});
