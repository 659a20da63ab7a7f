import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '#api/batch/v1/job.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { noFailures } from './backoff.ts';
import { planJob, type Observed } from './plan.ts';

const now = Date.parse('2026-01-01T01:00:00Z');

interface PodGiven {
  readonly name: string;
  readonly phase?: string;
  readonly index?: number;
  readonly exit?: number;
  readonly failures?: number;
  readonly leaving?: boolean;
  /** Its finalizer is gone. */
  readonly free?: boolean;
  readonly restarts?: number;
  readonly disrupted?: boolean;
  /** Seconds since its end. */
  readonly ago?: number;
}

function podOf({ name, phase = 'Running', index, exit, failures, leaving, free, restarts = 0, disrupted, ago = 3600 }: PodGiven): Pod {
  const annotations = {
    ...(index === undefined ? {} : { 'batch.kubernetes.io/job-completion-index': String(index) }),
    ...(failures === undefined ? {} : { 'batch.kubernetes.io/job-index-failure-count': String(failures) }),
  };
  const ended = phase === 'Failed' || phase === 'Succeeded';
  const code = exit ?? (phase === 'Failed' ? 1 : 0);
  const finishedAt = new Date(now - ago * 1000).toISOString();
  return {
    metadata: {
      name,
      namespace: 'ns',
      uid: name,
      annotations,
      ...(free ? {} : { finalizers: ['batch.kubernetes.io/job-tracking'] }),
      ...(leaving ? { deletionTimestamp: '2026-01-01T00:59:00Z' } : {}),
    },
    spec: { nodeName: 'n' },
    status: {
      phase,
      conditions: [
        { type: 'Ready', status: phase === 'Running' ? 'True' : 'False', lastTransitionTime: finishedAt },
        ...(disrupted ? [{ type: 'DisruptionTarget', status: 'True' }] : []),
      ],
      containerStatuses: [
        { name: 'c', restartCount: restarts, state: ended ? { terminated: { exitCode: code, finishedAt } } : { running: {} } },
      ],
    },
  } as unknown as Pod;
}

interface Given {
  readonly spec?: object;
  readonly status?: object;
  readonly pods: readonly PodGiven[];
  readonly released?: readonly string[];
  readonly settled?: boolean;
  readonly backoff?: Observed['backoff'];
  readonly deleting?: boolean;
}

function plan({ spec = {}, status = {}, pods, released = [], settled = true, backoff = noFailures, deleting }: Given) {
  const job = {
    metadata: { name: 'j', namespace: 'ns', uid: 'job', ...(deleting ? { deletionTimestamp: '2026-01-01T00:59:00Z' } : {}) },
    spec: {
      parallelism: 2,
      completions: 4,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      template: { spec: { restartPolicy: 'Never' } },
      ...spec,
    },
    status: { startTime: '2026-01-01T00:00:00Z', ...status },
  } as unknown as Job;
  return planJob({ job, pods: pods.map(podOf), released: new Set(released), settled, backoff, now });
}

const running = (...names: string[]): PodGiven[] => names.map((name) => ({ name }));
const succeeded = (...names: string[]): PodGiven[] => names.map((name) => ({ name, phase: 'Succeeded' }));
const failed = (...names: string[]): PodGiven[] => names.map((name) => ({ name, phase: 'Failed' }));
const indexed = { completionMode: 'Indexed' };
const at = (index: number, phase = 'Running', more: Partial<PodGiven> = {}): PodGiven => ({ name: `p${index}`, index, phase, ...more });
const onFailure = { template: { spec: { restartPolicy: 'OnFailure' } } };
const rule = (action: string, values: number[], operator = 'In') => ({
  podFailurePolicy: { rules: [{ action, onExitCodes: { operator, values } }] },
});
const met = (type: string, reason = 'r') => ({ conditions: [{ type, status: 'True', reason, message: 'm' }] });

