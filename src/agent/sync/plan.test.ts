import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { planPod } from './plan.ts';
import type { ProbeResults } from './planning.ts';
import { emptyState, type PodState, type RuntimeContainer, type RuntimeSandbox } from './state.ts';

const noProbes: ProbeResults = { startup: () => undefined, liveness: () => undefined };

function pod(spec: object = {}, metadata: object = {}): Pod {
  return {
    metadata: { name: 'p', namespace: 'd', uid: 'u', ...metadata },
    spec: { containers: [{ name: 'a', image: 'i' }], restartPolicy: 'Always', ...spec },
    status: {},
  } as Pod;
}
const sandbox = (over: Partial<RuntimeSandbox> = {}): RuntimeSandbox => ({
  id: 's0',
  ready: true,
  attempt: 0,
  createdAt: 1,
  hostNetwork: false,
  ips: ['10.0.0.1'],
  ...over,
});
const instance = (name: string, over: Partial<RuntimeContainer> = {}): RuntimeContainer => ({
  id: `${name}-0`,
  name,
  sandboxId: 's0',
  state: 'running',
  hash: '',
  restartCount: 0,
  createdAt: 2,
  startedAt: 3,
  finishedAt: 0,
  exitCode: 0,
  reason: '',
  message: '',
  image: 'i',
  imageId: '',
  logPath: '',
  messageFile: '',
  annotations: {},
  ...over,
});
const exited = (name: string, exitCode: number, over: Partial<RuntimeContainer> = {}) =>
  instance(name, { state: 'exited', exitCode, finishedAt: 4, ...over });
const state = (containers: RuntimeContainer[] = [], sandboxes: RuntimeSandbox[] = [sandbox()]): PodState => ({
  ...emptyState({ uid: 'u', name: 'p', namespace: 'd' }),
  sandboxes,
  containers,
});
const two = {
  containers: [
    { name: 'a', image: 'i' },
    { name: 'b', image: 'i' },
  ],
};
const inits = {
  initContainers: [
    { name: 'i1', image: 'i' },
    { name: 'i2', image: 'i' },
  ],
};
const side = { name: 'side', image: 'i', restartPolicy: 'Always' };

interface Row {
  readonly says: string;
  readonly pod?: Pod;
  readonly state: PodState;
  readonly probes?: Partial<ProbeResults>;
  readonly sandbox?: number;
  readonly start?: readonly string[];
  readonly kill?: readonly string[];
  readonly killPod?: boolean;
  readonly finished?: boolean;
}

