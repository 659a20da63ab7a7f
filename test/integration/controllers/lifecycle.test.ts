// Namespaces, garbage collection, pod collection and node lifecycle, against the real API server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '#client/client.ts';
import type { KubeObject } from '#api/object.ts';
import { ConfigMaps, Events, Leases, Namespaces, Nodes, Pods, ReplicaSets, type ResourceRef, ServiceAccounts } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import { startGarbageCollector } from '#controllers/garbagecollector/controller.ts';
import { startNamespaceController } from '#controllers/namespace/controller.ts';
import { startNodeLifecycleController } from '#controllers/nodelifecycle/controller.ts';
import { startPodGcController } from '#controllers/podgc/controller.ts';
import { startRootCaController } from '#controllers/rootca/controller.ts';
import { startServiceAccountController } from '#controllers/serviceaccount/controller.ts';
import { startTaintEvictionController } from '#controllers/tainteviction/controller.ts';
import { withControllers } from '../../support/controllers.ts';
import { until } from '../../support/until.ts';
import { untilLater, virtualWorld } from '../../support/virtual.ts';

async function exists<T extends KubeObject>(client: Client, ref: ResourceRef<T>, name: string, namespace?: string): Promise<boolean> {
  try {
    await client.resource(ref).get(name, namespace ? { namespace } : {});
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

const gone = <T extends KubeObject>(client: Client, ref: ResourceRef<T>, name: string, namespace?: string) =>
  until(`${name} gone`, async () => !(await exists(client, ref, name, namespace)));

const container = { name: 'c', image: 'x' };

test('a new namespace is furnished; a deleted one is emptied, pods first', async () => {
  await using bench = await withControllers((deps) => [
    startNamespaceController(deps),
    startServiceAccountController(deps),
    startRootCaController({ ...deps, ca: 'PEM' }),
  ]);
  const { client } = bench;
  await client.resource(Namespaces).create({ metadata: { name: 'team' } });
  await until('default account', () => exists(client, ServiceAccounts, 'default', 'team'));
  await until('root CA', () => exists(client, ConfigMaps, 'kube-root-ca.crt', 'team'));

  const maps = client.resource(ConfigMaps);
  await maps.patch('kube-root-ca.crt', { data: { 'ca.crt': 'other' } }, { type: 'merge', namespace: 'team' });
  await until('root CA restored', async () => (await maps.get('kube-root-ca.crt', { namespace: 'team' })).data?.['ca.crt'] === 'PEM');
  await maps.delete('kube-root-ca.crt', { namespace: 'team' });
  await until('root CA recreated', () => exists(client, ConfigMaps, 'kube-root-ca.crt', 'team'));

  await maps.create({ metadata: { name: 'data', namespace: 'team' }, data: { a: 'b' } });
  const pods = client.resource(Pods);
  await pods.create({ metadata: { name: 'p', namespace: 'team', finalizers: ['example.com/hold'] }, spec: { containers: [container] } });
  await client.resource(Namespaces).delete('team');
  const held = await until('conditions', async () => {
    const namespace = await client.resource(Namespaces).get('team');
    return (
      namespace.status.conditions?.some(({ type, status }) => type === 'NamespaceFinalizersRemaining' && status === 'True') && namespace
    );
  });
  assert.equal(held.status.phase, 'Terminating');
  const message = (type: string) => held.status.conditions?.find((condition) => condition.type === type)?.message;
  assert.equal(message('NamespaceContentRemaining'), 'Some resources are remaining: pods. has 1 resource instances');
  assert.equal(
    message('NamespaceFinalizersRemaining'),
    'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  );
  assert.equal(message('NamespaceDeletionDiscoveryFailure'), 'All resources successfully discovered');
  assert.ok(await exists(client, ConfigMaps, 'data', 'team'), 'a pod is left: nothing else is deleted yet');
  await assert.rejects(maps.create({ metadata: { name: 'late', namespace: 'team' } }), /because it is being terminated/);
  await pods.patch('p', { metadata: { finalizers: null } }, { type: 'merge', namespace: 'team' });
  await gone(client, Namespaces, 'team');
  assert.ok(!(await exists(client, ConfigMaps, 'data', 'team')));
});

async function family(client: Client): Promise<{ rs: KubeObject }> {
  const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [container] } };
  const rs = await client.resource(ReplicaSets).create({
    metadata: { name: 'rs', namespace: 'default' },
    spec: { replicas: 0, selector: { matchLabels: { app: 'x' } }, template },
  });
  const ownerReferences = [
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: rs.metadata.uid, controller: true, blockOwnerDeletion: true },
  ];
  await client.resource(Pods).create({
    metadata: { name: 'child', namespace: 'default', labels: { app: 'x' }, ownerReferences },
    spec: { containers: [container] },
  });
  return { rs };
}

