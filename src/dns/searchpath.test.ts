import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { hasUsualPath, searchDomains, walkOf } from './searchpath.ts';

test('the first name of a search path tells what comes next', () => {
  assert.deepEqual(walkOf('www.example.org.ns.svc.cluster.local', 'cluster.local', ['corp.example']), {
    namespace: 'ns',
    inside: ['www.example.org.svc.cluster.local', 'www.example.org.cluster.local'],
    outside: ['www.example.org.corp.example', 'www.example.org'],
  });
  assert.equal(walkOf('web.other.NS.svc.Cluster.local.', 'cluster.local', [])?.inside[0], 'web.other.svc.cluster.local');
  for (const name of [
    'web.ns.svc.cluster.local',
    'ns.svc.cluster.local',
    'example.org',
    'a.b.cluster.local',
    '_http._tcp.web.ns.svc.cluster.local',
  ])
    assert.equal(walkOf(name, 'cluster.local', []), undefined, name);
});

test('only pods with the path that everybody has are walked for', () => {
  const usual = (spec: object): boolean => hasUsualPath({ metadata: { name: 'p' }, spec, status: {} } as unknown as Pod);
  assert.equal(usual({}), true);
  assert.equal(usual({ dnsPolicy: 'ClusterFirst', dnsConfig: { options: [{ name: 'ndots', value: '2' }] } }), true);
  assert.equal(usual({ dnsPolicy: 'ClusterFirstWithHostNet', hostNetwork: true }), true);
  assert.equal(usual({ dnsPolicy: 'ClusterFirst', hostNetwork: true }), false);
  assert.equal(usual({ dnsPolicy: 'Default' }), false);
  assert.equal(usual({ dnsConfig: { searches: ['x'] } }), false);
});

test('search domains of a resolv.conf', () => {
  assert.deepEqual(searchDomains('nameserver 1.1.1.1\nsearch a.example b.example.\n'), ['a.example', 'b.example']);
  assert.deepEqual(searchDomains('search old\nsearch .\n'), []);
  assert.deepEqual(searchDomains(''), []);
});
