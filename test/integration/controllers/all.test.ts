// All controllers together: they come up, settle, are quiet when nothing happens, and go down.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigMaps, Deployments, EndpointSlices, Namespaces, Nodes, Pods, Services } from '#api/refs.ts';
import { startControllers } from '#controllers/start.ts';
import { createWorld } from '#host/world.ts';
import { withControllers } from '../../support/controllers.ts';
import { until } from '../../support/until.ts';

test('a Deployment becomes pods behind a Service, then nothing is written any more', async () => {
  const ca = await createWorld({ logLevel: 'error' }).pki.createCa('test-ca');
  await using bench = await withControllers(({ client, informers, world }) => [
    startControllers({ clientFor: () => client, informers, world, pki: { ca }, podCidr: '10.244.0.0/16' }),
  ]);
  const { client } = bench;
  const namespace = 'default';
  const node = await client.resource(Nodes).create({ metadata: { name: 'n1' } });
  const conditions = [
    { type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-01T00:00:00Z', lastTransitionTime: '2026-01-01T00:00:00Z' },
  ];
  await client.resource(Nodes).patch(node.metadata.name, { status: { conditions } }, { type: 'strategic', subresource: 'status' });
  const labels = { app: 'web' };
  await client.resource(Services).create({ metadata: { name: 'web', namespace }, spec: { selector: labels, ports: [{ port: 80 }] } });
  await client.resource(Deployments).create({
    metadata: { name: 'web', namespace },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x' }] } },
    },
  });
  const pods = client.resource(Pods);
  const made = await until('three pods', async () => {
    const { items } = await pods.list({ namespace });
    return items.length === 3 && items;
  });
  for (const [index, pod] of made.entries()) {
    const ip = `10.244.0.${index + 2}`;
    const status = {
      phase: 'Running' as const,
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    };
    await pods.patch(pod.metadata.name, { status }, { type: 'strategic', subresource: 'status', namespace });
  }
  await until('three ready endpoints', async () => {
    const { items } = await client.resource(EndpointSlices).list({ namespace, labelSelector: 'kubernetes.io/service-name=web' });
    return items.flatMap(({ endpoints }) => endpoints).filter(({ conditions: state }) => state?.ready).length === 3;
  });
  await until('available', async () => (await client.resource(Deployments).get('web', { namespace })).status.availableReplicas === 3);

  const versionOf = async () => (await client.resource(Namespaces).list()).metadata.resourceVersion;
  await until(
    'an idle cluster writes nothing',
    async () => {
      const before = await versionOf();
      await sleep(700);
      return (await versionOf()) === before;
    },
    60_000,
  );

  await client.resource(Deployments).delete('web', { namespace, options: { propagationPolicy: 'Foreground' } });
  await until('pods are being deleted', async () =>
    (await pods.list({ namespace })).items.every(({ metadata }) => metadata.deletionTimestamp !== undefined),
  );
  for (const { metadata } of (await pods.list({ namespace })).items)
    await pods.delete(metadata.name, { namespace, options: { gracePeriodSeconds: 0 } });
  await until('the Deployment is gone', async () => (await client.resource(Deployments).list({ namespace })).items.length === 0);
  assert.ok((await client.resource(ConfigMaps).list({ namespace })).items.some(({ metadata }) => metadata.name === 'kube-root-ca.crt'));
});
