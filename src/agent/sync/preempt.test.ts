import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { podsToPreempt } from './preempt.ts';

type Amounts = Readonly<Record<string, string>>;
const pod = (name: string, requests: Amounts, more: { limits?: Amounts; priority?: number } = {}): Pod =>
  ({
    metadata: { name, namespace: 'd' },
    spec: {
      priority: more.priority ?? 0,
      containers: [{ name: 'c', resources: { requests, ...(more.limits ? { limits: more.limits } : {}) } }],
    },
    status: {},
  }) as unknown as Pod;

const guaranteed = (name: string, amounts: Amounts): Pod => pod(name, amounts, { limits: amounts });
const critical = (name: string, requests: Amounts = {}): Pod => pod(name, requests, { priority: 2_000_000_000 });
const short = (resource: string, amount: number) => ({ resource, requested: amount, used: 0, capacity: 0 });
const names = (pods: readonly Pod[]): string[] => pods.map((one) => one.metadata.name);

const mi = 1024 * 1024;
const small = pod('burstable', { cpu: '100m', memory: '100Mi' });
const large = pod('high-burstable', { cpu: '300m', memory: '300Mi' });
const firm = guaranteed('guaranteed', { cpu: '100m', memory: '100Mi' });
const idle = pod('best-effort', {});

test('the weakest promise goes first, and of several the one that comes nearest', () => {
  const others = [firm, small, large, idle];
  assert.deepEqual(names(podsToPreempt(critical('x'), others, [short('memory', 50 * mi)])), ['burstable']);
  assert.deepEqual(names(podsToPreempt(critical('x'), others, [short('memory', 250 * mi)])), ['high-burstable']);
  assert.deepEqual(names(podsToPreempt(critical('x'), others, [short('memory', 450 * mi)])), ['high-burstable', 'burstable', 'guaranteed']);
  assert.deepEqual(names(podsToPreempt(critical('x'), others, [short('cpu', 50), short('memory', 250 * mi)])), ['high-burstable']);
  assert.deepEqual(names(podsToPreempt(critical('x'), others, [short('pods', 1)])), ['best-effort']);
});

test('critical pods do not go for one of the same rank, only for a higher one', () => {
  assert.throws(
    () => podsToPreempt(critical('x'), [critical('y', { memory: '1Gi' })], [short('memory', mi)]),
    /^Error: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: \[\(res: memory, q: 1048576\), \]$/,
  );
  const higher = pod('z', {}, { priority: 2_000_001_000 });
  assert.deepEqual(names(podsToPreempt(higher, [critical('y', { memory: '1Gi' })], [short('memory', mi)])), ['y']);
});
