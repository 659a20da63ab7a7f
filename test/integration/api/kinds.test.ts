// Pods, Services, Namespaces and other kinds with strategies of their own, over the loopback.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { builtInScaling, scaleOf } from '#apiserver/subresources/scale.ts';
import {
  Deployments,
  EndpointSlices,
  Events,
  EventsV1,
  HorizontalPodAutoscalers,
  HorizontalPodAutoscalersV1,
  IPAddresses,
  Namespaces,
  PodDisruptionBudgets,
  Pods,
  Services,
} from '#api/refs.ts';
import { isConflict, isNotFound, type StatusError } from '#api/status.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';

const ns = { namespace: 'default' };
const pod = (name: string, extra: object = {}) => ({
  metadata: { name, namespace: 'default', labels: { app: name } },
  spec: { containers: [{ name: 'c', image: 'busybox' }], ...extra },
});

describe('kinds', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi({ config: { advertise: { address: '10.0.0.1', port: 6443 } } });
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });

  it('prepares, binds and gracefully deletes pods', async () => {
    const pods = api.client.resource(Pods);
    const made = await pods.create(pod('web'));
    assert.equal(made.status.phase, 'Pending');
    assert.equal(made.status.qosClass, 'BestEffort');
    assert.equal(made.metadata.generation, 1);
    assert.equal(made.spec.serviceAccountName, 'default');
    assert.equal(made.spec.priority, 0);
    assert.equal(made.spec.tolerations?.length, 2);
    assert.match(made.spec.volumes?.[0]?.name ?? '', /^kube-api-access-/);
    assert.equal(made.spec.containers[0]?.volumeMounts?.length, 1);
    await pods.createSub(
      'web',
      'binding',
      { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'web' }, target: { kind: 'Node', name: 'n1' } },
      ns,
    );
    const bound = await pods.get('web', ns);
    assert.equal(bound.spec.nodeName, 'n1');
    assert.equal(bound.status.conditions?.find((c) => c.type === 'PodScheduled')?.status, 'True');
    await assert.rejects(
      pods.createSub(
        'web',
        'binding',
        { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'web' }, target: { kind: 'Node', name: 'n2' } },
        ns,
      ),
      isConflict,
    );
    const running = await pods.updateStatus({
      ...bound,
      spec: { ...bound.spec, nodeName: 'other' },
      status: { ...bound.status, phase: 'Running' },
    });
    assert.equal(running.spec.nodeName, 'n1');
    assert.equal(running.status.phase, 'Running');
    const ignored = await pods.update({ ...running, status: { ...running.status, phase: 'Failed' } });
    assert.equal(ignored.status.phase, 'Running');
    const marked = (await pods.delete('web', ns)) as typeof made;
    assert.equal(marked.metadata.deletionGracePeriodSeconds, 30);
    assert.ok(marked.metadata.deletionTimestamp);
    const sooner = (await pods.delete('web', { ...ns, options: { gracePeriodSeconds: 5 } })) as typeof made;
    assert.equal(sooner.metadata.deletionGracePeriodSeconds, 5);
    await assert.rejects(pods.delete('web', { ...ns, options: { preconditions: { uid: 'other' } } }), isConflict);
    await pods.delete('web', { ...ns, options: { gracePeriodSeconds: 0 } });
    await assert.rejects(pods.get('web', ns), isNotFound);
    await pods.create(pod('unscheduled'));
    await pods.delete('unscheduled', ns);
    await assert.rejects(pods.get('unscheduled', ns), isNotFound);
  });

  it('honours disruption budgets', async () => {
    const pods = api.client.resource(Pods);
    await pods.create(pod('guarded', { nodeName: 'n1' }));
    const made = await pods.get('guarded', ns);
    await pods.updateStatus({ ...made, status: { ...made.status, phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } });
    const budgets = api.client.resource(PodDisruptionBudgets);
    const budget = await budgets.create({
      metadata: { name: 'b', namespace: 'default' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } },
    });
    const status = { observedGeneration: 1, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1, disruptionsAllowed: 0 };
    const full = await budgets.updateStatus({ ...budget, status });
    const evict = () =>
      pods.createSub(
        'guarded',
        'eviction',
        { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'guarded', namespace: 'default' } },
        ns,
      );
    await assert.rejects(evict(), (error: StatusError) => error.code === 429 && error.message.startsWith('Cannot evict pod'));
    await budgets.updateStatus({ ...full, status: { ...status, disruptionsAllowed: 1 } });
    await evict();
    assert.ok((await pods.get('guarded', ns)).metadata.deletionTimestamp);
    assert.equal((await budgets.get('b', ns)).status.disruptionsAllowed, 0);
  });

  it('allocates addresses and node ports for Services and gives them back', async () => {
    const services = api.client.resource(Services);
    const kubernetes = await services.get('kubernetes', ns);
    assert.equal(kubernetes.spec.clusterIP, '10.96.0.1');
    const slice = await api.client.resource(EndpointSlices).get('kubernetes', ns);
    assert.deepEqual(slice.endpoints[0]?.addresses, ['10.0.0.1']);
    const make = (name: string, spec: object) =>
      services.create({ metadata: { name, namespace: 'default' }, spec: { ports: [{ port: 80 }], ...spec } });
    const a = await make('a', { type: 'NodePort' });
    const nodePort = a.spec.ports?.[0]?.nodePort as number;
    assert.ok(nodePort >= 30000 && nodePort <= 32767);
    assert.equal(a.spec.ipFamilyPolicy, 'SingleStack');
    assert.deepEqual(a.spec.clusterIPs, [a.spec.clusterIP]);
    assert.equal((await api.client.resource(IPAddresses).get(a.spec.clusterIP as string)).spec?.parentRef?.name, 'a');
    await assert.rejects(make('b', { clusterIP: a.spec.clusterIP }), (error: StatusError) =>
      error.message.includes(`failed to allocate IP ${a.spec.clusterIP}: provided IP is already allocated`),
    );
    await assert.rejects(make('b', { type: 'NodePort', ports: [{ port: 80, nodePort }] }), (error: StatusError) =>
      error.message.includes(`spec.ports[0].nodePort: Invalid value: ${nodePort}: provided port is already allocated`),
    );
    const plain = await services.update({ ...a, spec: { ...a.spec, type: 'ClusterIP' } });
    assert.equal(plain.spec.ports?.[0]?.nodePort, undefined);
    assert.equal(plain.spec.clusterIP, a.spec.clusterIP);
    const b = await make('b', { type: 'NodePort', ports: [{ port: 80, nodePort }] });
    await services.delete('b', ns);
    await assert.rejects(api.client.resource(IPAddresses).get(b.spec.clusterIP as string), isNotFound);
    const again = await make('b', { clusterIP: b.spec.clusterIP });
    assert.equal(again.spec.clusterIP, b.spec.clusterIP);
    const external = await make('e', { type: 'ExternalName', externalName: 'example.com', ports: undefined });
    assert.equal(external.spec.clusterIP, undefined);
    const headless = await make('h', { clusterIP: 'None' });
    assert.deepEqual(headless.spec.clusterIPs, ['None']);
  });

  it('keeps a deleted namespace until it is finalized', async () => {
    const namespaces = api.client.resource(Namespaces);
    const made = await namespaces.create({ metadata: { name: 'gone' } });
    assert.equal(made.status.phase, 'Active');
    assert.deepEqual(made.spec.finalizers, ['kubernetes']);
    assert.equal(made.metadata.labels?.['kubernetes.io/metadata.name'], 'gone');
    const marked = (await namespaces.delete('gone')) as typeof made;
    assert.equal(marked.status.phase, 'Terminating');
    await assert.rejects(
      api.client.resource(Services).create({ metadata: { name: 'x', namespace: 'gone' }, spec: { ports: [{ port: 1 }] } }),
      (error: StatusError) => error.code === 403 && error.message.includes('because it is being terminated'),
    );
    await namespaces.update({ ...marked, spec: { finalizers: [] } }, { subresource: 'finalize' });
    await assert.rejects(namespaces.get('gone'), isNotFound);
    await assert.rejects(namespaces.delete('default'), (error: StatusError) => error.code === 403);
  });

  it('scales and counts generations', async () => {
    const deployments = api.client.resource(Deployments);
    const made = await deployments.create({
      metadata: { name: 'd', namespace: 'default' },
      spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: pod('x').spec } },
    });
    assert.equal(made.metadata.generation, 1);
    assert.equal(made.spec.replicas, 1);
    const scale = scaleOf(made as never, builtInScaling('deployments'));
    assert.equal(scale.status.selector, 'a=b');
    await deployments.patch('d', { spec: { replicas: 4 } }, { ...ns, type: 'merge', subresource: 'scale' });
    const scaled = await deployments.get('d', ns);
    assert.equal(scaled.spec.replicas, 4);
    assert.equal(scaled.metadata.generation, 2);
    const labelled = await deployments.patch('d', { metadata: { labels: { l: '1' } } }, { ...ns, type: 'merge' });
    assert.equal(labelled.metadata.generation, 2);
  });

  it('serves one object in two versions', async () => {
    await api.client.resource(HorizontalPodAutoscalersV1).create({
      metadata: { name: 'h', namespace: 'default' },
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
        maxReplicas: 3,
        targetCPUUtilizationPercentage: 50,
      },
    });
    const two = await api.client.resource(HorizontalPodAutoscalers).get('h', ns);
    assert.equal(two.apiVersion, 'autoscaling/v2');
    assert.equal(two.spec.metrics?.[0]?.resource?.target.averageUtilization, 50);
    const event = await api.client.resource(Events).create({
      metadata: { name: 'e', namespace: 'default' },
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
      reason: 'R',
      message: 'm',
      type: 'Normal',
    });
    assert.equal(event.kind, 'Event');
    const other = await api.client.resource(EventsV1).get('e', ns);
    assert.equal(other.note, 'm');
    assert.equal(other.regarding?.name, 'p');
  });

  it('removes what finalizers held', async () => {
    const services = api.client.resource(Services);
    const made = await services.create({
      metadata: { name: 'f', namespace: 'default', finalizers: ['x.io/y'] },
      spec: { ports: [{ port: 1 }] },
    });
    const marked = (await services.delete('f', { ...ns, options: { propagationPolicy: 'Foreground' } })) as typeof made;
    assert.deepEqual(marked.metadata.finalizers, ['x.io/y', 'foregroundDeletion']);
    const present = await services.get('f', ns);
    await assert.rejects(
      services.update({ ...present, metadata: { ...present.metadata, finalizers: ['x.io/y', 'foregroundDeletion', 'new.io/z'] } }),
      (error: StatusError) => error.message.includes('no new finalizers can be added if the object is being deleted'),
    );
    await services.update({ ...present, metadata: { ...present.metadata, finalizers: [] } });
    await assert.rejects(services.get('f', ns), isNotFound);
  });
});
