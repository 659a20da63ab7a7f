// A server that starts on what an earlier one has left.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { IPAddresses, Services } from '#api/refs.ts';
import { isNotFound, type StatusError } from '#api/status.ts';
import { createWorld } from '#host/world.ts';
import { createMemoryStore } from '#store/memory.ts';
import { startTestApi } from '../../support/api.ts';
import { until } from '../../support/until.ts';

const ns = { namespace: 'default' };

it('knows the addresses and ports of the Services that are there, and frees those that nobody has', async () => {
  const world = createWorld({ logLevel: 'warn' });
  await using store = createMemoryStore({ clock: world.clock });
  let address = '';
  let nodePort = 0;
  {
    await using first = await startTestApi({ world, store });
    const service = await first.client
      .resource(Services)
      .create({ metadata: { name: 's', namespace: 'default' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } });
    address = service.spec.clusterIP as string;
    nodePort = service.spec.ports?.[0]?.nodePort as number;
    // What a crash between the two writes of a creation leaves, long ago.
    const labels = { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' };
    const parentRef = { resource: 'services', namespace: 'default', name: 'never' };
    const left = await first.client.resource(IPAddresses).create({ metadata: { name: '10.96.3.3', labels }, spec: { parentRef } });
    const key = '/registry/ipaddresses/10.96.3.3';
    const stored = await store.get(key);
    const { resourceVersion: _, ...metadata } = { ...left.metadata, creationTimestamp: '2020-01-01T00:00:00Z' };
    const value = Buffer.from(JSON.stringify({ ...left, metadata }));
    await store.txn([{ key, modRevision: stored?.modRevision ?? 0 }], [{ type: 'put', key, value }]);
  }
  await using second = await startTestApi({ world, store });
  const services = second.client.resource(Services);
  assert.equal((await services.get('s', ns)).spec.clusterIP, address);
  await assert.rejects(
    services.create({ metadata: { name: 't', namespace: 'default' }, spec: { clusterIP: address, ports: [{ port: 80 }] } }),
    (error: StatusError) => error.message.includes('provided IP is already allocated'),
  );
  await assert.rejects(
    services.create({ metadata: { name: 't', namespace: 'default' }, spec: { type: 'NodePort', ports: [{ port: 80, nodePort }] } }),
    (error: StatusError) => error.message.includes('provided port is already allocated'),
  );
  await until('what nobody has is free', () =>
    second.client
      .resource(IPAddresses)
      .get('10.96.3.3')
      .then(() => false, isNotFound),
  );
});
