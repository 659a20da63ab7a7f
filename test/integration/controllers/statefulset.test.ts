// StatefulSets against the real API server and scheduler; a pretended node makes their pods run.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { StatefulSet } from '#api/apps/v1/statefulset.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { ControllerRevisions, Events, PersistentVolumeClaims, Pods, StatefulSets } from '#api/refs.ts';
import { isPodReady } from '#api/podutil.ts';
import { startGarbageCollector } from '#controllers/garbagecollector/controller.ts';
import { startStatefulSetController } from '#controllers/statefulset/controller.ts';
import { startVolumeProtection } from '#controllers/volumeprotection/controller.ts';
import { startScheduler } from '#scheduler/scheduler.ts';
import { type ControllerBench, withControllers } from '../../support/controllers.ts';
import { addNode, startPretendNode, statusOf } from '../../support/pretend.ts';
import { until } from '../../support/until.ts';

const namespace = 'default';
const limit = 60_000;
let bench: ControllerBench;
/** Names of pods that stay unready. */
const unready = new Set<string>();

before(async () => {
  bench = await withControllers((deps) => [
    startScheduler(deps),
    startStatefulSetController(deps),
    startGarbageCollector(deps),
    startVolumeProtection(deps, deps),
    startPretendNode(deps, { ready: (pod) => !unready.has(pod.metadata.name) }),
  ]);
  await addNode(bench.client, 'n1');
});
after(() => bench[Symbol.asyncDispose]());
beforeEach(() => unready.clear());

const sets = () => bench.client.resource(StatefulSets);
const pods = () => bench.client.resource(Pods);
const revisionOf = (pod: Pod | undefined) => pod?.metadata.labels?.['controller-revision-hash'];
const imageOf = (pod: Pod | undefined) => pod?.spec.containers[0]?.image;

async function podsOf(name: string): Promise<readonly Pod[]> {
  const { items } = await pods().list({ namespace, labelSelector: `app=${name}` });
  return items.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

async function create(name: string, spec: Draft<StatefulSet['spec']> = {}): Promise<StatefulSet> {
  const labels = { app: name };
  return sets().create({
    metadata: { name, namespace },
    spec: {
      serviceName: 'test',
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'web:1' }] } },
      ...spec,
    },
  } as Draft<StatefulSet>);
}

const settled = (name: string, replicas: number) =>
  until(
    `${name} has ${replicas} ready pods`,
    async () => {
      const set = await sets().get(name, { namespace });
      const { status } = set;
      const ready = status.readyReplicas ?? 0;
      return status.replicas === replicas && ready === replicas && status.observedGeneration === set.metadata.generation && set;
    },
    limit,
  );

const patch = (name: string, body: unknown) => sets().patch(name, body, { type: 'strategic', namespace });
const setImage = (name: string, image: string) => patch(name, { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } });
/** Makes a pod ready or not, once its node has reported it. */
const setReady = async (name: string, ready: boolean) => {
  unready.delete(name);
  await until(`${name} runs`, async () => (await pods().get(name, { namespace })).status.phase === 'Running', limit);
  const status = ready ? 'True' : 'False';
  const conditions = [{ type: 'Ready', status }];
  await pods().patch(name, { status: { conditions } }, { type: 'strategic', subresource: 'status', namespace });
};
const rolled = (name: string, image: string, replicas: number) =>
  until(
    `all of ${name} run ${image}`,
    async () => {
      const list = await podsOf(name);
      return list.length === replicas && list.every((pod) => imageOf(pod) === image && isPodReady(pod));
    },
    limit,
  );
/** Waits for an event: it is written a moment after what it tells of. */
const told = (name: string, what: string) =>
  until(`told: ${what}`, async () => {
    const { items } = await bench.client.resource(Events).list({ namespace, fieldSelector: `involvedObject.name=${name}` });
    return items.some(({ reason, message }) => `${reason}: ${message}` === what);
  });
/** Waits until the current revision of a set is its update revision. */
const completed = (name: string) =>
  until(
    `${name} is updated`,
    async () => {
      const set = await sets().get(name, { namespace });
      return set.status.currentRevision === set.status.updateRevision && set.status.updatedReplicas === set.spec.replicas && set;
    },
    limit,
  );

