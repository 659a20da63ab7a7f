import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '#api/core/v1/node.ts';
import type { Service, ServiceSpec } from '#api/core/v1/service.ts';
import { balancerAddresses, isOurs } from './plan.ts';

const node = (name: string, addresses: readonly string[], more: { labels?: Record<string, string>; ready?: string } = {}): Node => ({
  metadata: { name, ...(more.labels ? { labels: more.labels } : {}) },
  spec: {},
  status: {
    addresses: addresses.map((address) => ({ type: 'InternalIP', address })),
    conditions: [{ type: 'Ready', status: more.ready ?? 'True' }],
  },
});
const service = (spec: ServiceSpec): Service => ({
  metadata: { name: 's' },
  spec: { type: 'LoadBalancer', ipFamilies: ['IPv4'], ...spec },
  status: {},
});
const nodes = [
  node('c', ['192.0.2.3', 'fd00::3']),
  node('a', ['192.0.2.1']),
  node('down', ['192.0.2.4'], { ready: 'False' }),
  node('out', ['192.0.2.5'], { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } }),
];
const ips = (spec: ServiceSpec, local: readonly string[] = []): (string | undefined)[] =>
  balancerAddresses(service(spec), nodes, new Set(local)).map(({ ip }) => ip);

test('Services of another class are left to their balancer', () => {
  assert.equal(isOurs(service({})), true);
  assert.equal(isOurs(service({ loadBalancerClass: 'tutti.dev/nodes' })), true);
  assert.equal(isOurs(service({ loadBalancerClass: 'example.com/other' })), false);
  assert.equal(isOurs(service({ type: 'NodePort' })), false);
});

test('the addresses are those of ready nodes, in the families of the Service', () => {
  assert.deepEqual(ips({}), ['192.0.2.1', '192.0.2.3']);
  assert.deepEqual(ips({ ipFamilies: ['IPv6'] }), ['fd00::3']);
  assert.deepEqual(ips({ ipFamilies: ['IPv6', 'IPv4'] }), ['192.0.2.1', '192.0.2.3', 'fd00::3']);
});

test('with the policy Local only nodes with endpoints are named', () => {
  assert.deepEqual(ips({ externalTrafficPolicy: 'Local' }, ['c']), ['192.0.2.3']);
  assert.deepEqual(ips({ externalTrafficPolicy: 'Local' }), []);
});
