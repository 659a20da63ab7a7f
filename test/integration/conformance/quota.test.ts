// Conformance of quotas: each kind of thing that they count through its life, scopes, and the quota's own life and status.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft, KubeObject } from '#api/object.ts';
import { ConfigMaps, Pods, ReplicaSets, ReplicationControllers, ResourceQuotas, type ResourceRef, Secrets, Services } from '#api/refs.ts';
import { StatusError } from '#api/status.ts';
import { at, type Suite, startSuite } from '../../support/suite.ts';
import { until } from '../../support/until.ts';

let suite: Suite;
before(async () => {
  suite = await startSuite(1);
});
after(async () => suite?.[Symbol.asyncDispose]());

const dongle = 'example.com/dongle';
const hard = {
  pods: '5',
  services: '10',
  'services.nodeports': '1',
  'services.loadbalancers': '1',
  replicationcontrollers: '10',
  resourcequotas: '1',
  cpu: '1',
  memory: '500Mi',
  configmaps: '10',
  secrets: '10',
  persistentvolumeclaims: '10',
  'requests.storage': '10Gi',
  'ephemeral-storage': '50Gi',
  'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '10',
  'gold.storageclass.storage.k8s.io/requests.storage': '10Gi',
  [`requests.${dongle}`]: '3',
  'count/replicasets.apps': '5',
};

interface Quotas {
  readonly namespace: string;
  of<T extends KubeObject>(ref: ResourceRef<T>): ReturnType<typeof at<T>>;
  create(name: string, hard: Readonly<Record<string, string>>, scope?: string): Promise<void>;
  /** Waits until the quota says that so much is used. */
  used(name: string, want: Readonly<Record<string, string>>): Promise<void>;
}

const withQuotas = (run: (quotas: Quotas) => Promise<void>): Promise<void> =>
  suite.inNamespace('resourcequota', async (namespace) => {
    const of: Quotas['of'] = (ref) => at(suite.client, ref, namespace);
    await run({
      namespace,
      of,
      create: async (name, limits, scope) => {
        await of(ResourceQuotas).create({
          metadata: { name },
          spec: { hard: limits, ...(scope ? { scopes: [scope] } : {}) },
        } as never);
      },
      used: async (name, want) => {
        let last: unknown;
        await until(
          `${name} uses ${JSON.stringify(want)}`,
          async () => {
            const { status } = await of(ResourceQuotas).get(name);
            last = status;
            return Object.entries(want).every(([resource, amount]) => status.used?.[resource] === amount);
          },
          120_000,
        ).catch((error: unknown) => {
          throw new Error(JSON.stringify(last), { cause: error });
        });
      },
    });
  });

const pod = (name: string, requests: Readonly<Record<string, string>>, more: object = {}): Draft<Pod> => {
  const extended = Object.fromEntries(Object.entries(requests).filter(([resource]) => resource.includes('/')));
  const spec = { containers: [{ name: 'pause', image: 'pause', resources: { requests, limits: extended } }], ...more };
  return { metadata: { name }, spec };
};
const refused = (code: number) => (error: unknown) => error instanceof StatusError && error.code === code;
const template = { metadata: { labels: { name: 'test' } }, spec: { containers: [{ name: 'c', image: 'pause' }] } };

const countOf = async <T extends KubeObject>(quotas: Quotas, ref: ResourceRef<T>): Promise<number> =>
  (await quotas.of(ref).list()).items.length;