test('pods come in order with names, labels and hosts of their own, and go in reverse; an unhealthy one halts both', async () => {
  unready.add('web-1');
  await create('web', { replicas: 3 });
  await until('web-1 runs', async () => (await podsOf('web')).length === 2, limit);
  const [first] = await podsOf('web');
  assert.equal(first?.spec.hostname, 'web-0');
  assert.equal(first?.spec.subdomain, 'test');
  assert.equal(first?.metadata.labels?.['statefulset.kubernetes.io/pod-name'], 'web-0');
  assert.equal(first?.metadata.labels?.['apps.kubernetes.io/pod-index'], '0');
  assert.equal(first?.metadata.ownerReferences?.[0]?.kind, 'StatefulSet');

  await setReady('web-1', true);
  const set = await settled('web', 3);
  assert.equal(set.status.currentRevision, set.status.updateRevision);
  assert.equal(set.status.availableReplicas, 3);
  assert.equal(set.status.collisionCount, 0);
  assert.equal(revisionOf(first), set.status.currentRevision);

  for (const name of ['web-0', 'web-1', 'web-2']) await setReady(name, false);
  await until('none is ready', async () => ((await sets().get('web', { namespace })).status.readyReplicas ?? 0) === 0);
  await patch('web', { spec: { replicas: 0 } });
  await until('seen', async () => (await sets().get('web', { namespace })).status.observedGeneration === 2);
  assert.equal((await podsOf('web')).length, 3, 'an unhealthy pod halts scaling down');
  const leaving: string[] = [];
  const stop = bench.informers.of(Pods).onChange({
    updated: ({ metadata }) => {
      if (metadata.deletionTimestamp && metadata.labels?.app === 'web' && !leaving.includes(metadata.name)) leaving.push(metadata.name);
    },
  });
  for (const name of ['web-0', 'web-1', 'web-2']) await setReady(name, true);
  await settled('web', 0);
  stop();
  assert.deepEqual(leaving, ['web-2', 'web-1', 'web-0']);

  await told('web', 'SuccessfulCreate: create Pod web-0 in StatefulSet web successful');
  await told('web', 'SuccessfulDelete: delete Pod web-2 in StatefulSet web successful');
});

test('a parallel set makes and removes pods at once, healthy or not', async () => {
  for (const name of ['burst-0', 'burst-1', 'burst-2']) unready.add(name);
  await create('burst', { replicas: 3, podManagementPolicy: 'Parallel' });
  await until('three pods', async () => (await podsOf('burst')).length === 3, limit);
  await patch('burst', { spec: { replicas: 1 } });
  await until('one pod', async () => (await podsOf('burst')).length === 1, limit);
});

test('a template change rolls from the highest ordinal; going back finds the old revision again', async () => {
  await create('roll', { replicas: 3 });
  const initial = await settled('roll', 3);
  const oldRevision = initial.status.currentRevision;
  unready.add('roll-2');
  await setImage('roll', 'web:2');
  const during = await until(
    'an update revision',
    async () => {
      const set = await sets().get('roll', { namespace });
      return set.status.updateRevision !== oldRevision && set;
    },
    limit,
  );
  assert.equal(during.status.currentRevision, oldRevision);
  await until('roll-2 is new', async () => imageOf((await podsOf('roll'))[2]) === 'web:2', limit);
  assert.equal(imageOf((await podsOf('roll'))[1]), 'web:1', 'the update waits for roll-2');
  unready.clear();
  await setReady('roll-2', true);
  await rolled('roll', 'web:2', 3);
  const updated = await completed('roll');
  assert.notEqual(updated.status.currentRevision, oldRevision);

  await setImage('roll', 'web:1');
  await rolled('roll', 'web:1', 3);
  const back = await completed('roll');
  assert.equal(back.status.currentRevision, oldRevision, 'the rollback is recognised');
  const { items } = await bench.client.resource(ControllerRevisions).list({ namespace, labelSelector: 'app=roll' });
  assert.deepEqual(items.map(({ revision }) => revision).toSorted(), [2, 3]);
  for (const pod of await podsOf('roll')) assert.equal(revisionOf(pod), oldRevision);
});

