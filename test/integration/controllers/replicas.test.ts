// Deployments, ReplicaSets and ReplicationControllers through their lives, as the conformance suite leads them, against the real
// API server and scheduler; a pretended node makes their pods run.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Deployment } from '#api/apps/v1/deployment.ts';
import type { ReplicaSet } from '#api/apps/v1/replicaset.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { isPodReady } from '#api/podutil.ts';
import { Deployments, Namespaces, Pods, ReplicaSets, ReplicationControllers, ResourceQuotas, ServiceAccounts } from '#api/refs.ts';
import { startDeploymentController } from '#controllers/deployment/controller.ts';
import { startGarbageCollector } from '#controllers/garbagecollector/controller.ts';
import { startReplicaSetController } from '#controllers/replicaset/controller.ts';
import { startReplicationController } from '#controllers/replicationcontroller/controller.ts';
import { startResourceQuotaController } from '#controllers/resourcequota/controller.ts';
import { startScheduler } from '#scheduler/scheduler.ts';
import { type ControllerBench, withControllers } from '../../support/controllers.ts';
import { addNode, startPretendNode } from '../../support/pretend.ts';
import { until } from '../../support/until.ts';

const namespace = 'default';
const limit = 60_000;
let bench: ControllerBench;
const broken = 'broken:1';
const imageOf = (pod: Pod) => pod.spec.containers[0]?.image;

before(async () => {
  bench = await withControllers((deps) => [
    startScheduler(deps),
    startDeploymentController(deps),
    startReplicaSetController(deps),
    startReplicationController(deps),
    startResourceQuotaController(deps),
    startGarbageCollector(deps),
    startPretendNode(deps, { ready: (pod) => imageOf(pod) !== broken }),
  ]);
  await addNode(bench.client, 'n1');
});
after(() => bench[Symbol.asyncDispose]());

const deployments = () => bench.client.resource(Deployments);
const sets = () => bench.client.resource(ReplicaSets);
const pods = () => bench.client.resource(Pods);
const podSpec = (image: string) => ({ terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image }] });
const template = (app: string, image = 'web:1') => ({ metadata: { labels: { app } }, spec: podSpec(image) });
const deploy = (name: string, spec: Draft<Deployment['spec']> = {}) =>
  deployments().create({
    metadata: { name, namespace },
    spec: { selector: { matchLabels: { app: name } }, template: template(name), ...spec },
  } as Draft<Deployment>);
const setImage = (name: string, image: string) =>
  deployments().patch(name, { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } }, { type: 'strategic', namespace });
const podsOf = async (app: string) => (await pods().list({ namespace, labelSelector: `app=${app}` })).items;
const setsOf = async (app: string) => (await sets().list({ namespace, labelSelector: `app=${app}` })).items;
const complete = (name: string, image = 'web:1') =>
  until(
    `${name} runs ${image}`,
    async () => {
      const found = await deployments().get(name, { namespace });
      const { status, metadata, spec } = found;
      const wanted = spec.replicas ?? 1;
      const counted = status.replicas === wanted && status.updatedReplicas === wanted && (status.availableReplicas ?? 0) === wanted;
      return (
        counted && status.observedGeneration === metadata.generation && (await podsOf(name)).every((pod) => imageOf(pod) === image) && found
      );
    },
    limit,
  );
const conditionOf = (deployment: Deployment, type: string) => deployment.status.conditions?.find((condition) => condition.type === type);

test('a rolling update adopts nothing it should not, keeps its history and says that it progressed', async () => {
  await deploy('roll', { replicas: 3 });
  const first = await complete('roll');
  assert.equal(conditionOf(first, 'Available')?.status, 'True');
  await setImage('roll', 'web:2');
  await complete('roll', 'web:2');
  const done = await until('progressed', async () => {
    const found = await deployments().get('roll', { namespace });
    return conditionOf(found, 'Progressing')?.reason === 'NewReplicaSetAvailable' && found;
  });
  assert.equal(done.metadata.annotations?.['deployment.kubernetes.io/revision'], '2');
  const revisions = (await setsOf('roll')).map(
    (set) => `${set.metadata.annotations?.['deployment.kubernetes.io/revision']}:${set.spec.replicas}`,
  );
  assert.deepEqual(revisions.toSorted(), ['1:0', '2:3']);
  await setImage('roll', 'web:1');
  await complete('roll', 'web:1');
  assert.equal((await setsOf('roll')).length, 2, 'the old set is used again');
});

test('Recreate never runs old and new pods together', async () => {
  await deploy('fresh', { replicas: 2, strategy: { type: 'Recreate' } });
  await complete('fresh');
  let mixed = false;
  const stop = bench.informers.of(Pods).onChange({
    added: () => {
      const images = new Set(
        bench.informers
          .of(Pods)
          .lister.list(namespace)
          .filter(({ metadata }) => metadata.labels?.['app'] === 'fresh')
          .map(imageOf),
      );
      mixed ||= images.size > 1;
    },
  });
  await setImage('fresh', 'web:2');
  await complete('fresh', 'web:2');
  stop();
  assert.equal(mixed, false);
});

test('old sets beyond the limit are deleted', async () => {
  await deploy('short', { replicas: 1, revisionHistoryLimit: 0 });
  await complete('short');
  await setImage('short', 'web:2');
  await complete('short', 'web:2');
  await until('one set', async () => (await setsOf('short')).length === 1, limit);
});