const rows: Row[] = [
  { says: 'nothing there: a sandbox', state: state([], []), sandbox: 0, start: ['a#0'] },
  { says: 'nothing there, init containers: the first of them', pod: pod(inits), state: state([], []), sandbox: 0, start: ['i1#0'] },
  { says: 'sandbox up: the containers', pod: pod(two), state: state(), start: ['a#0', 'b#0'] },
  { says: 'all run: nothing', state: state([instance('a')]) },
  { says: 'an exit is followed by a restart', state: state([exited('a', 0)]), start: ['a#1'] },
  { says: 'created but never started: again', state: state([instance('a', { state: 'created' })]), start: ['a#1'] },
  { says: 'OnFailure restarts a failure', pod: pod({ restartPolicy: 'OnFailure' }), state: state([exited('a', 1)]), start: ['a#1'] },
  {
    says: 'OnFailure ends with success',
    pod: pod({ restartPolicy: 'OnFailure' }),
    state: state([exited('a', 0)]),
    killPod: true,
    finished: true,
  },
  { says: 'Never ends with failure', pod: pod({ restartPolicy: 'Never' }), state: state([exited('a', 1)]), killPod: true, finished: true },
  {
    says: 'Never waits for the other container',
    pod: pod({ ...two, restartPolicy: 'Never' }),
    state: state([exited('a', 1), instance('b')]),
  },
  {
    says: 'a container may have its own policy',
    pod: pod({ containers: [{ name: 'a', image: 'i', restartPolicy: 'OnFailure' }], restartPolicy: 'Never' }),
    state: state([exited('a', 1)]),
    start: ['a#1'],
  },
  {
    says: 'restart rules go first',
    pod: pod({
      containers: [
        {
          name: 'a',
          image: 'i',
          restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
          restartPolicy: 'Never',
        },
      ],
    }),
    state: state([exited('a', 42)]),
    start: ['a#1'],
  },
  {
    says: 'a dead sandbox is replaced',
    state: state([exited('a', 0)], [sandbox({ ready: false })]),
    killPod: true,
    sandbox: 1,
    start: ['a#1'],
  },
  { says: 'a sandbox without an address is replaced', state: state([], [sandbox({ ips: [] })]), killPod: true, sandbox: 1, start: ['a#0'] },
  {
    says: 'two ready sandboxes are one too many',
    state: state([], [sandbox({ id: 's1', attempt: 1 }), sandbox()]),
    killPod: true,
    sandbox: 2,
    start: ['a#0'],
  },
  {
    says: 'another network needs another sandbox',
    pod: pod({ hostNetwork: true }),
    state: state(),
    killPod: true,
    sandbox: 1,
    start: ['a#0'],
  },
  {
    says: 'Never does get one for a container with a policy of its own',
    pod: pod({ containers: [{ name: 'a', image: 'i', restartPolicy: 'OnFailure' }], restartPolicy: 'Never' }),
    state: state([exited('a', 137)], [sandbox({ ready: false })]),
    killPod: true,
    sandbox: 1,
    start: ['a#1'],
  },
  {
    says: 'Never does not get a second sandbox',
    pod: pod({ restartPolicy: 'Never' }),
    state: state([exited('a', 1)], [sandbox({ ready: false })]),
    killPod: true,
    finished: true,
  },
  {
    says: 'OnFailure with nothing left needs no sandbox',
    pod: pod({ restartPolicy: 'OnFailure' }),
    state: state([exited('a', 0)], [sandbox({ ready: false })]),
    killPod: true,
    finished: true,
  },
  { says: 'init: wait for the running one', pod: pod(inits), state: state([instance('i1')]) },
  { says: 'init: the next after success', pod: pod(inits), state: state([exited('i1', 0)]), start: ['i2#0'] },
  { says: 'init: a failure is tried again', pod: pod(inits), state: state([exited('i1', 1)]), start: ['i1#1'] },
  {
    says: 'init: a failure with Never ends the pod',
    pod: pod({ ...inits, restartPolicy: 'Never' }),
    state: state([exited('i1', 1)]),
    killPod: true,
    finished: true,
  },
  { says: 'init: success with Always is not repeated', pod: pod(inits), state: state([exited('i1', 0), exited('i2', 0)]), start: ['a#0'] },
  { says: 'init: forgotten ones are done when a later one ran', pod: pod(inits), state: state([exited('i2', 0)]), start: ['a#0'] },
  { says: 'init: history once a container runs', pod: pod(inits), state: state([instance('a')]) },
  {
    says: 'init: anew in a new sandbox',
    pod: pod(inits),
    state: state([exited('i1', 0), exited('i2', 0), exited('a', 1)], [sandbox({ id: 's1', attempt: 1 })]),
    start: ['i1#1'],
  },
  {
    says: 'sidecar: first, and the rest once it runs',
    pod: pod({ initContainers: [side] }),
    state: state([instance('side')]),
    start: ['a#0'],
  },
  {
    says: 'sidecar: its startup probe holds the rest back',
    pod: pod({ initContainers: [{ ...side, startupProbe: {} }] }),
    state: state([instance('side')]),
  },
  {
    says: 'sidecar: restarted beside the running container',
    pod: pod({ initContainers: [side] }),
    state: state([exited('side', 0), instance('a')]),
    start: ['side#1'],
  },
  {
    says: 'sidecar: restarted while a later init container runs',
    pod: pod({ initContainers: [side, { name: 'i2', image: 'i' }] }),
    state: state([exited('side', 1), instance('i2')]),
    start: ['side#1'],
  },
  {
    says: 'sidecar: does not keep a pod that is done',
    pod: pod({ initContainers: [side], restartPolicy: 'Never' }),
    state: state([instance('side'), exited('a', 0)]),
    killPod: true,
    finished: true,
  },
  {
    says: 'liveness failed: killed and restarted',
    state: state([instance('a')]),
    probes: { liveness: () => 'failure' },
    kill: ['a: Container a failed liveness probe, will be restarted'],
    start: ['a#1'],
  },
  {
    says: 'startup failed: killed and restarted',
    state: state([instance('a')]),
    probes: { startup: () => 'failure' },
    kill: ['a: Container a failed startup probe, will be restarted'],
    start: ['a#1'],
  },
  {
    says: 'liveness failed under Never: only killed',
    pod: pod({ restartPolicy: 'Never' }),
    state: state([instance('a')]),
    probes: { liveness: () => 'failure' },
    kill: ['a: Container a failed liveness probe'],
  },
  {
    says: 'another image: killed and restarted',
    state: state([instance('a', { hash: 'old' })]),
    kill: ['a: Container a definition changed, will be restarted'],
    start: ['a#1'],
  },
  {
    says: 'ephemeral containers start once',
    pod: pod({ ephemeralContainers: [{ name: 'e', image: 'i' }] }),
    state: state([instance('a')]),
    start: ['e#0'],
  },
  {
    says: 'ephemeral containers do not come back',
    pod: pod({ ephemeralContainers: [{ name: 'e', image: 'i' }] }),
    state: state([instance('a'), exited('e', 1)]),
  },
  {
    says: 'nothing starts in a pod that is being deleted',
    pod: pod({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    state: state([exited('a', 1)]),
    killPod: true,
    finished: true,
  },
  {
    says: 'unknown state: killed first',
    state: state([instance('a', { state: 'unknown' })]),
    kill: ['a: Container is in "unknown" state, try killing it before restart'],
    start: ['a#1'],
  },
];

for (const row of rows) {
  test(`plan: ${row.says}`, () => {
    const plan = planPod(row.pod ?? pod(), row.state, { ...noProbes, ...row.probes });
    assert.deepEqual(
      {
        sandbox: plan.createSandbox,
        start: plan.start.map((start) => `${start.container.name}#${start.restartCount}`),
        kill: plan.kill.map((kill) => `${kill.instance.name}: ${kill.message}`),
        killPod: plan.killPod,
        finished: plan.finished,
      },
      {
        sandbox: row.sandbox,
        start: row.start ?? [],
        kill: row.kill ?? [],
        killPod: row.killPod ?? false,
        finished: row.finished ?? false,
      },
    );
  });
}
