import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { ContainerStatus } from '#api/core/v1/podstatus.ts';
import { podPhase } from './phase.ts';

type Short = 'run' | 'wait' | 'ok' | 'fail' | 'back' | 'none' | 'starting';
const states: Record<Exclude<Short, 'none'>, Partial<ContainerStatus>> = {
  run: { state: { running: {} }, started: true },
  starting: { state: { running: {} }, started: false },
  wait: { state: { waiting: {} } },
  ok: { state: { terminated: { exitCode: 0 } } },
  fail: { state: { terminated: { exitCode: 1 } } },
  back: { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1 } } },
};
const statuses = (list: readonly Short[], prefix: string): ContainerStatus[] =>
  list.flatMap((short, index) => (short === 'none' ? [] : [{ name: `${prefix}${index}`, ...states[short] } as ContainerStatus]));

function phase(
  policy: string,
  regular: readonly Short[],
  init: readonly Short[] = [],
  more: { terminal?: boolean; sidecar?: boolean } = {},
): string {
  const pod = {
    metadata: { name: 'p' },
    spec: {
      restartPolicy: policy,
      containers: regular.map((_, index) => ({ name: `c${index}` })),
      initContainers: init.map((_, index) => ({ name: `i${index}`, ...(more.sidecar ? { restartPolicy: 'Always' } : {}) })),
    },
    status: {},
  } as unknown as Pod;
  return podPhase(pod, { init: statuses(init, 'i'), regular: statuses(regular, 'c') }, more.terminal ?? false);
}

test('phases', () => {
  const rows: [string, string][] = [
    [phase('Always', ['none']), 'Pending'],
    [phase('Always', ['wait']), 'Pending'],
    [phase('Always', ['run', 'wait']), 'Pending'],
    [phase('Always', ['run']), 'Running'],
    [phase('Always', ['run', 'fail']), 'Running'],
    [phase('Always', ['fail']), 'Running'],
    [phase('Always', ['ok']), 'Running'],
    [phase('Always', ['back']), 'Running'],
    [phase('Never', ['ok']), 'Succeeded'],
    [phase('Never', ['fail']), 'Failed'],
    [phase('Never', ['ok', 'fail']), 'Failed'],
    [phase('Never', ['ok', 'run']), 'Running'],
    [phase('OnFailure', ['ok']), 'Succeeded'],
    [phase('OnFailure', ['fail']), 'Running'],
    [phase('Always', ['wait'], ['run']), 'Pending'],
    [phase('Always', ['wait'], ['fail']), 'Pending'],
    [phase('Never', ['wait'], ['fail']), 'Failed'],
    [phase('Always', ['wait'], ['ok']), 'Pending'],
    [phase('Always', ['run'], ['ok']), 'Running'],
    [phase('Always', ['wait'], ['back']), 'Pending'],
    [phase('Always', ['wait'], ['starting'], { sidecar: true }), 'Pending'],
    [phase('Always', ['run'], ['starting'], { sidecar: true }), 'Running'],
    [phase('Always', ['ok'], [], { terminal: true }), 'Succeeded'],
    [phase('Always', ['fail'], [], { terminal: true }), 'Failed'],
    [phase('Always', ['wait'], [], { terminal: true }), 'Failed'],
    [phase('Always', ['none'], [], { terminal: true }), 'Failed'],
  ];
  assert.deepEqual(
    rows.map(([actual]) => actual),
    rows.map(([, expected]) => expected),
  );
});
