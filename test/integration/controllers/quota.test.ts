// Quotas through the life of what they count, against the real API server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { ResourceQuota } from '#api/core/v1/resourcequota.ts';
import type { Draft } from '#api/object.ts';
import {
  ConfigMaps,
  Namespaces,
  PersistentVolumeClaims,
  Pods,
  PriorityClasses,
  ReplicaSets,
  ReplicationControllers,
  ResourceQuotas,
  Secrets,
  ServiceAccounts,
  Services,
} from '#api/refs.ts';
import type { StatusError } from '#api/status.ts';
import type { ApiRequest } from '#client/transport.ts';
import { startResourceQuotaController } from '#controllers/resourcequota/controller.ts';
import { startVolumeProtection } from '#controllers/volumeprotection/controller.ts';
import { type ControllerBench, withControllers } from '../../support/controllers.ts';
import { until } from '../../support/until.ts';

const limit = 60_000;
let bench: ControllerBench;
let serial = 0;
/** What comes between a request of the controllers and its answer. */
let meanwhile: ((request: ApiRequest) => Promise<void>) | undefined;

before(async () => {
  bench = await withControllers((deps) => [startResourceQuotaController(deps), startVolumeProtection(deps, deps)], {
    line: (transport) => ({
      ...transport,
      async send(request) {
        await meanwhile?.(request);
        return transport.send(request);
      },
    }),
  });
});
after(() => bench[Symbol.asyncDispose]());

/** A namespace of its own with a quota that has counted what is there. */
async function withQuota(hard: Readonly<Record<string, string>>, spec: Draft<ResourceQuota['spec']> = {}): Promise<string> {
  const namespace = `quota-${serial++}`;
  await bench.client.resource(Namespaces).create({ metadata: { name: namespace } });
  await bench.client.resource(ServiceAccounts).create({ metadata: { name: 'default', namespace } });
  await bench.client
    .resource(ResourceQuotas)
    .create({ metadata: { name: 'q', namespace }, spec: { hard, ...spec } } as Draft<ResourceQuota>);
  await until('counted', async () => Object.keys((await quota(namespace)).status.hard ?? {}).length === Object.keys(hard).length, limit);
  return namespace;
}
const quota = (namespace: string) => bench.client.resource(ResourceQuotas).get('q', { namespace });
const used = (namespace: string, want: Readonly<Record<string, string>>) =>
  until(
    `${namespace} uses ${JSON.stringify(want)}`,
    async () => {
      const now = (await quota(namespace)).status.used ?? {};
      return Object.entries(want).every(([name, amount]) => now[name] === amount);
    },
    limit,
  );
function pod(namespace: string, name: string, resources: object = {}, spec: object = {}): Promise<Pod> {
  return bench.client
    .resource(Pods)
    .create({ metadata: { name, namespace }, spec: { containers: [{ name: 'c', image: 'x', resources }], ...spec } });
}
const gone = (namespace: string, name: string) =>
  bench.client.resource(Pods).delete(name, { namespace, options: { gracePeriodSeconds: 0 } });
const refused = (text: RegExp) => (error: StatusError) => {
  assert.equal(error.code, 403);
  assert.match(error.message, text);
  return true;
};