describe('quotas', { concurrency: 6 }, () => {
  test('a status is there soon', () =>
    withQuotas(async ({ create, used }) => {
      await create('test-quota', hard);
      await used('test-quota', { resourcequotas: '1', pods: '0', services: '0', 'count/replicasets.apps': '0' });
    }));

  // Conformance: [sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a service. [Conformance]
  test('services', () =>
    withQuotas(async ({ of, create, used }) => {
      await create('test-quota', hard);
      await used('test-quota', { resourcequotas: '1' });
      const service = (name: string, type: 'ClusterIP' | 'NodePort' | 'LoadBalancer', more: object = {}) =>
        of(Services).create({ metadata: { name }, spec: { type, ports: [{ port: 80, targetPort: 80 }], ...more } });
      await service('test-service', 'ClusterIP');
      await service('test-service-np', 'NodePort');
      await assert.rejects(service('test-service-lbnp', 'LoadBalancer'), refused(403));
      await used('test-quota', { services: '2', 'services.nodeports': '1', 'services.loadbalancers': '0' });
      await of(Services).remove('test-service');
      await of(Services).remove('test-service-np');
      await used('test-quota', { services: '0', 'services.nodeports': '0', 'services.loadbalancers': '0' });
    }));

  // Conformance: [sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a secret. [Conformance]
  test('secrets', () =>
    withQuotas(async (quotas) => {
      const { of, create, used } = quotas;
      const found = await countOf(quotas, Secrets);
      await create('test-quota', { ...hard, secrets: String(found + 1) });
      await used('test-quota', { resourcequotas: '1', secrets: String(found) });
      await of(Secrets).create({ metadata: { name: 'test-secret' }, data: { 'data-1': 'dmFsdWUtMQ==' } });
      await used('test-quota', { secrets: String(found + 1) });
      await of(Secrets).remove('test-secret');
      await used('test-quota', { secrets: String(found) });
    }));

  // Conformance: [sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a configMap. [Conformance]
  test('config maps', () =>
    withQuotas(async (quotas) => {
      const { of, create, used } = quotas;
      const found = await countOf(quotas, ConfigMaps);
      assert.equal(found, 1, 'the root certificate');
      await create('test-quota', { ...hard, configmaps: String(found + 1) });
      await used('test-quota', { resourcequotas: '1', configmaps: String(found) });
      await of(ConfigMaps).create({ metadata: { name: 'test-configmap' }, data: { a: 'b' } });
      await used('test-quota', { configmaps: String(found + 1) });
      await of(ConfigMaps).remove('test-configmap');
      await used('test-quota', { configmaps: String(found) });
    }));

  // Conformance: [sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a pod. [Conformance]
  test('pods', () =>
    withQuotas(async ({ of, create, used }) => {
      const pods = of(Pods);
      await create('test-quota', hard);
      await used('test-quota', { resourcequotas: '1' });
      const fits = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', [dongle]: '2' };
      await pods.create(pod('test-pod', fits));
      const taken = { pods: '1', cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', [`requests.${dongle}`]: '2' };
      await used('test-quota', taken);
      await assert.rejects(pods.create(pod('fail-pod', { cpu: '600m', memory: '100Mi' })), refused(403));
      const more = { cpu: '500m', memory: '100Mi', 'ephemeral-storage': '30Gi', [dongle]: '2' };
      await assert.rejects(pods.create(pod('fail-pod-for-extended-resource', more)), refused(403));
      const now = await pods.get('test-pod');
      const resources = { ...now.spec.containers[0]?.resources, requests: { ...fits, memory: '100Mi' } };
      const containers = [{ ...now.spec.containers[0], resources }] as Pod['spec']['containers'];
      // Whatever version it has by now: the scheduler may tell meanwhile that it finds no node.
      const { resourceVersion: _, ...metadata } = now.metadata;
      await assert.rejects(pods.update({ ...now, metadata, spec: { ...now.spec, containers } }), refused(422));
      await used('test-quota', taken);
      await pods.remove('test-pod', { gracePeriodSeconds: 0 });
      await used('test-quota', { pods: '0', cpu: '0', memory: '0', 'ephemeral-storage': '0', [`requests.${dongle}`]: '0' });
    }));

  // Conformance: [sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replication controller. [Conformance]
  test('replication controllers', () =>
    withQuotas(async ({ of, create, used }) => {
      await create('test-quota', hard);
      await used('test-quota', { resourcequotas: '1', replicationcontrollers: '0' });
      await of(ReplicationControllers).create({
        metadata: { name: 'test-rc' },
        spec: { replicas: 0, selector: { name: 'test' }, template },
      });
      await used('test-quota', { replicationcontrollers: '1' });
      await of(ReplicationControllers).remove('test-rc', { orphanDependents: true });
      await used('test-quota', { replicationcontrollers: '0' });
    }));

  // Conformance: [sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replica set. [Conformance]
  test('replica sets', () =>
    withQuotas(async ({ of, create, used }) => {
      await create('test-quota', hard);
      await used('test-quota', { resourcequotas: '1', 'count/replicasets.apps': '0' });
      const selector = { matchLabels: { name: 'test' } };
      await of(ReplicaSets).create({ metadata: { name: 'test-rs' }, spec: { replicas: 0, selector, template } });
      await used('test-quota', { 'count/replicasets.apps': '1' });
      await of(ReplicaSets).remove('test-rs');
      await used('test-quota', { 'count/replicasets.apps': '0' });
    }));

  /** Two quotas of opposite scopes: each counts its own pods only. */
  async function apart(scopes: readonly [string, string], pods: readonly [Draft<Pod>, Draft<Pod>]): Promise<void> {
    await withQuotas(async ({ of, create, used }) => {
      const names = scopes.map((scope) => `quota-${scope.toLowerCase()}`);
      for (const [i, name] of names.entries()) {
        await create(name, { pods: '5' }, scopes[i]);
        await used(name, { pods: '0' });
      }
      for (const [i, wanted] of pods.entries()) {
        const [mine = '', other = ''] = i === 0 ? names : names.toReversed();
        await of(Pods).create(wanted);
        await used(mine, { pods: '1' });
        await used(other, { pods: '0' });
        await of(Pods).remove(wanted.metadata?.name ?? '', { gracePeriodSeconds: 0 });
        await used(mine, { pods: '0' });
      }
    });
  }

  // Conformance: [sig-api-machinery] ResourceQuota should verify ResourceQuota with best effort scope. [Conformance]
  test('best effort and the rest', () =>
    apart(['BestEffort', 'NotBestEffort'], [pod('besteffort-pod', {}), pod('burstable-pod', { cpu: '500m', memory: '200Mi' })]));

  test('what ends by itself and the rest', () =>
    apart(
      ['Terminating', 'NotTerminating'],
      [pod('terminating-pod', { cpu: '500m' }, { activeDeadlineSeconds: 3600 }), pod('test-pod', { cpu: '500m' })],
    ));

  // Conformance: [sig-api-machinery] ResourceQuota should be able to update and delete ResourceQuota. [Conformance]
  test('an update and a deletion', () =>
    withQuotas(async ({ of, create, used }) => {
      const quotas = of(ResourceQuotas);
      const limits = (cpu: string, memory: string) => ({ cpu, memory });
      await create('test-quota', limits('1', '500Mi'));
      assert.deepEqual((await quotas.get('test-quota')).spec.hard, limits('1', '500Mi'));
      const updated = await quotas.change('test-quota', (object) => ({ ...object, spec: { ...object.spec, hard: limits('2', '1Gi') } }));
      assert.deepEqual(updated.spec.hard, limits('2', '1Gi'));
      assert.deepEqual((await quotas.get('test-quota')).spec.hard, limits('2', '1Gi'));
      await used('test-quota', { cpu: '0', memory: '0' });
      await quotas.remove('test-quota');
      assert.equal(await quotas.find('test-quota'), undefined);
    }));

  // Conformance: [sig-api-machinery] ResourceQuota should manage the lifecycle of a ResourceQuota [Conformance]
  test('a life', () =>
    withQuotas(async ({ of, namespace }) => {
      const quotas = of(ResourceQuotas);
      const labelSelector = `e2e-test=${namespace}`;
      const spec = { hard: { cpu: '1', memory: '500Mi' } };
      const made = await quotas.create({ metadata: { name: 'rq', labels: { 'e2e-test': namespace } }, spec });
      assert.deepEqual(made.spec.hard, spec.hard);
      assert.deepEqual((await quotas.get('rq')).spec.hard, spec.hard);
      const { items } = await at(suite.client, ResourceQuotas).list({ labelSelector });
      assert.deepEqual(
        items.map(({ metadata }) => metadata.name),
        ['rq'],
      );
      const patch = { metadata: { labels: { rq: 'patched' } }, spec: { hard: { memory: '750Mi' } } };
      const patched = await quotas.patch('rq', 'strategic', patch);
      assert.equal(patched.metadata.labels?.['rq'], 'patched');
      assert.deepEqual(patched.spec.hard, { cpu: '1', memory: '750Mi' });
      await quotas.removeAll(labelSelector);
      assert.equal(await quotas.find('rq'), undefined);
    }));

  // Conformance: [sig-api-machinery] ResourceQuota should apply changes to a resourcequota status [Conformance]
  test('a status that clients write, and that the controller puts right', () =>
    withQuotas(async ({ of, namespace }) => {
      const quotas = of(ResourceQuotas);
      const labels = { 'e2e-test': namespace };
      const listed = async () => (await at(suite.client, ResourceQuotas).list({ labelSelector: `e2e-test=${namespace}` })).metadata;
      const seen = async (from: string | undefined, limits: object): Promise<void> => {
        const watch = await at(suite.client, ResourceQuotas).watch({ labelSelector: `e2e-test=${namespace}`, resourceVersion: from });
        await watch.next('MODIFIED', ({ status }) => JSON.stringify(status.hard) === JSON.stringify(limits));
        watch.stop();
      };
      const made = await quotas.create({ metadata: { name: 'rq', labels }, spec: { hard: { cpu: '500m', memory: '500Mi' } } });
      await until('a first status', async () => (await quotas.get('rq')).status.hard?.['cpu'] === '500m');
      let from = (await listed()).resourceVersion;
      await quotas.change('rq', (object) => ({ ...object, status: { hard: made.spec.hard ?? {} } }), 'status');
      await seen(from, { cpu: '500m', memory: '500Mi' });
      from = (await listed()).resourceVersion;
      const raised = { cpu: '1', memory: '1Gi' };
      await quotas.patch('rq', 'strategic', { spec: { hard: raised } });
      await quotas.patch('rq', 'strategic', { status: { hard: raised } }, 'status');
      await seen(from, raised);
      assert.deepEqual((await at(suite.dynamic, ResourceQuotas, namespace).get('rq', 'status')).status.hard, raised);
      from = (await listed()).resourceVersion;
      const wrong = { cpu: '2', memory: '2Gi' };
      const patched = await quotas.patch('rq', 'strategic', { status: { hard: wrong } }, 'status');
      assert.deepEqual(patched.status.hard, wrong);
      assert.deepEqual(patched.spec.hard, raised);
      await seen(from, wrong);
      await until('the status is right again', async () => (await quotas.get('rq')).status.hard?.['cpu'] === '1', 120_000);
      assert.deepEqual((await quotas.get('rq')).spec.hard, raised);
    }));
});