test('garbage: background, foreground, orphan, absent owners', async (t) => {
  await using bench = await withControllers((deps) => [startGarbageCollector(deps)]);
  const { client } = bench;
  const namespace = 'default';
  const sets = client.resource(ReplicaSets);
  const pods = client.resource(Pods);

  await t.test('background', async () => {
    await family(client);
    await sets.delete('rs', { namespace, options: { propagationPolicy: 'Background' } });
    assert.ok(!(await exists(client, ReplicaSets, 'rs', namespace)));
    await gone(client, Pods, 'child', namespace);
  });
  await t.test('foreground', async () => {
    await family(client);
    await pods.patch('child', { metadata: { finalizers: ['example.com/hold'] } }, { type: 'merge', namespace });
    await sets.delete('rs', { namespace, options: { propagationPolicy: 'Foreground' } });
    await until('child is being deleted', async () => (await pods.get('child', { namespace })).metadata.deletionTimestamp !== undefined);
    assert.ok(await exists(client, ReplicaSets, 'rs', namespace), 'the owner waits');
    await pods.patch('child', { metadata: { finalizers: null } }, { type: 'merge', namespace });
    await gone(client, ReplicaSets, 'rs', namespace);
    assert.ok(!(await exists(client, Pods, 'child', namespace)));
  });
  await t.test('orphan', async () => {
    await family(client);
    await sets.delete('rs', { namespace, options: { propagationPolicy: 'Orphan' } });
    await gone(client, ReplicaSets, 'rs', namespace);
    const child = await pods.get('child', { namespace });
    assert.equal(child.metadata.ownerReferences, undefined);
    assert.equal(child.metadata.deletionTimestamp, undefined);
    await pods.delete('child', { namespace, options: { gracePeriodSeconds: 0 } });
  });
  await t.test('an owner that never was', async () => {
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'no', uid: '00000000-0000-0000-0000-000000000000' }];
    const strays = ['stray-1', 'stray-2', 'stray-3'];
    await Promise.all(strays.map((name) => client.resource(ConfigMaps).create({ metadata: { name, namespace, ownerReferences } })));
    for (const name of strays) await gone(client, ConfigMaps, name, namespace);
  });
  await t.test('one owner of two is gone', async () => {
    const maps = client.resource(ConfigMaps);
    const [one, two] = [
      await maps.create({ metadata: { name: 'one', namespace } }),
      await maps.create({ metadata: { name: 'two', namespace } }),
    ];
    const ownerReferences = [one, two].map(({ metadata }) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: metadata.name,
      uid: metadata.uid,
    }));
    await maps.create({ metadata: { name: 'both', namespace, ownerReferences } });
    await maps.delete('one', { namespace });
    await until('reference dropped', async () => (await maps.get('both', { namespace })).metadata.ownerReferences?.length === 1);
    await maps.delete('two', { namespace });
    await gone(client, ConfigMaps, 'both', namespace);
  });
  await t.test('a circle deleted in the foreground', async () => {
    const maps = client.resource(ConfigMaps);
    const a = await maps.create({ metadata: { name: 'a', namespace } });
    const owner = (of: KubeObject) => [
      { apiVersion: 'v1', kind: 'ConfigMap', name: of.metadata.name, uid: of.metadata.uid, blockOwnerDeletion: true },
    ];
    const b = await maps.create({ metadata: { name: 'b', namespace, ownerReferences: owner(a) } });
    await maps.patch('a', { metadata: { ownerReferences: owner(b) } }, { type: 'merge', namespace });
    await maps.delete('a', { namespace, options: { propagationPolicy: 'Foreground' } });
    await gone(client, ConfigMaps, 'a', namespace);
    await gone(client, ConfigMaps, 'b', namespace);
  });
  await t.test('owners across namespaces are none', async () => {
    const maps = client.resource(ConfigMaps);
    const far = await maps.create({ metadata: { name: 'far', namespace: 'kube-public' } });
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'far', uid: far.metadata.uid }];
    await maps.create({ metadata: { name: 'near', namespace, ownerReferences } });
    await gone(client, ConfigMaps, 'near', namespace);
    await until('warning', async () =>
      (await client.resource(Events).list({ namespace })).items.some(({ reason }) => reason === 'OwnerRefInvalidNamespace'),
    );
  });
});

