// Built-in admission: presets, quotas, priorities, accounts.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  LimitRanges,
  Namespaces,
  PersistentVolumeClaims,
  Pods,
  PriorityClasses,
  ResourceQuotas,
  RuntimeClasses,
  ServiceAccounts,
  StorageClasses,
} from '#api/refs.ts';
import type { StatusError } from '#api/status.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';

const container = { name: 'c', image: 'busybox' };
const podIn = (namespace: string, name: string, spec: object = {}) => ({
  metadata: { name, namespace },
  spec: { containers: [container], ...spec },
});

describe('admission', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });
  const pods = () => api.client.resource(Pods);

  async function namespace(name: string): Promise<void> {
    await api.client.resource(Namespaces).create({ metadata: { name } });
    await api.client.resource(ServiceAccounts).create({ metadata: { name: 'default', namespace: name } });
  }

  it('presets and bounds resources by LimitRange', async () => {
    await namespace('limits');
    await api.client.resource(LimitRanges).create({
      metadata: { name: 'l', namespace: 'limits' },
      spec: { limits: [{ type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m' }, max: { cpu: '1' } }] },
    });
    const pod = await pods().create(podIn('limits', 'preset'));
    assert.deepEqual(pod.spec.containers[0]?.resources, { limits: { cpu: '500m' }, requests: { cpu: '100m' } });
    assert.equal(
      pod.metadata.annotations?.['kubernetes.io/limit-ranger'],
      'LimitRanger plugin set: cpu request for container c; cpu limit for container c',
    );
    await assert.rejects(
      pods().create(podIn('limits', 'big', { containers: [{ ...container, resources: { limits: { cpu: '2' } } }] })),
      (error: StatusError) => error.message === 'pods "big" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
    );
  });

  it('lets pods stay on a node that is lost for a while, also when their tolerations are written anew', async () => {
    await namespace('tolerations');
    const made = await pods().create(podIn('tolerations', 'p', { nodeName: 'n' }));
    const presets = ['not-ready', 'unreachable'].map((name) => ({
      key: `node.kubernetes.io/${name}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    }));
    assert.deepEqual(made.spec.tolerations, presets);
    const own = { key: 'foo', operator: 'Equal', value: 'bar', effect: 'NoSchedule' } as const;
    const updated = await pods().update({ ...made, spec: { ...made.spec, tolerations: [own] } });
    assert.deepEqual(updated.spec.tolerations, [own, ...presets]);
    // What is the pod's own may not go.
    await assert.rejects(
      pods().update({ ...updated, spec: { ...updated.spec, tolerations: [] } }),
      (error: StatusError) => error.status.code === 422 && /existing toleration can not be modified/.test(error.message),
    );
  });

  it('enforces quotas', async () => {
    await namespace('quota');
    const quotas = api.client.resource(ResourceQuotas);
    const made = await quotas.create({ metadata: { name: 'q', namespace: 'quota' }, spec: { hard: { pods: '2', 'requests.cpu': '1' } } });
    await quotas.updateStatus({ ...made, status: { hard: made.spec.hard, used: { pods: '0', 'requests.cpu': '0' } } });
    const withCpu = (name: string, cpu: string) =>
      pods().create(podIn('quota', name, { containers: [{ ...container, resources: { requests: { cpu } } }] }));
    await assert.rejects(pods().create(podIn('quota', 'silent')), (error: StatusError) => {
      assert.equal(error.message, 'pods "silent" is forbidden: failed quota: q: must specify requests.cpu for: c');
      return true;
    });
    await withCpu('a', '600m');
    await assert.rejects(withCpu('b', '600m'), (error: StatusError) => {
      assert.equal(
        error.message,
        'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1',
      );
      return true;
    });
    // Together they would overrun the count: one of them must lose.
    const results = await Promise.allSettled([withCpu('c', '100m'), withCpu('d', '100m'), withCpu('e', '100m')]);
    assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1);
    assert.equal((await quotas.get('q', { namespace: 'quota' })).status.used?.['pods'], '2');
  });

  it('resolves priorities', async () => {
    await api.client.resource(PriorityClasses).create({ metadata: { name: 'high' }, value: 1000 });
    const pod = await pods().create(podIn('default', 'important', { priorityClassName: 'high' }));
    assert.equal(pod.spec.priority, 1000);
    await assert.rejects(
      pods().create(podIn('default', 'x', { priorityClassName: 'none' })),
      (error: StatusError) => error.message === 'pods "x" is forbidden: no PriorityClass with name none was found',
    );
  });

  it('knows accounts', async () => {
    await assert.rejects(
      pods().create(podIn('default', 'x', { serviceAccountName: 'none' })),
      (error: StatusError) =>
        error.message === 'pods "x" is forbidden: error looking up service account default/none: serviceaccount "none" not found',
    );
    const quiet = await pods().create(podIn('default', 'quiet', { automountServiceAccountToken: false }));
    assert.equal(quiet.spec.volumes, undefined);
  });

  it('fills in classes', async () => {
    await api.client.resource(RuntimeClasses).create({
      metadata: { name: 'slow' },
      handler: 'slow',
      overhead: { podFixed: { cpu: '10m' } },
      scheduling: { nodeSelector: { a: 'b' } },
    });
    const pod = await pods().create(podIn('default', 'classy', { runtimeClassName: 'slow' }));
    assert.deepEqual(pod.spec.overhead, { cpu: '10m' });
    assert.deepEqual(pod.spec.nodeSelector, { a: 'b' });
    await api.client.resource(StorageClasses).create({
      metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'example.com/p',
    });
    const claim = await api.client.resource(PersistentVolumeClaims).create({
      metadata: { name: 'c', namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    assert.equal(claim.spec.storageClassName, 'fast');
    assert.deepEqual(claim.metadata.finalizers, ['kubernetes.io/pvc-protection']);
  });
});