test('a partition keeps the lower ordinals at the old revision, also when their pods are made again', async () => {
  await create('canary', { replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 3 } } });
  await settled('canary', 3);
  await setImage('canary', 'web:2');
  await until('seen', async () => (await sets().get('canary', { namespace })).status.observedGeneration === 2, limit);
  assert.deepEqual((await podsOf('canary')).map(imageOf), ['web:1', 'web:1', 'web:1']);
  await patch('canary', { spec: { updateStrategy: { rollingUpdate: { partition: 2 } } } });
  await until('the canary', async () => imageOf((await podsOf('canary'))[2]) === 'web:2', limit);
  await settled('canary', 3);
  const images = async () => (await podsOf('canary')).map((pod) => `${pod.metadata.name} ${imageOf(pod)}`);
  for (const name of ['canary-0', 'canary-2']) {
    const { uid } = (await pods().get(name, { namespace })).metadata;
    await pods().delete(name, { namespace });
    await until(
      `${name} again`,
      async () => (await podsOf('canary')).some((pod) => pod.metadata.name === name && pod.metadata.uid !== uid),
      limit,
    );
  }
  await settled('canary', 3);
  assert.deepEqual(await images(), ['canary-0 web:1', 'canary-1 web:1', 'canary-2 web:2']);
  const { status } = await until('counts', async () => {
    const set = await sets().get('canary', { namespace });
    return set.status.updatedReplicas === 1 && set.status.currentReplicas === 2 && set;
  });
  assert.notEqual(status.currentRevision, status.updateRevision);
  await patch('canary', { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
  await rolled('canary', 'web:2', 3);
  await completed('canary');
});

test('a pod that failed is made again under its name', async () => {
  await create('fail', { replicas: 1 });
  await settled('fail', 1);
  const pod = await pods().get('fail-0', { namespace });
  const status = statusOf(pod, { ready: false, end: { phase: 'Failed', exitCode: 1 } });
  await pods().patch('fail-0', { status }, { type: 'strategic', subresource: 'status', namespace });
  await until('a new pod', async () => {
    const [next] = await podsOf('fail');
    return next !== undefined && next.metadata.uid !== pod.metadata.uid && isPodReady(next);
  });
  await told('fail', 'RecreatingFailedPod: StatefulSet default/fail is recreating failed Pod fail-0');
});

test('ordinals start where the set says; OnDelete waits for the user', async () => {
  await create('late', { replicas: 2, ordinals: { start: 5 }, updateStrategy: { type: 'OnDelete' } });
  await settled('late', 2);
  assert.deepEqual(
    (await podsOf('late')).map(({ metadata }) => metadata.name),
    ['late-5', 'late-6'],
  );
  await setImage('late', 'web:2');
  await until('seen', async () => (await sets().get('late', { namespace })).status.observedGeneration === 2);
  await pods().delete('late-5', { namespace });
  await until('late-5 is new', async () => imageOf((await podsOf('late'))[0]) === 'web:2', limit);
  assert.equal(imageOf((await podsOf('late'))[1]), 'web:1');
});

test('claims are made for every ordinal and follow the retention policy', async () => {
  const claims = bench.client.resource(PersistentVolumeClaims);
  const names = async () =>
    (await claims.list({ namespace, labelSelector: 'app=db' })).items.map(({ metadata }) => metadata.name).toSorted();
  await create('db', {
    replicas: 2,
    podManagementPolicy: 'Parallel',
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
    volumeClaimTemplates: [
      { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    ],
  });
  await until('claims', async () => (await names()).join() === 'data-db-0,data-db-1', limit);
  const [pod] = await until('pods', async () => {
    const list = await podsOf('db');
    return list.length === 2 && list;
  });
  assert.equal(pod?.spec.volumes?.[0]?.persistentVolumeClaim?.claimName, 'data-db-0');
  await until(
    'owned by the set',
    async () => (await claims.get('data-db-0', { namespace })).metadata.ownerReferences?.[0]?.kind === 'StatefulSet',
  );
  await patch('db', { spec: { replicas: 1 } });
  await until('scaled claims go', async () => (await names()).join() === 'data-db-0', limit);
  await sets().delete('db', { namespace });
  await until('all claims go', async () => (await names()).length === 0, limit);
});