interface Want {
  readonly create?: number | readonly number[];
  readonly remove?: readonly string[];
  readonly release?: readonly string[];
  /** Conditions added, as `Type/Reason`. */
  readonly conditions?: readonly string[];
  readonly status?: Readonly<Record<string, unknown>>;
  readonly wait?: number;
}

const cases: readonly (Given & { readonly name: string; readonly want: Want })[] = [
  { name: 'starts as many as may run', pods: [], want: { create: 2 } },
  { name: 'no more than are left', status: { succeeded: 3 }, pods: [], want: { create: 1 } },
  { name: 'as many as run are enough', pods: running('a', 'b'), want: { status: { active: 2, ready: 2 } } },
  {
    name: 'surplus goes',
    spec: { parallelism: 1 },
    pods: running('a', 'b'),
    want: { remove: ['a'], status: { active: 1, terminating: 1 } },
  },
  { name: 'nothing is made while the cache is behind', pods: [], settled: false, want: {} },
  {
    name: 'a success is written down first',
    pods: [...succeeded('a'), ...running('b')],
    want: { create: 1, release: ['a'], status: { succeeded: 0, uncountedTerminatedPods: { succeeded: ['a'] } } },
  },
  {
    name: 'then counted once its finalizer is gone',
    status: { uncountedTerminatedPods: { succeeded: ['a'] } },
    pods: [{ name: 'a', phase: 'Succeeded', free: true }, ...running('b', 'c')],
    want: { status: { succeeded: 1, uncountedTerminatedPods: {} } },
  },
  {
    name: 'or when we took it away',
    status: { uncountedTerminatedPods: { succeeded: ['a'] } },
    released: ['a'],
    pods: [...succeeded('a'), ...running('b', 'c')],
    want: { status: { succeeded: 1 } },
  },
  {
    name: 'or when the pod is gone',
    status: { uncountedTerminatedPods: { failed: ['a'] } },
    pods: running('b', 'c'),
    want: { status: { failed: 1, uncountedTerminatedPods: {} } },
  },
  {
    name: 'after a crash the finalizer is taken away again',
    status: { uncountedTerminatedPods: { succeeded: ['a'] } },
    pods: [...succeeded('a'), ...running('b', 'c')],
    want: { release: ['a'], status: { succeeded: 0, uncountedTerminatedPods: { succeeded: ['a'] } } },
  },
  {
    name: 'what is written down counts for what is left',
    spec: { completions: 2 },
    status: { uncountedTerminatedPods: { succeeded: ['a'] } },
    pods: [...succeeded('a'), ...running('b')],
    want: { release: ['a'] },
  },
  {
    name: 'enough successes: the interim condition',
    spec: { completions: 1 },
    pods: succeeded('a'),
    want: { release: ['a'], conditions: ['SuccessCriteriaMet/CompletionsReached'] },
  },
  {
    name: 'then the final one',
    spec: { completions: 1 },
    status: { ...met('SuccessCriteriaMet', 'CompletionsReached'), uncountedTerminatedPods: { succeeded: ['a'] } },
    pods: [{ name: 'a', phase: 'Succeeded', free: true }],
    want: {
      conditions: ['SuccessCriteriaMet/CompletionsReached', 'Complete/CompletionsReached'],
      status: { succeeded: 1, completionTime: '2026-01-01T01:00:00Z' },
    },
  },
  {
    name: 'not while pods are still ending',
    spec: { completions: 1 },
    status: { ...met('SuccessCriteriaMet'), succeeded: 1 },
    pods: [{ name: 'b', leaving: true, free: true }],
    want: { status: { terminating: 1 } },
  },
  {
    name: 'without completions one success ends it',
    spec: { completions: undefined },
    pods: [...succeeded('a'), ...running('b')],
    want: { release: ['a'] },
  },
  {
    name: 'when the others have ended',
    spec: { completions: undefined },
    status: { succeeded: 1 },
    pods: [],
    want: { conditions: ['SuccessCriteriaMet/CompletionsReached', 'Complete/CompletionsReached'] },
  },
  {
    name: 'a failure is replaced after a while',
    pods: [{ name: 'a', phase: 'Failed', ago: 4 }, ...running('b')],
    want: { release: ['a'], wait: 6000, status: { uncountedTerminatedPods: { failed: ['a'] } } },
  },
  {
    name: 'later failures wait longer',
    backoff: { failures: 2, lastFailure: now - 5000 },
    status: { failed: 2 },
    pods: running('b'),
    want: { wait: 15_000 },
  },
  {
    name: 'a success forgives',
    backoff: { failures: 5, lastFailure: now - 5000 },
    status: { failed: 5 },
    pods: [{ name: 'a', phase: 'Succeeded', ago: 1 }, ...running('b')],
    want: { create: 1, release: ['a'] },
  },
  {
    name: 'too many failures',
    spec: { backoffLimit: 1 },
    status: { failed: 1 },
    pods: [...failed('a'), ...running('b')],
    want: { remove: ['b'], release: ['a', 'b'], conditions: ['FailureTarget/BackoffLimitExceeded'] },
  },
  {
    name: 'a failed job is final when nothing is left',
    spec: { backoffLimit: 1 },
    status: { ...met('FailureTarget', 'BackoffLimitExceeded'), failed: 2 },
    pods: [],
    want: { conditions: ['FailureTarget/BackoffLimitExceeded', 'Failed/BackoffLimitExceeded'] },
  },
  {
    name: 'restarts in place count',
    spec: { ...onFailure, backoffLimit: 2 },
    pods: [
      { name: 'a', restarts: 1 },
      { name: 'b', restarts: 1 },
    ],
    want: { remove: ['a', 'b'], release: ['a', 'b'], conditions: ['FailureTarget/BackoffLimitExceeded'] },
  },
  {
    name: 'the deadline passes',
    spec: { activeDeadlineSeconds: 3600 },
    pods: running('a'),
    want: { remove: ['a'], release: ['a'], conditions: ['FailureTarget/DeadlineExceeded'] },
  },
  { name: 'or is waited for', spec: { activeDeadlineSeconds: 3700 }, pods: running('a', 'b'), want: { wait: 100_000 } },
  {
    name: 'suspended: all pods go',
    spec: { suspend: true },
    pods: running('a', 'b'),
    want: { remove: ['a', 'b'], conditions: ['Suspended/JobSuspended'] },
  },
  {
    name: 'resumed: the time starts anew',
    status: met('Suspended'),
    pods: [],
    want: { create: 2, conditions: ['Suspended/JobResumed'], status: { startTime: '2026-01-01T01:00:00Z' } },
  },
  {
    name: 'a suspended new job has not started',
    spec: { suspend: true },
    status: { startTime: undefined },
    pods: [],
    want: { conditions: ['Suspended/JobSuspended'], status: { startTime: undefined } },
  },
  {
    name: 'a leaving pod counts as failed and is replaced',
    pods: [{ name: 'a', leaving: true }, ...running('b')],
    want: { release: ['a'], wait: undefined, create: 1, status: { terminating: 1, uncountedTerminatedPods: { failed: ['a'] } } },
  },
  {
    name: 'or not before its end',
    spec: { podReplacementPolicy: 'Failed' },
    pods: [{ name: 'a', leaving: true }, ...running('b')],
    want: { status: { terminating: 1, uncountedTerminatedPods: {} } },
  },
  { name: 'indexes come in order', spec: indexed, pods: [], want: { create: [0, 1] } },
  {
    name: 'finished and taken ones are left out',
    spec: { ...indexed, parallelism: 4 },
    status: { completedIndexes: '0' },
    pods: [at(2)],
    want: { create: [1, 3], status: { completedIndexes: '0', succeeded: 1 } },
  },
  {
    name: 'a success is its index',
    spec: indexed,
    pods: [at(0, 'Succeeded'), at(1)],
    want: { release: ['p0'], create: [2], status: { completedIndexes: '0', succeeded: 1, uncountedTerminatedPods: {} } },
  },
  { name: 'an index that has two pods loses one', spec: indexed, pods: [at(0), { ...at(0), name: 'q0' }, at(1)], want: { remove: ['p0'] } },
  { name: 'pods beyond the indexes go', spec: { ...indexed, parallelism: 3 }, pods: [at(0), at(7)], want: { remove: ['p7'] } },
  {
    name: 'a failed index pod stays until it is followed',
    spec: { ...indexed, backoffLimitPerIndex: 1 },
    pods: [at(0, 'Failed', { failures: 0 }), at(1)],
    want: { create: [0], status: { failedIndexes: '', uncountedTerminatedPods: {} } },
  },
  {
    name: 'then it goes',
    spec: { ...indexed, backoffLimitPerIndex: 1 },
    pods: [{ ...at(0, 'Failed', { failures: 0 }), name: 'old' }, at(0), at(1)],
    want: { release: ['old'], status: { uncountedTerminatedPods: { failed: ['old'] } } },
  },
  {
    name: 'its successor waits',
    spec: { ...indexed, backoffLimitPerIndex: 1, parallelism: 1 },
    pods: [at(0, 'Failed', { failures: 0, ago: 3 })],
    want: { wait: 7000 },
  },
  {
    name: 'an index fails for good',
    spec: { ...indexed, backoffLimitPerIndex: 1, maxFailedIndexes: 3 },
    pods: [at(0, 'Failed', { failures: 1 }), at(1)],
    want: { release: ['p0'], create: [2], status: { failedIndexes: '0', uncountedTerminatedPods: { failed: ['p0'] } } },
  },
  {
    name: 'too many indexes failed',
    spec: { ...indexed, backoffLimitPerIndex: 0, maxFailedIndexes: 0 },
    pods: [at(0, 'Failed', { failures: 0 }), at(1)],
    want: { remove: ['p1'], release: ['p0', 'p1'], conditions: ['FailureTarget/MaxFailedIndexesExceeded'] },
  },
  {
    name: 'all indexes ended, some failed',
    spec: { ...indexed, backoffLimitPerIndex: 0 },
    status: { completedIndexes: '0-2' },
    pods: [at(3, 'Failed', { failures: 0 })],
    want: { release: ['p3'], conditions: ['FailureTarget/FailedIndexes'] },
  },
  {
    name: 'policy: FailIndex',
    spec: { ...indexed, backoffLimitPerIndex: 5, ...rule('FailIndex', [42]) },
    pods: [at(0, 'Failed', { failures: 0, exit: 42 }), at(1)],
    want: { release: ['p0'], create: [2], status: { failedIndexes: '0' } },
  },
  {
    name: 'policy: FailJob',
    spec: rule('FailJob', [3]),
    pods: [{ name: 'a', phase: 'Failed', exit: 3 }, ...running('b')],
    want: { remove: ['b'], release: ['a', 'b'], conditions: ['FailureTarget/PodFailurePolicy'] },
  },
  {
    name: 'policy: Ignore',
    spec: { backoffLimit: 0, ...rule('Ignore', [3]) },
    pods: [{ name: 'a', phase: 'Failed', exit: 3 }, ...running('b')],
    want: { release: ['a'], create: 1, status: { uncountedTerminatedPods: {} } },
  },
  {
    name: 'policy: NotIn',
    spec: rule('FailJob', [3], 'NotIn'),
    pods: [{ name: 'a', phase: 'Failed', exit: 3 }, ...running('b')],
    want: { release: ['a'], create: 1 },
  },
  {
    name: 'policy: disrupted pods are ignored',
    spec: {
      backoffLimit: 0,
      podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }] },
    },
    pods: [{ name: 'a', phase: 'Failed', disrupted: true }, ...running('b')],
    want: { release: ['a'], create: 1 },
  },
  {
    name: 'success by an index',
    spec: { ...indexed, successPolicy: { rules: [{ succeededIndexes: '0' }] } },
    pods: [at(0, 'Succeeded'), at(1)],
    want: { remove: ['p1'], release: ['p0'], conditions: ['SuccessCriteriaMet/SuccessPolicy'] },
  },
  {
    name: 'success by count',
    spec: { ...indexed, successPolicy: { rules: [{ succeededCount: 2 }] } },
    status: { completedIndexes: '3' },
    pods: [at(0, 'Succeeded'), at(1)],
    want: { remove: ['p1'], release: ['p0'], conditions: ['SuccessCriteriaMet/SuccessPolicy'] },
  },
  {
    name: 'success by count among indexes',
    spec: { ...indexed, successPolicy: { rules: [{ succeededIndexes: '1-3', succeededCount: 2 }] } },
    status: { completedIndexes: '3' },
    pods: [at(0, 'Succeeded'), at(1)],
    want: { release: ['p0'], create: [2] },
  },
  { name: 'a deleted job lets all go', deleting: true, pods: [...running('a'), ...succeeded('b')], want: { release: ['a', 'b'] } },
  {
    name: 'so does a finished one, of what has ended',
    status: met('Complete'),
    pods: [...running('a'), ...failed('b')],
    want: { release: ['b'] },
  },
];
// Where failures are long past, their replacements need not wait.
for (const { name, want, ...given } of cases) {
  test(name, () => {
    const result = plan(given);
    const created = result.create.map(({ index }) => index);
    assert.deepEqual(typeof want.create === 'object' ? created : created.length, want.create ?? 0, 'created');
    assert.deepEqual(
      result.remove.map(({ metadata }) => metadata.name),
      want.remove ?? [],
      'removed',
    );
    assert.deepEqual(
      result.release.map(({ metadata }) => metadata.name),
      want.release ?? [],
      'released',
    );
    const before = (given.status as { conditions?: readonly unknown[] })?.conditions;
    const conditions = result.status.conditions?.map(({ type, reason }) => `${type}/${reason}`);
    if (want.conditions !== undefined || before === undefined) assert.deepEqual(conditions ?? [], want.conditions ?? []);
    for (const [field, value] of Object.entries(want.status ?? {}))
      assert.deepEqual((result.status as Record<string, unknown>)[field], value, field);
    if ('wait' in want) assert.equal(result.wait, want.wait);
  });
}