test('pods: requests, extended resources, and refusals that say why', async () => {
  const gpu = 'example.com/dongle';
  const namespace = await withQuota({ pods: '5', cpu: '1', memory: '500Mi', 'ephemeral-storage': '50Gi', [`requests.${gpu}`]: '3' });
  const fits = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', [gpu]: '2' };
  await pod(namespace, 'a', { requests: fits, limits: { [gpu]: '2' } });
  await used(namespace, { pods: '1', cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', [`requests.${gpu}`]: '2' });
  const more = { cpu: '600m', memory: '100Mi', 'ephemeral-storage': '1Gi' };
  await assert.rejects(
    pod(namespace, 'b', { requests: more }),
    refused(/^pods "b" is forbidden: exceeded quota: q, requested: cpu=600m, used: cpu=500m, limited: cpu=1$/),
  );
  const extended = { ...more, cpu: '1m', [gpu]: '2' };
  await assert.rejects(
    pod(namespace, 'b', { requests: extended, limits: { [gpu]: '2' } }),
    refused(
      /exceeded quota: q, requested: requests\.example\.com\/dongle=2, used: requests\.example\.com\/dongle=2, limited: requests\.example\.com\/dongle=3$/,
    ),
  );
  await assert.rejects(pod(namespace, 'c'), refused(/failed quota: q: must specify cpu for: c; ephemeral-storage for: c; memory for: c$/));
  await gone(namespace, 'a');
  await used(namespace, { pods: '0', cpu: '0', memory: '0', [`requests.${gpu}`]: '0' });
});

test('a pod that ended does not count', async () => {
  const namespace = await withQuota({ pods: '1' });
  await pod(namespace, 'a');
  await used(namespace, { pods: '1' });
  await bench.client.resource(Pods).patch('a', { status: { phase: 'Succeeded' } }, { type: 'merge', subresource: 'status', namespace });
  await used(namespace, { pods: '0' });
});

test('objects of many kinds are counted through their lives', async () => {
  const { client } = bench;
  const count = {
    configmaps: '2',
    secrets: '2',
    replicationcontrollers: '1',
    'count/replicasets.apps': '1',
    persistentvolumeclaims: '1',
    'requests.storage': '1Gi',
  };
  const services = { services: '3', 'services.nodeports': '1', 'services.loadbalancers': '1' };
  const namespace = await withQuota({ ...count, ...services, resourcequotas: '1' });
  await used(namespace, { resourcequotas: '1', configmaps: '0' });
  const at = (name: string) => ({ metadata: { name, namespace } });
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };
  await client.resource(ConfigMaps).create(at('m'));
  await client.resource(Secrets).create(at('s'));
  await client.resource(ReplicationControllers).create({ ...at('rc'), spec: { replicas: 0, selector: { a: 'b' }, template } });
  await client.resource(ReplicaSets).create({ ...at('rs'), spec: { replicas: 0, selector: { matchLabels: { a: 'b' } }, template } });
  await client
    .resource(PersistentVolumeClaims)
    .create({ ...at('c'), spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } });
  await client.resource(Services).create({ ...at('plain'), spec: { ports: [{ port: 80 }] } });
  await client.resource(Services).create({ ...at('node'), spec: { type: 'NodePort', ports: [{ port: 80 }] } });
  await assert.rejects(
    client.resource(Services).create({ ...at('lb'), spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } }),
    refused(/services\.nodeports=1/),
  );
  await assert.rejects(
    client.resource(ReplicaSets).create({ ...at('rs2'), spec: { replicas: 0, selector: { matchLabels: { a: 'b' } }, template } }),
    refused(/count\/replicasets\.apps=1/),
  );
  const full = {
    configmaps: '1',
    secrets: '1',
    replicationcontrollers: '1',
    'count/replicasets.apps': '1',
    persistentvolumeclaims: '1',
    'requests.storage': '1Gi',
  };
  await used(namespace, { ...full, services: '2', 'services.nodeports': '1', 'services.loadbalancers': '0' });
  for (const [ref, name] of [
    [ConfigMaps, 'm'],
    [Secrets, 's'],
    [ReplicationControllers, 'rc'],
    [ReplicaSets, 'rs'],
    [PersistentVolumeClaims, 'c'],
    [Services, 'plain'],
    [Services, 'node'],
  ] as const)
    await client.resource(ref as typeof ConfigMaps).delete(name, { namespace, options: { propagationPolicy: 'Background' } });
  await used(namespace, Object.fromEntries([...Object.keys(full), 'services', 'services.nodeports'].map((name) => [name, '0'])));
});

