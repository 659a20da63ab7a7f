import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { ResourceClaim } from '#api/resource/v1/resourceclaim.ts';
import { isDone, planClaim, planPod } from './plan.ts';

const podOf = (more: { phase?: string; leaving?: boolean; node?: string; told?: object[]; claims?: object[] } = {}): Pod =>
  ({
    metadata: { name: 'p', namespace: 'ns', uid: 'pu', ...(more.leaving ? { deletionTimestamp: 'x' } : {}) },
    spec: { containers: [], ...(more.node ? { nodeName: more.node } : {}), resourceClaims: more.claims ?? [] },
    status: { phase: more.phase ?? 'Running', ...(more.told ? { resourceClaimStatuses: more.told } : {}) },
  }) as unknown as Pod;

const user = { resource: 'pods', name: 'p', uid: 'pu' };
const claimOf = (
  more: { reserved?: object[]; allocated?: boolean; held?: boolean; leaving?: boolean; generated?: boolean } = {},
): ResourceClaim =>
  ({
    metadata: {
      name: 'c',
      namespace: 'ns',
      ...(more.held ? { finalizers: ['resource.kubernetes.io/delete-protection'] } : {}),
      ...(more.leaving ? { deletionTimestamp: 'x' } : {}),
      ...(more.generated
        ? {
            annotations: { 'resource.kubernetes.io/pod-claim-name': 'gpu' },
            ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'pu', controller: true }],
          }
        : {}),
    },
    spec: {},
    status: { ...(more.allocated ? { allocation: {} } : {}), ...(more.reserved ? { reservedFor: more.reserved } : {}) },
  }) as unknown as ResourceClaim;

const done: readonly (readonly [string, Pod | undefined, string, boolean])[] = [
  ['a running pod', podOf(), 'pu', false],
  ['an ended one', podOf({ phase: 'Failed' }), 'pu', true],
  ['one that is gone', undefined, 'pu', true],
  ['one that was made anew', podOf(), 'before', true],
  ['one that will never be placed', podOf({ leaving: true }), 'pu', true],
  ['one that is still ending', podOf({ leaving: true, node: 'n' }), 'pu', false],
];
for (const [name, pod, uid, want] of done) test(`done: ${name}`, () => assert.equal(isDone(pod, uid), want));

const ended = podOf({ phase: 'Succeeded' });
const cases: readonly (readonly [string, ResourceClaim, Pod | undefined, string])[] = [
  ['a used claim is kept', claimOf({ reserved: [user], allocated: true, held: true }), podOf(), 'keep'],
  [
    'reservations of ended pods end, the allocation too',
    claimOf({ reserved: [user], allocated: true, held: true }),
    ended,
    'status unprotect',
  ],
  [
    'other users keep the allocation',
    claimOf({ reserved: [user, { ...user, name: 'q', uid: 'pu' }], allocated: true, held: true }),
    undefined,
    'status unprotect',
  ],
  [
    'users of other kinds are not ours to judge',
    claimOf({ reserved: [{ apiGroup: 'x', resource: 'things', name: 't', uid: 't' }], allocated: true, held: true }),
    undefined,
    'keep',
  ],
  ['allocated from outside: only the reservation ends', claimOf({ reserved: [user], allocated: true }), ended, 'status allocated'],
  ['a deleted, free claim goes', claimOf({ held: true, leaving: true }), undefined, 'unprotect'],
  ['a claim made for a pod goes with its end', claimOf({ generated: true }), ended, 'delete'],
  ['not before', claimOf({ generated: true }), podOf(), 'keep'],
  ['a claim of its own stays', claimOf(), undefined, 'keep'],
];
for (const [name, claim, pod, want] of cases) {
  test(name, () => {
    const step = planClaim(claim, (podName) => (podName === 'p' ? pod : undefined));
    const text =
      step.type === 'status' ? `status${step.unprotect ? ' unprotect' : ''}${step.claim.status.allocation ? ' allocated' : ''}` : step.type;
    assert.equal(text, want);
  });
}

test('a pod gets the claims that it lacks, and is told of those that are there', () => {
  const claims = [
    { name: 'gpu', resourceClaimTemplateName: 't' },
    { name: 'nic', resourceClaimTemplateName: 't' },
    { name: 'own', resourceClaimName: 'x' },
  ];
  const { missing, statuses } = planPod(podOf({ claims }), [claimOf({ generated: true })]);
  assert.deepEqual(
    missing.map(({ name }) => name),
    ['nic'],
  );
  assert.deepEqual(statuses, [{ name: 'gpu', resourceClaimName: 'c' }]);
  const told = [{ name: 'gpu', resourceClaimName: 'c' }];
  assert.equal(planPod(podOf({ claims: claims.slice(0, 1), told }), [claimOf({ generated: true })]).statuses, undefined);
});
