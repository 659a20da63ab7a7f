import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceOf } from '#api/balancer.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Service, ServiceSpec } from '#api/core/v1/service.ts';
import { balancerAddresses, poolAddresses } from './plan.ts';

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
  const sources = (spec: ServiceSpec) => [sourceOf(service(spec), false), sourceOf(service(spec), true)];
  assert.deepEqual(sources({}), ['nodes', 'pool']);
  assert.deepEqual(sources({ loadBalancerClass: 'tutti.dev/nodes' }), ['nodes', 'nodes']);
  assert.deepEqual(sources({ loadBalancerClass: 'tutti.dev/pool' }), [undefined, 'pool']);
  assert.deepEqual(sources({ loadBalancerClass: 'example.com/other' }), [undefined, undefined]);
  assert.deepEqual(sources({ type: 'NodePort' }), [undefined, undefined]);
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

test('a pool gives the first free address of each family, and a Service keeps what it has', () => {
  const pool = ['192.0.2.8/30', 'fd00:b::/126'];
  const given = (spec: ServiceSpec, present: readonly string[] = [], taken: readonly string[] = []) =>
    poolAddresses({ ...service(spec), status: { loadBalancer: { ingress: present.map((ip) => ({ ip })) } } }, pool, new Set(taken)).map(
      ({ ip }) => ip,
    );
  assert.deepEqual(given({}), ['192.0.2.8']);
  assert.deepEqual(given({}, [], ['192.0.2.8', '192.0.2.9']), ['192.0.2.10']);
  assert.deepEqual(given({}, ['192.0.2.11']), ['192.0.2.11']);
  assert.deepEqual(given({}, ['192.0.2.11'], ['192.0.2.11']), ['192.0.2.8']);
  assert.deepEqual(given({}, ['198.51.100.1']), ['192.0.2.8']);
  assert.deepEqual(given({ ipFamilies: ['IPv4', 'IPv6'] }), ['192.0.2.8', 'fd00:b::']);
  assert.deepEqual(given({ loadBalancerIP: '192.0.2.10' }, ['192.0.2.8']), ['192.0.2.10']);
  assert.deepEqual(given({ loadBalancerIP: '198.51.100.1' }), []);
  assert.deepEqual(given({}, [], ['192.0.2.8', '192.0.2.9', '192.0.2.10', '192.0.2.11']), []);
});
