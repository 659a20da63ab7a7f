import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { ResourceClaim } from '#api/resource/v1/resourceclaim.ts';
import { cdiDevices, driversOf, podClaims } from './claims.ts';

const pod = (status: object = {}): Pod =>
  ({
    metadata: { name: 'p', uid: 'u' },
    spec: {
      containers: [],
      resourceClaims: [
        { name: 'a', resourceClaimName: 'claim-a' },
        { name: 'b', resourceClaimTemplateName: 'template' },
      ],
    },
    status,
  }) as unknown as Pod;

test('claims: named, from a template, and one that was not needed', () => {
  assert.throws(() => podClaims(pod()), /claim b: ResourceClaim not created yet/);
  assert.deepEqual(podClaims(pod({ resourceClaimStatuses: [{ name: 'b', resourceClaimName: 'p-b-x' }] })), [
    { name: 'a', claimName: 'claim-a' },
    { name: 'b', claimName: 'p-b-x' },
  ]);
  assert.deepEqual(podClaims(pod({ resourceClaimStatuses: [{ name: 'b' }] })), [{ name: 'a', claimName: 'claim-a' }]);
});

const claim = (status: object | undefined): ResourceClaim => ({ metadata: { name: 'c' }, spec: {}, status }) as unknown as ResourceClaim;
const allocation = {
  devices: {
    results: [
      { driver: 'x.io', request: 'r', pool: 'p', device: 'd' },
      { driver: 'x.io', request: 's', pool: 'p', device: 'e' },
    ],
  },
};

test('drivers of a claim that is allocated and reserved for the pod', () => {
  assert.throws(() => driversOf(claim(undefined), 'u'), /not allocated/);
  assert.throws(() => driversOf(claim({ allocation, reservedFor: [{ uid: 'other' }] }), 'u'), /not allowed to use ResourceClaim c/);
  assert.deepEqual(driversOf(claim({ allocation, reservedFor: [{ uid: 'u' }] }), 'u'), ['x.io']);
});

test('devices of a container: of whole claims, or of the requests named', () => {
  const device = (requestNames: string[], id: string) => ({ requestNames, poolName: 'p', deviceName: id, cdiDeviceIds: [`x.io/d=${id}`] });
  const prepared = [
    {
      podUid: 'u',
      name: 'a',
      claim: { namespace: 'n', uid: 'c', name: 'c' },
      devices: { 'x.io': [device(['r'], '1'), device(['s/big'], '2')] },
    },
  ];
  const of = (...claims: object[]): string[] => cdiDevices({ resources: { claims } } as never, prepared).map(({ name }) => name);
  assert.deepEqual(of({ name: 'a' }), ['x.io/d=1', 'x.io/d=2']);
  assert.deepEqual(of({ name: 'a', request: 's' }), ['x.io/d=2']);
  assert.deepEqual(of({ name: 'other' }), []);
  assert.deepEqual(of(), []);
});
