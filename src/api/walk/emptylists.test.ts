import assert from 'node:assert/strict';
import { it } from 'node:test';
import { asRead, asWritten } from './emptylists.ts';

const meta = { metadata: { name: 'a' } };
const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', ...meta };
const both: readonly (readonly [what: string, inMemory: object, written: object])[] = [
  ['a role without rules', { ...rbac, kind: 'Role', rules: [] }, { ...rbac, kind: 'Role', rules: null }],
  [
    'a list within a list',
    { ...rbac, kind: 'ClusterRole', rules: [{ verbs: [] }, { verbs: ['get'] }] },
    { ...rbac, kind: 'ClusterRole', rules: [{ verbs: null }, { verbs: ['get'] }] },
  ],
  [
    'a slice without endpoints',
    { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', ...meta, addressType: 'IPv4', endpoints: [], ports: [] },
    { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', ...meta, addressType: 'IPv4', endpoints: null, ports: null },
  ],
  [
    'a status below',
    { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', ...meta, status: { currentMetrics: [], desiredReplicas: 0 } },
    { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', ...meta, status: { currentMetrics: null, desiredReplicas: 0 } },
  ],
];

for (const [what, inMemory, written] of both) {
  it(what, () => {
    const before = JSON.stringify(inMemory);
    assert.deepEqual(asWritten(inMemory), written);
    assert.equal(JSON.stringify(inMemory), before);
    assert.deepEqual(asRead(written, JSON.stringify(written)), inMemory);
    const { kind, apiVersion, ...rest } = written as { kind: string; apiVersion: string };
    const { kind: _, apiVersion: __, ...read } = inMemory as { kind: string; apiVersion: string };
    const list = { kind: `${kind}List`, apiVersion, metadata: {}, items: [rest] };
    assert.deepEqual(asRead(list, JSON.stringify(list)), { ...list, items: [read] });
  });
}

it('what has no empty list, or is of no known kind, comes back itself', () => {
  for (const object of [
    { ...rbac, kind: 'Role', rules: [{ verbs: ['get'] }] },
    { apiVersion: 'example.com/v1', kind: 'Role', ...meta, rules: [] },
    { apiVersion: 'v1', kind: 'ConfigMap', ...meta },
    {},
  ]) {
    assert.equal(asWritten(object), object);
    assert.equal(asRead(object, `${JSON.stringify(object)}:null`), object);
  }
  for (const value of [undefined, null, 7, 'x', []]) assert.equal(asRead(value, ':null'), value);
});
