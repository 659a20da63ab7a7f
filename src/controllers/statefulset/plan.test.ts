import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControllerRevision } from '#api/apps/v1/controllerrevision.ts';
import type { StatefulSet } from '#api/apps/v1/statefulset.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { type Action, planStatefulSet } from './plan.ts';

const now = Date.parse('2026-01-01T01:00:00Z');
const revision = (name: string): ControllerRevision =>
  ({
    metadata: { name },
    revision: 1,
    data: { spec: { template: { spec: { containers: [{ name: 'c', image: name }] } } } },
  }) as unknown as ControllerRevision;

interface Given {
  readonly spec?: object;
  readonly status?: object;
  /** `0:new`, `1:old!` (not ready), `2:old~` (terminating), `0:new#` (failed). */
  readonly pods: readonly string[];
  readonly claims?: readonly object[];
}

function podOf(text: string): Pod {
  const [, ordinal = '', rev = '', mark = ''] = /^(\d+):(\w+)(.?)$/.exec(text) ?? [];
  const status = mark === '!' ? 'False' : 'True';
  return {
    metadata: {
      name: `web-${ordinal}`,
      namespace: 'ns',
      uid: `uid-${ordinal}`,
      labels: {
        'statefulset.kubernetes.io/pod-name': `web-${ordinal}`,
        'apps.kubernetes.io/pod-index': ordinal,
        'controller-revision-hash': rev,
      },
      ...(mark === '~' ? { deletionTimestamp: '2026-01-01T00:59:59Z' } : {}),
    },
    spec: { containers: [] },
    status: {
      phase: mark === '#' ? 'Failed' : 'Running',
      conditions: [{ type: 'Ready', status: mark === '#' ? 'False' : status, lastTransitionTime: '2026-01-01T00:00:00Z' }],
    },
  } as unknown as Pod;
}

function plan({ spec = {}, status = {}, pods, claims = [] }: Given) {
  const set = {
    metadata: { name: 'web', namespace: 'ns', uid: 'set', generation: 2 },
    spec: { replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }, selector: {}, template: {}, ...spec },
    status: { replicas: 0, ...status },
  } as unknown as StatefulSet;
  return planStatefulSet({
    set,
    pods: pods.map(podOf),
    current: revision('old'),
    update: revision('new'),
    collisionCount: 0,
    claim: (name) => (claims as PersistentVolumeClaim[]).find(({ metadata }) => metadata.name === name),
    now,
  });
}

function say(action: Action): string {
  switch (action.type) {
    case 'create':
      return `create ${action.pod.metadata.name} ${action.pod.metadata.labels?.['controller-revision-hash']}${action.claims.map(({ metadata }) => ` +${metadata?.name}`).join('')}`;
    case 'claim':
      return `claim ${action.claim.metadata?.name}`;
    case 'own':
      return `own ${action.claim.metadata.name} ${action.ownerReferences.map(({ kind }) => kind).join()}`;
    default:
      return `${action.type} ${action.pod.metadata.name}`;
  }
}

