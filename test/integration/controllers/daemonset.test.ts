// DaemonSets against the real API server and scheduler; a pretended node makes their pods run.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { DaemonSet } from '#api/apps/v1/daemonset.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { isPodReady } from '#api/podutil.ts';
import { ControllerRevisions, DaemonSets, Nodes, Pods } from '#api/refs.ts';
import { startDaemonSetController } from '#controllers/daemonset/controller.ts';
import { startGarbageCollector } from '#controllers/garbagecollector/controller.ts';
import { startScheduler } from '#scheduler/scheduler.ts';
import { type ControllerBench, withControllers } from '../../support/controllers.ts';
import { addNode, startPretendNode, statusOf } from '../../support/pretend.ts';
import { until } from '../../support/until.ts';

const namespace = 'default';
const limit = 60_000;
let bench: ControllerBench;
const broken = 'broken:1';
const nodes = ['n1', 'n2', 'n3'];

before(async () => {
  bench = await withControllers((deps) => [
    startScheduler(deps),
    startDaemonSetController(deps),
    startGarbageCollector(deps),
    startPretendNode(deps, { ready: (pod) => imageOf(pod) !== broken }),
  ]);
  for (const name of nodes) await addNode(bench.client, name);
});
after(() => bench[Symbol.asyncDispose]());
beforeEach(async () => {
  for (const { metadata } of (await sets().list({ namespace })).items) await sets().delete(metadata.name, { namespace });
  await until('no pods are left', async () => (await pods().list({ namespace })).items.length === 0, limit);
});

const sets = () => bench.client.resource(DaemonSets);
const pods = () => bench.client.resource(Pods);
const imageOf = (pod: Pod | undefined) => pod?.spec.containers[0]?.image;
const hashOf = (pod: Pod) => pod.metadata.labels?.['controller-revision-hash'];
const podsOf = async (name: string) => (await pods().list({ namespace, labelSelector: `app=${name}` })).items;

function create(name: string, spec: Draft<DaemonSet['spec']> = {}, pod: object = {}): Promise<DaemonSet> {
  const labels = { app: name };
  return sets().create({
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'd:1' }], ...pod } },
      ...spec,
    },
  } as Draft<DaemonSet>);
}
const setImage = (name: string, image: string) =>
  sets().patch(name, { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } }, { type: 'strategic', namespace });
const running = (name: string, on: readonly string[], image = 'd:1') =>
  until(
    `${name} runs ${image} on ${on.join(', ')}`,
    async () => {
      const list = await podsOf(name);
      const good = list.length === on.length && list.every((pod) => isPodReady(pod) && imageOf(pod) === image);
      return (
        good &&
        list
          .map((pod) => pod.spec.nodeName)
          .toSorted()
          .join() === on.join() &&
        list
      );
    },
    limit,
  );
const revisions = async (name: string) => {
  const { items } = await bench.client.resource(ControllerRevisions).list({ namespace, labelSelector: `app=${name}` });
  return items.toSorted((a, b) => a.revision - b.revision);
};

test('every node gets one pod, which comes back when it is deleted or fails; the status says so', async () => {
  await create('simple');
  const list = await running('simple', nodes);
  const status = await until('status', async () => {
    const set = await sets().get('simple', { namespace });
    return set.status.numberAvailable === 3 && set.status;
  });
  assert.deepEqual(status, {
    currentNumberScheduled: 3,
    desiredNumberScheduled: 3,
    numberAvailable: 3,
    numberMisscheduled: 0,
    numberReady: 3,
    observedGeneration: 1,
    updatedNumberScheduled: 3,
  });
  const [first, second] = list;
  await pods().delete(first?.metadata.name ?? '', { namespace });
  await until(
    'revived',
    async () =>
      (await podsOf('simple')).length === 3 && !(await podsOf('simple')).some(({ metadata }) => metadata.uid === first?.metadata.uid),
    limit,
  );
  const failed = statusOf(second as Pod, { ready: false, end: { phase: 'Failed', exitCode: 1 } });
  await pods().patch(second?.metadata.name ?? '', { status: failed }, { type: 'strategic', subresource: 'status', namespace });
  await until(
    'the failed pod is gone',
    async () => !(await podsOf('simple')).some(({ metadata }) => metadata.uid === second?.metadata.uid),
    limit,
  );
  await running('simple', nodes);
});

