import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { newSizes, noteSizes, planResize, startsWith } from './resize.ts';
import { emptyState, type PodState, type RuntimeContainer } from './state.ts';

const container = (cpu: string, more: object = {}) => ({ name: 'a', resources: { requests: { cpu }, limits: { cpu: '1' } }, ...more });
const pod = (cpu: string, more: object = {}, status: object = {}): Pod =>
  ({ metadata: { name: 'p', uid: 'u' }, spec: { containers: [container(cpu, more)] }, status }) as unknown as Pod;
const state: PodState = {
  ...emptyState({ uid: 'u', name: 'p', namespace: 'd' }),
  containers: [{ id: 'x', name: 'a', state: 'running' } as RuntimeContainer],
};

test('a changed specification is a resize, once', () => {
  const sizes = newSizes();
  noteSizes(pod('1'), sizes);
  assert.deepEqual(planResize(pod('1'), state, sizes), []);
  const wanted = planResize(pod('2'), state, sizes);
  assert.deepEqual([wanted.length, wanted[0]?.restart], [1, false]);
  startsWith(pod('2').spec.containers[0] as never, sizes);
  assert.deepEqual(planResize(pod('2'), state, sizes), []);
});

test('the policy of the changed resource decides about a restart', () => {
  const sizes = newSizes();
  const policy = (resourceName: string) => ({ resizePolicy: [{ resourceName, restartPolicy: 'RestartContainer' }] });
  noteSizes(pod('1'), sizes);
  assert.equal(planResize(pod('2', policy('cpu')), state, sizes)[0]?.restart, true);
  assert.equal(planResize(pod('2', policy('memory')), state, sizes)[0]?.restart, false);
});

test('what ran before the agent came has the size that was told', () => {
  const sizes = newSizes();
  const status = {
    containerStatuses: [{ name: 'a', state: { running: {} }, resources: { requests: { cpu: '1' }, limits: { cpu: '1' } } }],
  };
  noteSizes(pod('2', {}, status), sizes);
  assert.equal(planResize(pod('2'), state, sizes).length, 1);
});