const parallel = { podManagementPolicy: 'Parallel' };
const partition = (value: number) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: value } } });
const most = (maxUnavailable: number | string) => ({
  updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable } },
});
const template = [{ metadata: { name: 'data' }, spec: {} }];
const owned = (name: string, ...ownerReferences: object[]) => ({ metadata: { name, ownerReferences } });
const bySet = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: 'set', controller: true, blockOwnerDeletion: true };
const deleteAll = { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' }, volumeClaimTemplates: template };

const cases: readonly (Given & { readonly name: string; readonly actions: readonly string[] })[] = [
  { name: 'the first pod comes alone', pods: [], actions: ['create web-0 new'] },
  { name: 'the next waits for the first', pods: ['0:new!'], actions: [] },
  { name: 'and comes when it is ready', pods: ['0:new'], actions: ['create web-1 new'] },
  { name: 'a hole is filled before the rest', pods: ['0:new', '2:new'], actions: ['create web-1 new'] },
  { name: 'a terminating pod is waited for', pods: ['0:new', '1:new~', '2:new'], actions: [] },
  { name: 'a failed pod is recreated', pods: ['0:new#', '1:new'], actions: ['recreate web-0'] },
  { name: 'in parallel all come at once', spec: parallel, pods: ['1:new!'], actions: ['create web-0 new', 'create web-2 new'] },
  { name: 'ordinals start later', spec: { ordinals: { start: 4 }, replicas: 1 }, pods: [], actions: ['create web-4 new'] },
  {
    name: 'what is below the start goes',
    spec: { ordinals: { start: 1 }, replicas: 1 },
    pods: ['0:new', '1:new'],
    actions: ['delete web-0'],
  },
  { name: 'shrinking takes the highest first', spec: { replicas: 1 }, pods: ['0:new', '1:new', '2:new'], actions: ['delete web-2'] },
  { name: 'shrinking waits for the one that goes', spec: { replicas: 0 }, pods: ['0:new', '1:new', '2:new~'], actions: [] },
  { name: 'shrinking halts at an unhealthy pod below', spec: { replicas: 1 }, pods: ['0:new!', '1:new', '2:new'], actions: [] },
  { name: 'shrinking halts when several are unhealthy', spec: { replicas: 0 }, pods: ['0:new!', '1:new', '2:new!'], actions: [] },
  { name: 'the first unhealthy may go', spec: { replicas: 0 }, pods: ['0:new', '1:new', '2:new!'], actions: ['delete web-2'] },
  {
    name: 'in parallel all surplus goes',
    spec: { ...parallel, replicas: 1 },
    pods: ['0:new!', '1:new', '2:new!'],
    actions: ['delete web-2', 'delete web-1'],
  },
  { name: 'rolling takes the highest old one', pods: ['0:old', '1:old', '2:old'], actions: ['delete web-2'] },
  { name: 'then waits for its successor', spec: parallel, pods: ['0:old', '1:old', '2:new!'], actions: [] },
  { name: 'then goes on', pods: ['0:old', '1:old', '2:new'], actions: ['delete web-1'] },
  { name: 'a pod made again below the partition is old', spec: partition(2), pods: ['1:old', '2:new'], actions: ['create web-0 old'] },
  { name: 'one above it is new', spec: partition(2), pods: ['0:old', '1:old'], actions: ['create web-2 new'] },
  { name: 'nothing rolls below the partition', spec: partition(2), pods: ['0:old', '1:old', '2:new'], actions: [] },
  { name: 'OnDelete rolls nothing', spec: { updateStrategy: { type: 'OnDelete' } }, pods: ['0:old', '1:old', '2:old'], actions: [] },
  {
    name: 'two at a time',
    spec: { ...parallel, ...most(2) },
    pods: ['0:old', '1:old', '2:old'],
    actions: ['delete web-2', 'delete web-1'],
  },
  {
    name: 'two, one of them already away',
    spec: { ...parallel, ...most(2) },
    pods: ['0:old', '1:old', '2:new!'],
    actions: ['delete web-1'],
  },
  {
    name: 'a percentage rounds down, to one at least',
    spec: { ...parallel, ...most('50%') },
    pods: ['0:old', '1:old', '2:old'],
    actions: ['delete web-2'],
  },
  {
    name: 'an unready old pod does not count twice',
    spec: { ...parallel, ...most(2) },
    pods: ['0:old', '1:old', '2:old!'],
    actions: ['delete web-2', 'delete web-1'],
  },
  { name: 'a claim comes before its pod', spec: { volumeClaimTemplates: template }, pods: [], actions: ['create web-0 new +data-web-0'] },
  {
    name: 'an existing claim is used',
    spec: { volumeClaimTemplates: template },
    claims: [owned('data-web-0')],
    pods: [],
    actions: ['create web-0 new'],
  },
  {
    name: 'a pod waits for the claim of its predecessor to go',
    spec: { volumeClaimTemplates: template },
    claims: [owned('data-web-0', { apiVersion: 'v1', kind: 'Pod', name: 'web-0', uid: 'before' })],
    pods: [],
    actions: [],
  },
  {
    name: 'claims are owned by the set',
    spec: { ...deleteAll, replicas: 1 },
    claims: [owned('data-web-0')],
    pods: ['0:new'],
    actions: ['own data-web-0 StatefulSet'],
  },
  {
    name: 'claims of surplus pods go with them',
    spec: { ...deleteAll, replicas: 1 },
    claims: [owned('data-web-0', bySet), owned('data-web-1', bySet)],
    pods: ['0:new', '1:new'],
    actions: ['own data-web-1 Pod', 'delete web-1'],
  },
  {
    name: 'retained claims are let go',
    spec: { replicas: 1, volumeClaimTemplates: template },
    claims: [owned('data-web-0', bySet)],
    pods: ['0:new'],
    actions: ['own data-web-0 '],
  },
  {
    name: 'claims that something else controls are left alone',
    spec: { ...deleteAll, replicas: 1 },
    claims: [owned('data-web-0', { apiVersion: 'x/v1', kind: 'Db', name: 'd', uid: 'd', controller: true })],
    pods: ['0:new'],
    actions: [],
  },
];
for (const { name, actions, ...given } of cases) test(name, () => assert.deepEqual(plan(given).actions.map(say), actions));

test('counts by revision; terminating pods belong to none', () => {
  const { status } = plan({ pods: ['0:old', '1:new!', '2:new~'] });
  const { replicas, readyReplicas, currentReplicas, updatedReplicas, currentRevision, updateRevision } = status;
  assert.deepEqual(
    { replicas, readyReplicas, currentReplicas, updatedReplicas },
    { replicas: 3, readyReplicas: 2, currentReplicas: 1, updatedReplicas: 1 },
  );
  assert.deepEqual([currentRevision, updateRevision], ['old', 'new']);
});

test('a full house of new and ready pods ends the update; a missing pod does not', () => {
  assert.equal(plan({ pods: ['0:new', '1:new', '2:new'] }).status.currentRevision, 'new');
  assert.equal(plan({ pods: ['1:new', '2:new'] }).status.currentRevision, 'old');
  assert.equal(plan({ pods: ['0:new', '1:new', '2:new!'] }).status.currentRevision, 'old');
});

test('availability takes time: the plan says when to look again', () => {
  const { actions, wait, status } = plan({ spec: { minReadySeconds: 3700, replicas: 2 }, pods: ['0:new'] });
  assert.deepEqual(actions, []);
  assert.equal(wait, 100_000);
  assert.equal(status.availableReplicas, 0);
});
