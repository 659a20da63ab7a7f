import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalIp, ipFamily, nonSpecialIp, parseCidr, strictlyInside } from './addresses.ts';
import type { PodSpec } from './core/v1/podspec.ts';
import { podLimits, podRequests } from './podrequests.ts';
import { type ConditionLike, setCondition } from './podutil.ts';
import { qosClass } from './qos.ts';
import { conflict, forbidden, invalid, isConflict, isNotFound, notFound, statusOf } from './status.ts';

const with_ = (requests: Record<string, string>, extra: object = {}) => ({
  name: 'c',
  resources: { requests, limits: requests },
  ...extra,
});

test('init containers count by their peak, sidecars with everything after them', () => {
  const spec: PodSpec = {
    containers: [with_({ cpu: '1' }), with_({ cpu: '500m', memory: '1Gi' })],
    initContainers: [
      with_({ cpu: '3' }),
      with_({ cpu: '200m', memory: '1Gi' }, { restartPolicy: 'Always' }),
      with_({ cpu: '1600m', memory: '500Mi' }),
    ],
    overhead: { cpu: '100m', memory: '10Mi' },
  };
  assert.deepEqual(podRequests(spec), { cpu: '3100m', memory: '2058Mi' });
  assert.deepEqual(podRequests({ ...spec, initContainers: [] }), { cpu: '1600m', memory: '1034Mi' });
});

test('amounts of the pod itself stand above those of its containers', () => {
  const spec: PodSpec = { containers: [with_({ cpu: '1' })], resources: { requests: { cpu: '4' }, limits: { cpu: '5' } } };
  assert.deepEqual(podRequests(spec), { cpu: '4' });
  assert.deepEqual(podLimits(spec), { cpu: '5' });
  assert.equal(qosClass(spec), 'Burstable');
});

test('quality of service', () => {
  const both = { cpu: '1', memory: '1Gi' };
  assert.equal(qosClass({ containers: [with_(both)] }), 'Guaranteed');
  assert.equal(qosClass({ containers: [with_(both), { name: 'd' }] }), 'Burstable');
  assert.equal(qosClass({ containers: [with_({ cpu: '1' })] }), 'Burstable');
  assert.equal(qosClass({ containers: [{ name: 'c', resources: { requests: { cpu: '0' } } }] }), 'BestEffort');
});

test('a condition keeps its time until its status changes', () => {
  const first = setCondition<ConditionLike>([], { type: 'Ready', status: 'False', reason: 'A' }, 0);
  assert.equal(first[0]?.lastTransitionTime, '1970-01-01T00:00:00Z');
  assert.equal(setCondition(first, { type: 'Ready', status: 'False', reason: 'A' }, 9000), first);
  const second = setCondition(first, { type: 'Ready', status: 'False', reason: 'B' }, 9000);
  assert.equal(second[0]?.lastTransitionTime, '1970-01-01T00:00:00Z');
  const third = setCondition(second, { type: 'Ready', status: 'True' }, 9000);
  assert.equal(third[0]?.lastTransitionTime, '1970-01-01T00:00:09Z');
});

test('addresses', () => {
  assert.equal(ipFamily('10.0.0.1'), 'IPv4');
  assert.equal(ipFamily('010.0.0.1'), undefined);
  assert.equal(ipFamily('2001:db8::1'), 'IPv6');
  assert.equal(ipFamily('1::2::3'), undefined);
  assert.equal(canonicalIp('2001:0DB8:0:0:1:0:0:1'), '2001:db8::1:0:0:1');
  assert.equal(canonicalIp('::ffff:10.0.0.1'), '::ffff:a00:1');
  assert.deepEqual(nonSpecialIp('169.254.1.1'), ['may not be in the link-local range (169.254.0.0/16, fe80::/10)']);
  const [outer, inner] = [parseCidr('10.0.0.0/8'), parseCidr('10.1.0.0/16')];
  assert.ok(outer && inner && strictlyInside(inner, outer) && !strictlyInside(outer, inner));
  assert.equal(parseCidr('10.0.0.0/33'), undefined);
});

test('status errors', () => {
  const deployments = { group: 'apps', resource: 'deployments' };
  const missing = notFound(deployments, 'a');
  assert.ok(isNotFound(missing));
  assert.deepEqual(missing.status, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'deployments.apps "a" not found',
    reason: 'NotFound',
    details: { name: 'a', group: 'apps', kind: 'deployments' },
    code: 404,
  });
  assert.ok(isConflict(conflict(deployments, 'a', 'x')));
  assert.equal(forbidden(undefined, '', 'no').message, 'forbidden: no');
  const errors = [
    { type: 'Required value', field: 'spec.a', detail: '' },
    { type: 'Invalid value', field: 'spec.b', value: 'x"y', detail: 'bad' },
  ] as const;
  const wrong = invalid({ group: 'apps', kind: 'Deployment' }, 'a', errors);
  assert.equal(wrong.message, 'Deployment.apps "a" is invalid: [spec.a: Required value, spec.b: Invalid value: "x\\"y": bad]');
  assert.deepEqual(wrong.status.details?.causes?.[1], {
    reason: 'FieldValueInvalid',
    message: 'Invalid value: "x\\"y": bad',
    field: 'spec.b',
  });
  assert.equal(statusOf(new Error('boom')).code, 500);
});
