import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { behave, blank, remember } from './behavior.ts';
import { byAverage, byUtilization, byValue, byValuePerPod, type Usages } from './replicas.ts';

const now = Date.parse('2026-01-01T01:00:00Z');
const tolerance = { up: 0.1, down: 0.1 };

interface PodShape {
  readonly request?: string;
  /** Thousandths; undefined: not measured. */
  readonly use?: number;
  readonly ready?: boolean;
  readonly phase?: 'Pending' | 'Running' | 'Failed';
  /** Seconds since it started. */
  readonly age?: number;
  readonly deleting?: boolean;
}

function make(shapes: readonly PodShape[]): { pods: Pod[]; usages: Usages } {
  const usages = new Map<string, { value: number; at: number; window: number }>();
  const pods = shapes.map((shape, i): Pod => {
    const name = `p${i}`;
    if (shape.use !== undefined) usages.set(name, { value: shape.use, at: now, window: 10_000 });
    const start = new Date(now - (shape.age ?? 3000) * 1000).toISOString();
    return {
      metadata: { name, namespace: 'd', ...(shape.deleting ? { deletionTimestamp: start } : {}) },
      spec: { containers: [{ name: 'c', resources: { requests: shape.request === '' ? {} : { cpu: shape.request ?? '1' } } }] },
      status: {
        phase: shape.phase ?? 'Running',
        startTime: start,
        conditions: [{ type: 'Ready', status: shape.ready === false ? 'False' : 'True', lastTransitionTime: start }],
      },
    };
  });
  return { pods, usages };
}

const repeat = (count: number, shape: PodShape): PodShape[] => Array.from({ length: count }, () => shape);

// The expected numbers are worked out by hand: ceil(pods that count x usage / target), with the rules for unready and
// unmeasured pods, and no change within a tenth of the target.
const utilization: readonly [string, { current: number; target: number; pods: readonly PodShape[] }, number][] = [
  ['on target', { current: 3, target: 50, pods: repeat(3, { use: 500 }) }, 3],
  ['a tenth above is tolerated', { current: 3, target: 50, pods: repeat(3, { use: 549 }) }, 3],
  ['above: grows in proportion', { current: 3, target: 30, pods: [{ use: 300 }, { use: 500 }, { use: 700 }] }, 5],
  [
    'below: shrinks in proportion',
    { current: 5, target: 50, pods: [{ use: 100 }, { use: 300 }, { use: 500 }, { use: 250 }, { use: 250 }] },
    3,
  ],
  ['idle: one', { current: 4, target: 50, pods: repeat(4, { use: 10 }) }, 1],
  [
    'growing: unready pods count as idle',
    { current: 3, target: 30, pods: [{ use: 300 }, { use: 500 }, { use: 700, ready: false, age: 60 }] },
    3,
  ],
  [
    'growing: hot enough in spite of unready pods',
    { current: 3, target: 30, pods: [{ use: 1000 }, { use: 1000 }, { use: 0, ready: false, age: 60 }] },
    7,
  ],
  ['growing: pending pods count as idle', { current: 3, target: 30, pods: [{ use: 500 }, { use: 700 }, { phase: 'Pending' }] }, 4],
  ['growing: unmeasured pods count as idle', { current: 3, target: 30, pods: [{ use: 500 }, { use: 700 }, {}] }, 4],
  ['shrinking: unmeasured pods count as fully used', { current: 3, target: 50, pods: [{ use: 100 }, { use: 100 }, {}] }, 3],
  ['shrinking all the same', { current: 4, target: 100, pods: [{ use: 100 }, { use: 100 }, { use: 100 }, {}] }, 2],
  [
    'failed and deleted pods do not count',
    { current: 2, target: 50, pods: [{ use: 1000 }, { use: 1000 }, { use: 9000, phase: 'Failed' }, { use: 9000, deleting: true }] },
    4,
  ],
  ['a direction that flips means no change', { current: 2, target: 60, pods: [{ use: 700 }, {}] }, 2],
  [
    'requests differ',
    {
      current: 2,
      target: 50,
      pods: [
        { request: '2', use: 1000 },
        { request: '500m', use: 250 },
      ],
    },
    2,
  ],
  [
    'a pod that was never ready does not count when shrinking',
    { current: 2, target: 50, pods: [{ use: 250 }, { use: 10, ready: false, age: 60 }] },
    1,
  ],
];
for (const [name, { current, target, pods }, want] of utilization) {
  test(`utilization: ${name}`, () =>
    assert.equal(byUtilization({ ...make(pods), current, target, tolerance, now, resource: 'cpu' }).replicas, want));
}