test('a rollover drops an update that cannot finish', async () => {
  await deploy('over', { replicas: 4, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
  await complete('over');
  await setImage('over', broken);
  await until('stuck', async () => (await podsOf('over')).some((pod) => imageOf(pod) === broken), limit);
  assert.equal((await podsOf('over')).filter(isPodReady).length, 4, 'nothing was taken away');
  await setImage('over', 'web:3');
  await complete('over', 'web:3');
  assert.equal((await setsOf('over')).filter((set) => (set.spec.replicas ?? 0) > 0).length, 1);
});

test('scaling in the middle of an update keeps the proportions', async () => {
  await deploy('share', { replicas: 10, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } });
  await complete('share');
  await setImage('share', broken);
  const sizes = async () => (await setsOf('share')).map((set) => set.spec.replicas ?? 0).toSorted((a, b) => b - a);
  await until('8 old and 5 new', async () => (await sizes()).join() === '8,5', limit);
  await deployments().patch('share', { spec: { replicas: 30 } }, { type: 'merge', namespace });
  // 30 and 3 more: 20 to add, by the shares 8/13 and 5/13.
  await until('20 old and 13 new', async () => (await sizes()).join() === '20,13', limit);
});

test('the scale subresource resizes; a paused deployment waits', async () => {
  await deploy('sized', { replicas: 1 });
  await complete('sized');
  const scale = (await deployments().get('sized', { namespace, subresource: 'scale' })) as unknown as {
    spec: { replicas: number };
    status: { replicas: number; selector: string };
  };
  assert.deepEqual([scale.spec.replicas, scale.status.replicas, scale.status.selector], [1, 1, 'app=sized']);
  await deployments().patch('sized', { spec: { replicas: 3 } }, { type: 'merge', subresource: 'scale', namespace });
  await complete('sized');
  await deployments().patch('sized', { spec: { paused: true } }, { type: 'merge', namespace });
  await setImage('sized', 'web:2');
  await until(
    'told',
    async () => conditionOf(await deployments().get('sized', { namespace }), 'Progressing')?.reason === 'DeploymentPaused',
    limit,
  );
  assert.equal((await setsOf('sized')).length, 1);
  await deployments().patch('sized', { spec: { paused: false } }, { type: 'merge', namespace });
  await complete('sized', 'web:2');
});

test('a deadline that passes is told, and forgotten when the update succeeds', async () => {
  await deploy('late', { replicas: 1, progressDeadlineSeconds: 1, template: template('late', broken) as never });
  await until(
    'timed out',
    async () => conditionOf(await deployments().get('late', { namespace }), 'Progressing')?.reason === 'ProgressDeadlineExceeded',
    limit,
  );
  await setImage('late', 'web:1');
  await complete('late');
  await until(
    'well again',
    async () => conditionOf(await deployments().get('late', { namespace }), 'Progressing')?.status === 'True',
    limit,
  );
});

test('a ReplicaSet adopts matching pods, releases others, and replaces what it lost', async () => {
  await pods().create({ metadata: { name: 'stray', namespace, labels: { app: 'adopter' } }, spec: podSpec('web:1') });
  await until('seen', () => bench.informers.of(Pods).lister.get('stray', namespace));
  await sets().create({
    metadata: { name: 'adopter', namespace },
    spec: { replicas: 1, selector: { matchLabels: { app: 'adopter' } }, template: template('adopter') },
  } as Draft<ReplicaSet>);
  await until('adopted', async () => (await pods().get('stray', { namespace })).metadata.ownerReferences?.[0]?.name === 'adopter', limit);
  assert.equal((await podsOf('adopter')).length, 1);
  await pods().patch('stray', { metadata: { labels: { app: 'free' } } }, { type: 'merge', namespace });
  await until('released', async () => (await pods().get('stray', { namespace })).metadata.ownerReferences === undefined, limit);
  await until('replaced', async () => (await podsOf('adopter')).length === 1, limit);
});

test('a ReplicationController whose pods are refused says so until there is room', async () => {
  const room = 'crowded';
  await bench.client.resource(Namespaces).create({ metadata: { name: room } });
  await bench.client.resource(ServiceAccounts).create({ metadata: { name: 'default', namespace: room } });
  await bench.client.resource(ResourceQuotas).create({ metadata: { name: 'q', namespace: room }, spec: { hard: { pods: '2' } } });
  await until(
    'counted',
    async () => (await bench.client.resource(ResourceQuotas).get('q', { namespace: room })).status.used?.pods === '0',
    limit,
  );
  const controllers = bench.client.resource(ReplicationControllers);
  await controllers.create({
    metadata: { name: 'rc', namespace: room },
    spec: { replicas: 3, selector: { app: 'rc' }, template: template('rc') },
  });
  const failing = async () =>
    (await controllers.get('rc', { namespace: room })).status.conditions?.find(({ type }) => type === 'ReplicaFailure');
  const failure = await until('told', failing, limit);
  assert.equal(failure.reason, 'FailedCreate');
  assert.match(failure.message ?? '', /exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2$/);
  await controllers.patch('rc', { spec: { replicas: 2 } }, { type: 'merge', namespace: room });
  await until('well again', async () => (await failing()) === undefined, limit);
});

test('deleting: pods go with their owner, or stay when they are to be orphaned', async () => {
  await deploy('gone', { replicas: 2 });
  await complete('gone');
  await deployments().delete('gone', { namespace, options: { propagationPolicy: 'Background' } });
  await until('all gone', async () => (await setsOf('gone')).length === 0 && (await podsOf('gone')).length === 0, limit);
  await deploy('kept', { replicas: 1 });
  await complete('kept');
  await deployments().delete('kept', { namespace, options: { propagationPolicy: 'Orphan' } });
  await until('gone', async () => (await deployments().list({ namespace })).items.every(({ metadata }) => metadata.name !== 'kept'), limit);
  const [set] = await setsOf('kept');
  assert.equal(set?.metadata.ownerReferences, undefined);
  assert.equal((await podsOf('kept')).length, 1);
});
