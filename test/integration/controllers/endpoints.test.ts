// Endpoints and EndpointSlices follow pods, against the real API server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Client } from '#client/client.ts';
import { EndpointSlices, EndpointsRes, Nodes, Pods, Services } from '#api/refs.ts';
import { startEndpointsController } from '#controllers/endpoints/controller.ts';
import { startEndpointSliceController } from '#controllers/endpointslice/controller.ts';
import { startEndpointSliceMirroringController } from '#controllers/endpointslicemirroring/controller.ts';
import { withControllers } from '../../support/controllers.ts';
import { until } from '../../support/until.ts';
import { virtualWorld } from '../../support/virtual.ts';

const namespace = 'default';

async function runningPod(client: Client, name: string, ip: string): Promise<Pod> {
  const pods = client.resource(Pods);
  const pod = await pods.create({
    metadata: { name, namespace, labels: { app: 'web' } },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x', ports: [{ name: 'http', containerPort: 8080 }] }] },
  });
  return pods.updateStatus({
    ...pod,
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: 'False' }] },
  });
}

async function makeReady(client: Client, name: string): Promise<void> {
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];
  await client.resource(Pods).patch(name, { status: { conditions } }, { type: 'strategic', namespace, subresource: 'status' });
}

test('pods of a Service appear, become ready, terminate and go', async () => {
  // Its clock stands still: what follows pods waits for no time to pass.
  const world = virtualWorld();
  await using bench = await withControllers((deps) => [startEndpointSliceController(deps), startEndpointsController(deps)], { world });
  const { client } = bench;
  const slices = client.resource(EndpointSlices);
  const endpoints = client.resource(EndpointsRes);
  await client.resource(Nodes).create({ metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'z1' } } });
  const service = await client.resource(Services).create({
    metadata: { name: 'web', namespace, labels: { tier: 'front' } },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  });
  const list = async () => (await slices.list({ namespace, labelSelector: 'kubernetes.io/service-name=web' })).items;

  const placeholder = await until('placeholder slice', async () => (await list())[0]);
  assert.deepEqual(placeholder.endpoints, []);
  assert.equal(placeholder.metadata.labels?.['endpointslice.kubernetes.io/managed-by'], 'endpointslice-controller.k8s.io');
  assert.equal(placeholder.metadata.labels?.tier, 'front');
  assert.equal(placeholder.metadata.ownerReferences?.[0]?.uid, service.metadata.uid);

  await runningPod(client, 'a', '10.0.0.1');
  await runningPod(client, 'b', '10.0.0.2');
  await until('two endpoints, not ready', async () => (await list())[0]?.endpoints.length === 2);
  await makeReady(client, 'a');
  const slice = await until('a ready', async () =>
    (await list()).find(({ endpoints: all }) => all.some(({ conditions }) => conditions?.ready)),
  );
  assert.equal(slice.metadata.name, placeholder.metadata.name, 'the placeholder was reused');
  assert.deepEqual(slice.ports, [{ name: 'http', port: 8080, protocol: 'TCP' }]);
  const a = slice.endpoints.find(({ addresses }) => addresses[0] === '10.0.0.1');
  assert.deepEqual(a?.conditions, { ready: true, serving: true, terminating: false });
  assert.equal(a?.nodeName, 'n1');
  assert.equal(a?.zone, 'z1');
  assert.equal(a?.targetRef?.name, 'a');

  const legacy = await until('Endpoints', async () => {
    const found = await endpoints.get('web', { namespace }).catch(() => undefined);
    return found?.subsets?.[0]?.addresses?.length === 1 ? found : undefined;
  });
  assert.deepEqual(
    legacy.subsets?.[0]?.notReadyAddresses?.map(({ ip }) => ip),
    ['10.0.0.2'],
  );
  assert.deepEqual(legacy.subsets?.[0]?.ports, [{ name: 'http', port: 8080, protocol: 'TCP' }]);

  await client.resource(Pods).delete('a', { namespace, options: { gracePeriodSeconds: 30 } });
  const ending = await until('a terminating', async () =>
    (await list())[0]?.endpoints.find(({ addresses, conditions }) => addresses[0] === '10.0.0.1' && conditions?.terminating),
  );
  assert.deepEqual(ending.conditions, { ready: false, serving: true, terminating: true });
  await client.resource(Pods).delete('a', { namespace, options: { gracePeriodSeconds: 0 } });
  await until('a gone', async () => (await list())[0]?.endpoints.length === 1);

  await client.resource(Services).delete('web', { namespace });
  await until('Endpoints gone', async () => (await endpoints.list({ namespace })).items.every(({ metadata }) => metadata.name !== 'web'));
});

test('slices hold at most 100 endpoints and are reused', async () => {
  await using bench = await withControllers((deps) => [startEndpointSliceController({ ...deps, maxEndpointsPerSlice: 3 })]);
  const { client } = bench;
  await client.resource(Nodes).create({ metadata: { name: 'n1' } });
  await client
    .resource(Services)
    .create({ metadata: { name: 'web', namespace }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
  for (let i = 1; i <= 7; i++) await runningPod(client, `p${i}`, `10.0.0.${i}`);
  const list = async () =>
    (await client.resource(EndpointSlices).list({ namespace, labelSelector: 'kubernetes.io/service-name=web' })).items;
  const slices = await until('seven endpoints', async () => {
    const found = await list();
    return found.flatMap(({ endpoints }) => endpoints).length === 7 && found;
  });
  assert.ok(slices.every(({ endpoints }) => endpoints.length <= 3));
  assert.equal(slices.length, 3);
});

test('hand-made Endpoints are mirrored', async () => {
  await using bench = await withControllers((deps) => [startEndpointSliceMirroringController(deps)]);
  const { client } = bench;
  await client.resource(Services).create({ metadata: { name: 'db', namespace }, spec: { ports: [{ port: 5432 }] } });
  await client.resource(EndpointsRes).create({
    metadata: { name: 'db', namespace },
    subsets: [{ addresses: [{ ip: '192.0.2.7' }], ports: [{ port: 5432 }] }],
  });
  const list = async () =>
    (await client.resource(EndpointSlices).list({ namespace, labelSelector: 'kubernetes.io/service-name=db' })).items;
  const slice = await until('mirror', async () => (await list())[0]);
  assert.deepEqual(slice.endpoints[0]?.addresses, ['192.0.2.7']);
  assert.equal(slice.metadata.labels?.['endpointslice.kubernetes.io/managed-by'], 'endpointslicemirroring-controller.k8s.io');
  await client.resource(EndpointsRes).delete('db', { namespace });
  await until('mirror gone', async () => (await list()).length === 0);
});
