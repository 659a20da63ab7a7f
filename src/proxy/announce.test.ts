import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '#api/core/v1/node.ts';
import type { Service, ServiceSpec } from '#api/core/v1/service.ts';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { announcedBy, announcerOf, parseAddresses } from './announce.ts';

const node = (name: string, address: string, ready = 'True'): Node => ({
  metadata: { name },
  spec: {},
  status: { addresses: [{ type: 'InternalIP', address }], conditions: [{ type: 'Ready', status: ready }] },
});
const nodes = [node('a', '192.0.2.1'), node('b', '192.0.2.2'), node('c', '192.0.2.3'), node('down', '192.0.2.4', 'False')];
const service = (ips: readonly string[], spec: ServiceSpec = {}): Service => ({
  metadata: { name: 's', namespace: 'd' },
  spec: { type: 'LoadBalancer', ...spec },
  status: { loadBalancer: { ingress: ips.map((ip) => ({ ip, ipMode: 'VIP' })) } },
});
const many = Array.from({ length: 60 }, (_, i) => `203.0.113.${i}`);
const slice = { endpoints: [{ addresses: ['10.0.0.1'], nodeName: 'b' }] } as unknown as EndpointSlice;
const by = (name: string, services: readonly Service[]): string[] => [...announcedBy(name, { services, nodes, slices: () => [slice] })];

test('each address is announced by one ready node, and all nodes have some', () => {
  const shares = ['a', 'b', 'c', 'down'].map((name) => by(name, [service(many)]));
  assert.deepEqual(shares.flat().toSorted(), many.toSorted());
  assert.deepEqual(
    shares.map((share) => share.length > 5),
    [true, true, true, false],
  );
});

test('a node that goes moves only its own addresses', () => {
  for (const ip of many) {
    const first = announcerOf(ip, ['a', 'b', 'c']);
    if (first !== 'c') assert.equal(announcerOf(ip, ['a', 'b']), first);
  }
  assert.equal(announcerOf('203.0.113.1', []), undefined);
});

test('nodes’ own addresses, other balancers and names are not announced; with the policy Local only where there are endpoints', () => {
  const all = (one: Service): string[] => ['a', 'b', 'c'].flatMap((name) => by(name, [one]).map((ip) => `${name} ${ip}`));
  assert.deepEqual(all(service(['192.0.2.1'])), []);
  assert.deepEqual(all(service(['203.0.113.1'], { loadBalancerClass: 'example.com/other' })), []);
  assert.deepEqual(all(service(['203.0.113.1'], { type: 'ClusterIP' })), []);
  assert.deepEqual(all(service(['203.0.113.1', '203.0.113.2'], { externalTrafficPolicy: 'Local' })), ['b 203.0.113.1', 'b 203.0.113.2']);
});

test('what ip prints is read back', () => {
  const text = `5: tutti-pool    inet 203.0.113.1/32 scope global tutti-pool\\       valid_lft forever
5: tutti-pool    inet6 fd00:b::1/128 scope global deprecated \\       valid_lft forever
5: tutti-pool    inet6 fe80::1/64 scope link \\       valid_lft forever
`;
  assert.deepEqual(parseAddresses(text), ['203.0.113.1', 'fd00:b::1']);
});