test('scopes: best effort, terminating, priority', async () => {
  const best = await withQuota({ pods: '2' }, { scopes: ['BestEffort'] });
  await pod(best, 'best');
  await pod(best, 'other', { requests: { cpu: '1' } });
  await used(best, { pods: '1' });
  const ending = await withQuota({ pods: '2' }, { scopes: ['Terminating'] });
  await pod(ending, 'ends', {}, { activeDeadlineSeconds: 3600 });
  await pod(ending, 'runs');
  await used(ending, { pods: '1' });
  const running = await withQuota({ pods: '2' }, { scopes: ['NotTerminating'] });
  await pod(running, 'ends', {}, { activeDeadlineSeconds: 3600 });
  await pod(running, 'runs');
  await used(running, { pods: '1' });
  await bench.client.resource(PriorityClasses).create({ metadata: { name: 'vip' }, value: 1000 });
  const urgent = await withQuota(
    { pods: '1' },
    { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['vip'] }] } },
  );
  await pod(urgent, 'plain');
  await pod(urgent, 'first', {}, { priorityClassName: 'vip' });
  await used(urgent, { pods: '1' });
  await assert.rejects(
    pod(urgent, 'second', {}, { priorityClassName: 'vip' }),
    refused(/exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1$/),
  );
});

test('many at a time do not overrun a quota, while others go', async () => {
  const namespace = await withQuota({ pods: '10' });
  const running = new Set<string>();
  let left: string[] = [];
  let most = 0;
  const stop = bench.informers.of(Pods).onChange({
    added: ({ metadata }) => {
      if (metadata.namespace === namespace) most = Math.max(most, running.add(metadata.name).size);
    },
    deleted: ({ metadata }) => running.delete(metadata.name),
  });
  for (let round = 0; round < 6; round++) {
    const tried = await Promise.allSettled(Array.from({ length: 15 }, (_, index) => pod(namespace, `p-${round}-${index}`)));
    left.push(...tried.flatMap((result) => (result.status === 'fulfilled' ? [result.value.metadata.name] : [])));
    await Promise.all(left.slice(0, 5).map((name) => gone(namespace, name)));
    left = left.slice(5);
    await until('some room', async () => Number((await quota(namespace)).status.used?.pods) < 10, limit);
  }
  await until('every pod is seen', () => running.size === left.length);
  stop();
  assert.ok(most <= 10, `${most} pods at a time`);
  assert.ok(most >= 8, `${most} pods at most`);
  await used(namespace, { pods: String(left.length) });
});

test('what is charged while the controller looks is not taken back at once', async () => {
  const namespace = await withQuota({ services: '5' });
  const services = bench.client.resource(Services);
  await services.create({ metadata: { name: 'a', namespace }, spec: { ports: [{ port: 80 }] } });
  await used(namespace, { services: '1' });
  const asked: string[] = [];
  meanwhile = async ({ method, path }) => {
    if (!path.includes(`/namespaces/${namespace}/resourcequotas`)) return;
    asked.push(method);
    // Admission lets something in, which is not there yet when the controller lists what is.
    if (asked.length === 1)
      await bench.client
        .resource(ResourceQuotas)
        .patch('q', { status: { used: { services: '2' } } }, { type: 'merge', subresource: 'status', namespace });
  };
  await services.delete('a', { namespace });
  await used(namespace, { services: '0' });
  meanwhile = undefined;
  assert.deepEqual(asked.slice(0, 2), ['GET', 'GET']);
});

test('a changed quota counts anew', async () => {
  const namespace = await withQuota({ pods: '1' });
  await pod(namespace, 'a');
  await assert.rejects(pod(namespace, 'b'), refused(/exceeded quota/));
  await bench.client.resource(ResourceQuotas).patch('q', { spec: { hard: { pods: '2', configmaps: '1' } } }, { type: 'merge', namespace });
  await used(namespace, { pods: '1', configmaps: '0' });
  await until('the new limit', async () => (await quota(namespace)).status.hard?.pods === '2', limit);
  await pod(namespace, 'b');
  await used(namespace, { pods: '2' });
});