test('pods of missing nodes and terminating pods without a node are collected', async () => {
  await using bench = await withControllers((deps) => [startPodGcController({ ...deps, quarantine: 100, terminatedThreshold: 1 })]);
  const { client } = bench;
  const pods = client.resource(Pods);
  const namespace = 'default';
  await pods.create({ metadata: { name: 'lost', namespace }, spec: { nodeName: 'nowhere', containers: [container] } });
  await gone(client, Pods, 'lost', namespace);
  for (const name of ['one', 'two', 'three']) {
    const pod = await pods.create({ metadata: { name, namespace }, spec: { containers: [container] } });
    await pods.updateStatus({ ...pod, status: { ...pod.status, phase: 'Succeeded' } });
  }
  await until('one ended pod is left', async () => (await pods.list({ namespace })).items.length === 1);
});

test('a silent node becomes unknown, its pods are not ready, tainted nodes are emptied', async () => {
  // Time moves only as the test says: the other node is never late.
  const world = virtualWorld();
  const until = <T>(what: string, probe: () => Promise<T | undefined | false>): Promise<T> => untilLater(world.clock, what, probe);
  await using bench = await withControllers((deps) => [startNodeLifecycleController(deps), startTaintEvictionController(deps)], { world });
  const { client } = bench;
  const nodes = client.resource(Nodes);
  const pods = client.resource(Pods);
  const namespace = 'default';
  const condition = (status: string) => [
    {
      type: 'Ready',
      status,
      lastHeartbeatTime: new Date(world.clock.now()).toISOString().slice(0, 19) + 'Z',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ];
  await client
    .resource(Namespaces)
    .create({ metadata: { name: 'kube-node-lease' } })
    .catch(() => undefined);
  for (const name of ['dead', 'alive']) {
    const node = await nodes.create({ metadata: { name } });
    await nodes.patch(node.metadata.name, { status: { conditions: condition('True') } }, { type: 'strategic', subresource: 'status' });
    await client
      .resource(Leases)
      .create({ metadata: { name, namespace: 'kube-node-lease' }, spec: { holderIdentity: name, leaseDurationSeconds: 40 } });
  }
  const beat = world.clock.every(10_000, () => {
    const renewTime = new Date(world.clock.now()).toISOString().replace('Z', '000Z');
    client
      .resource(Leases)
      .patch('alive', { spec: { renewTime } }, { type: 'merge', namespace: 'kube-node-lease' })
      .catch(() => undefined);
  });
  try {
    const tolerations = [
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists' as const, effect: 'NoExecute' as const, tolerationSeconds: 1 },
    ];
    const pod = await pods.create({ metadata: { name: 'p', namespace }, spec: { nodeName: 'dead', containers: [container], tolerations } });
    await pods.updateStatus({ ...pod, status: { ...pod.status, phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } });
    const node = await until('node unknown', async () => {
      const found = await nodes.get('dead');
      return found.spec.taints?.some(({ effect }) => effect === 'NoExecute') && found;
    });
    const ready = node.status.conditions?.find(({ type }) => type === 'Ready');
    assert.deepEqual(
      [ready?.status, ready?.reason, ready?.message],
      ['Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.'],
    );
    assert.equal(node.status.conditions?.find(({ type }) => type === 'DiskPressure')?.reason, 'NodeStatusNeverUpdated');
    assert.deepEqual(node.spec.taints?.map(({ key, effect }) => `${key}:${effect}`).toSorted(), [
      'node.kubernetes.io/unreachable:NoExecute',
      'node.kubernetes.io/unreachable:NoSchedule',
    ]);
    await until('pod not ready', async () =>
      (await pods.get('p', { namespace })).status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'False'),
    );
    const leaving = await until('pod evicted', async () => {
      const found = await pods.get('p', { namespace });
      return found.metadata.deletionTimestamp !== undefined && found;
    });
    assert.equal(leaving.status.conditions?.find(({ type }) => type === 'DisruptionTarget')?.reason, 'DeletionByTaintManager');
    assert.equal((await nodes.get('alive')).status.conditions?.[0]?.status, 'True');
    await nodes.patch('dead', { status: { conditions: condition('True') } }, { type: 'strategic', subresource: 'status' });
    await until('taints gone', async () => {
      const { taints } = (await nodes.get('dead')).spec;
      return taints === undefined || taints.length === 0;
    });
    for (const reason of ['RegisteredNode', 'NodeNotReady', 'TaintManagerEviction'])
      await until(`${reason} is told`, async () => (await client.resource(Events).list({})).items.some((event) => event.reason === reason));
  } finally {
    beat.cancel();
  }
});