test('utilization: what cannot be calculated says why', () => {
  const run = (pods: readonly PodShape[]): unknown =>
    byUtilization({ ...make(pods), current: 1, target: 50, tolerance, now, resource: 'cpu' });
  assert.throws(() => run([]), /no pods returned by selector/);
  assert.throws(() => run([{}]), /did not receive metrics for targeted pods/);
  assert.throws(() => run([{ request: '', use: 1 }]), /missing request for cpu in container c of Pod p0/);
});

test('averages, values, values per pod', () => {
  assert.equal(byAverage({ ...make(repeat(3, { use: 20_000 })), current: 3, target: 15_000, tolerance, now }).replicas, 4);
  assert.equal(byValue({ current: 3, readyPods: 3, usage: 20_000, target: 15_000, tolerance }).replicas, 4);
  assert.equal(byValue({ current: 0, readyPods: 0, usage: 20_000, target: 15_000, tolerance }).replicas, 2);
  assert.equal(byValuePerPod({ current: 3, usage: 8_600_000, target: 2_000_000, tolerance }).replicas, 5);
  assert.equal(byValuePerPod({ current: 4, usage: 8_600_000, target: 2_000_000, tolerance }).replicas, 4);
});

const bounds = { behavior: undefined, min: 2, max: 10, memory: blank, now };

test('behavior: growth is limited to double or four more in 15 seconds', () => {
  assert.equal(behave({ ...bounds, current: 2, desired: 10 }).replicas, 6);
  assert.equal(behave({ ...bounds, max: 100, current: 10, desired: 100 }).replicas, 20);
  const memory = remember(blank, 2, 6, now - 5_000);
  assert.deepEqual(
    [
      behave({ ...bounds, current: 6, desired: 10, memory }).replicas,
      behave({ ...bounds, current: 6, desired: 10, memory }).limited.reason,
    ],
    [6, 'ScaleUpLimit'],
  );
  assert.equal(behave({ ...bounds, current: 6, desired: 10, memory, now: now + 11_000 }).replicas, 10);
});

test('behavior: shrinking waits for the highest proposal of five minutes', () => {
  const memory = { ...blank, proposals: [{ at: now - 200_000, replicas: 8 }] };
  const held = behave({ ...bounds, current: 8, desired: 2, memory });
  assert.deepEqual([held.replicas, held.able.reason], [8, 'ScaleDownStabilized']);
  assert.equal(behave({ ...bounds, current: 8, desired: 2, memory, now: now + 101_000 }).replicas, 2);
  const quick = { scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] } };
  assert.equal(behave({ ...bounds, behavior: quick, current: 8, desired: 2, memory }).replicas, 7);
  assert.equal(
    behave({ ...bounds, behavior: { scaleDown: { selectPolicy: 'Disabled', stabilizationWindowSeconds: 0 } }, current: 8, desired: 2 })
      .replicas,
    8,
  );
});

test('behavior: bounds are named', () => {
  assert.deepEqual(
    [behave({ ...bounds, current: 9, desired: 20 }).replicas, behave({ ...bounds, current: 9, desired: 20 }).limited.reason],
    [10, 'TooManyReplicas'],
  );
  const low = behave({ ...bounds, behavior: { scaleDown: { stabilizationWindowSeconds: 0 } }, current: 3, desired: 0 });
  assert.deepEqual([low.replicas, low.limited.reason], [2, 'TooFewReplicas']);
});