test('the messages of policies are those of Kubernetes', () => {
  const messageOf = (given: Given) => plan(given).status.conditions?.[0]?.message;
  const bad: PodGiven = { name: 'a', phase: 'Failed', exit: 3, disrupted: true };
  assert.equal(
    messageOf({ spec: rule('FailJob', [3]), pods: [bad] }),
    'Container c for pod ns/a failed with exit code 3 matching FailJob rule at index 0',
  );
  const byCondition = {
    podFailurePolicy: { rules: [{ action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }] },
  };
  assert.equal(messageOf({ spec: byCondition, pods: [bad] }), 'Pod ns/a has condition DisruptionTarget matching FailJob rule at index 0');
  assert.equal(
    messageOf({
      spec: { ...indexed, successPolicy: { rules: [{ succeededCount: 3 }, { succeededIndexes: '0' }] } },
      pods: [at(0, 'Succeeded')],
    }),
    'Matched rules at index 1',
  );
});

test('at most 500 pods are written down in one round', () => {
  const pods = Array.from({ length: 600 }, (_, index): PodGiven => ({ name: `p${index}`, phase: 'Succeeded' }));
  const { release, status } = plan({ spec: { completions: 1000, parallelism: 600 }, pods });
  assert.equal(release.length, 500);
  assert.equal(status.uncountedTerminatedPods?.succeeded?.length, 500);
});
