import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Service } from '#api/core/v1/service.ts';
import { planEndpointSlices } from '../endpointslice/plan.ts';
import { planEndpoints } from './plan.ts';
import { packSubsets, truncateSubsets } from './subsets.ts';

const service = (spec: Partial<Service['spec']> = {}): Service => ({
  metadata: { name: 'web', namespace: 'default', uid: 's' },
  spec: { clusterIP: '10.96.0.9', ipFamilies: ['IPv4'], selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }], ...spec },
  status: {},
});
const pod = (
  name: string,
  ip: string,
  extra: { ready?: boolean; port?: number; deleting?: boolean; spec?: Partial<Pod['spec']>; phase?: 'Failed' } = {},
): Pod => ({
  metadata: { name, namespace: 'default', uid: name, ...(extra.deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
  spec: { containers: [{ name: 'c', image: 'x', ports: [{ name: 'http', containerPort: extra.port ?? 8080 }] }], ...extra.spec },
  status: {
    phase: extra.phase ?? 'Running',
    podIP: ip,
    podIPs: [{ ip }],
    conditions: [{ type: 'Ready', status: extra.ready === false ? 'False' : 'True' }],
  },
});
const nothing = { current: undefined, triggerTime: undefined };

function subsets(target: Service, pods: Pod[]) {
  const plan = planEndpoints(target, pods, nothing);
  return plan && 'create' in plan ? plan.create.subsets : undefined;
}

test('addresses with the same ports share a subset', () => {
  const result = subsets(service(), [
    pod('b', '10.0.0.2'),
    pod('a', '10.0.0.1'),
    pod('c', '10.0.0.3', { ready: false }),
    pod('d', '10.0.0.4', { port: 9090 }),
  ]);
  assert.deepEqual(
    result?.map(({ addresses, notReadyAddresses, ports }) => [
      addresses?.map(({ ip }) => ip),
      notReadyAddresses?.map(({ ip }) => ip),
      ports?.[0]?.port,
    ]),
    [
      [['10.0.0.1', '10.0.0.2'], ['10.0.0.3'], 8080],
      [['10.0.0.4'], undefined, 9090],
    ],
  );
});

test('terminating and ended pods are left out; publishNotReadyAddresses makes all ready', () => {
  const pods = [
    pod('a', '10.0.0.1', { deleting: true }),
    pod('b', '10.0.0.2', { phase: 'Failed' }),
    pod('c', '10.0.0.3', { ready: false }),
  ];
  assert.deepEqual(subsets(service(), pods)?.[0]?.addresses, undefined);
  const all = subsets(service({ publishNotReadyAddresses: true }), pods);
  assert.deepEqual(
    all?.[0]?.addresses?.map(({ ip }) => ip),
    ['10.0.0.1', '10.0.0.3'],
  );
});

test('a headless Service needs no ports; host names come from the pod', () => {
  const headless = service({ clusterIP: 'None', ports: [] });
  const [subset] = subsets(headless, [pod('a', '10.0.0.1', { spec: { hostname: 'a', subdomain: 'web' } })]) ?? [];
  assert.equal(subset?.addresses?.[0]?.hostname, 'a');
  assert.equal(subset?.ports, undefined);
});

test('what is right is not written again', () => {
  const plan = planEndpoints(service(), [pod('a', '10.0.0.1')], nothing);
  assert.ok(plan && 'create' in plan);
  const current = plan.create as never;
  assert.equal(planEndpoints(service(), [pod('a', '10.0.0.1')], { current, triggerTime: 'now' }), undefined);
});

test('more than 1000 addresses are truncated', () => {
  const served = Array.from({ length: 1200 }, (_, i) => ({
    address: { ip: `10.0.${i >> 8}.${i & 255}` },
    ready: i < 600,
    port: { port: 80 },
  }));
  const { subsets: kept, truncated } = truncateSubsets(packSubsets(served), 1000);
  assert.ok(truncated);
  assert.equal(kept[0]?.addresses?.length, 600);
  assert.equal(kept[0]?.notReadyAddresses?.length, 400);
});

test('slices: named ports differ per pod, hints follow the wish, missing nodes are left out', () => {
  const node = (name: string) =>
    name === 'n1' ? { metadata: { name, labels: { 'topology.kubernetes.io/zone': 'z1' } }, spec: {}, status: {} } : undefined;
  const pods = [
    pod('a', '10.0.0.1', { spec: { nodeName: 'n1' } }),
    pod('b', '10.0.0.2', { port: 9090, spec: { nodeName: 'n1' } }),
    pod('c', '10.0.0.3', { spec: { nodeName: 'gone' } }),
  ];
  const plan = planEndpointSlices({
    service: service({ trafficDistribution: 'PreferSameNode' }),
    pods,
    existing: [],
    node,
    triggerTime: '2026-01-01T00:00:00Z',
    maxPerSlice: 100,
  });
  assert.equal(plan.create.length, 2);
  const [first] = plan.create;
  assert.deepEqual(first?.endpoints?.[0]?.hints, { forZones: [{ name: 'z1' }], forNodes: [{ name: 'n1' }] });
  assert.equal(first?.metadata?.annotations?.['endpoints.kubernetes.io/last-change-trigger-time'], '2026-01-01T00:00:00Z');
  assert.ok(plan.create.flatMap(({ endpoints }) => endpoints ?? []).every(({ addresses }) => addresses?.[0] !== '10.0.0.3'));
});