test('pods follow the labels of nodes', async () => {
  await create('picky', {}, { nodeSelector: { color: 'blue' } });
  await until('seen', async () => (await sets().get('picky', { namespace })).status.observedGeneration === 1);
  assert.equal((await podsOf('picky')).length, 0);
  const paint = (color: string | null) => bench.client.resource(Nodes).patch('n2', { metadata: { labels: { color } } }, { type: 'merge' });
  await paint('blue');
  await running('picky', ['n2']);
  await paint('green');
  await until('the pod goes', async () => (await podsOf('picky')).length === 0, limit);
  const selector = { spec: { template: { spec: { nodeSelector: { color: 'green' } } } } };
  await sets().patch('picky', selector, { type: 'strategic', namespace });
  await running('picky', ['n2']);
  await paint(null);
  await until('the pod goes again', async () => (await podsOf('picky')).length === 0, limit);
});

test('a rolling update replaces all pods; their labels and the history say which revision they have', async () => {
  await create('roll');
  const before = await running('roll', nodes);
  const [one] = await revisions('roll');
  assert.equal(one?.revision, 1);
  assert.equal(one?.metadata.name, `roll-${hashOf(before[0] as Pod)}`);
  assert.equal(one?.metadata.ownerReferences?.[0]?.kind, 'DaemonSet');
  await setImage('roll', 'd:2');
  const next = await running('roll', nodes, 'd:2');
  const [, two] = await revisions('roll');
  assert.equal(two?.revision, 2);
  for (const pod of next) {
    assert.equal(hashOf(pod), two?.metadata.labels?.['controller-revision-hash']);
    assert.equal(pod.metadata.labels?.['pod-template-generation'], '2');
  }
});

test('a rollback in the middle of an update does not restart the good pods', async () => {
  await create('back');
  await running('back', nodes);
  await setImage('back', broken);
  await until('a broken pod', async () => (await podsOf('back')).some((pod) => imageOf(pod) === broken), limit);
  const good = (await podsOf('back')).filter((pod) => imageOf(pod) === 'd:1').map(({ metadata }) => metadata.uid);
  assert.equal(good.length, 2, 'one at a time');
  await setImage('back', 'd:1');
  const list = await running('back', nodes);
  for (const uid of good)
    assert.ok(
      list.some(({ metadata }) => metadata.uid === uid),
      `${uid} was restarted`,
    );
  assert.deepEqual(
    (await revisions('back')).map(({ revision }) => revision),
    [2, 3],
  );
});

test('a surge starts the new pod before the old one goes', async () => {
  await create('surge', { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
  await running('surge', nodes);
  let least = 3;
  const stop = bench.informers.of(Pods).onChange({
    updated: () => {
      const serving = bench.informers
        .of(Pods)
        .lister.list(namespace)
        .filter((pod) => isPodReady(pod) && !pod.metadata.deletionTimestamp);
      least = Math.min(least, new Set(serving.map(({ spec }) => spec.nodeName)).size);
    },
  });
  await setImage('surge', 'd:2');
  await running('surge', nodes, 'd:2');
  stop();
  assert.equal(least, 3, 'every node was served all the time');
});

test('orphaned pods and history are adopted by a set that wants them', async () => {
  const first = await create('adopt');
  const before = await running('adopt', nodes);
  await sets().delete('adopt', { namespace, options: { propagationPolicy: 'Orphan' } });
  await until('the set is gone', async () => (await sets().list({ namespace })).items.length === 0, limit);
  assert.ok((await podsOf('adopt')).every(({ metadata }) => metadata.ownerReferences === undefined));
  const second = await create('adopt');
  assert.notEqual(first.metadata.uid, second.metadata.uid);
  await until(
    'adopted',
    async () => (await podsOf('adopt')).every(({ metadata }) => metadata.ownerReferences?.[0]?.uid === second.metadata.uid),
    limit,
  );
  const after = await running('adopt', nodes);
  assert.deepEqual(after.map(({ metadata }) => metadata.uid).toSorted(), before.map(({ metadata }) => metadata.uid).toSorted());
  const [only, ...others] = await revisions('adopt');
  assert.equal(others.length, 0);
  assert.equal(only?.metadata.ownerReferences?.[0]?.uid, second.metadata.uid);
});
