// StatefulSets, as test/e2e/apps/statefulset.go of the conformance suite tries them.
import assert from 'node:assert/strict';
import type { StatefulSet } from '#api/apps/v1/statefulset.ts';
import { isPodReady } from '#api/podutil.ts';
import { Pods, Services, StatefulSets } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import { until } from '../until.ts';
import { alive, event, type Ground, patience, patched, readyPods, schedulableNodes, updated, versionOf } from './ground.ts';
import { deleteCollection, scaleSubresource, statusSubresource } from './parts.ts';

const labels = { foo: 'bar', baz: 'blah' };
const selector = 'foo=bar,baz=blah';
const hash = 'controller-revision-hash';

async function create(
  ground: Ground,
  name: string,
  replicas: number,
  spec: object = {},
  template = ground.template(labels),
): Promise<void> {
  await ground.create(Services, {
    metadata: { name: 'test', labels },
    spec: { clusterIP: 'None', selector: labels, ports: [{ name: 'http', port: 80 }] },
  } as never);
  await ground.create(StatefulSets, {
    metadata: { name, labels },
    spec: { replicas, serviceName: 'test', selector: { matchLabels: labels }, template, ...spec },
  } as never);
}
/** The status tells of the newest spec. */
const observed = (ground: Ground, name: string, check: (set: StatefulSet) => boolean = () => true) =>
  ground.until(StatefulSets, name, (set) => (set.status.observedGeneration ?? 0) >= (set.metadata.generation ?? 0) && check(set), patience);
const rescale = (ground: Ground, name: string, replicas: number) =>
  updated(ground, StatefulSets, name, (old) => ({ ...old, spec: { ...old.spec, replicas } }));
/** Makes all pods unhealthy. What halts a set is what its controller knows: it must have seen them ready, and then unready. */
const breakAll = async (ground: Ground, name: string, count: number) => {
  await observed(ground, name, ({ status }) => status.readyReplicas === count);
  for (let index = 0; index < count; index++) await ground.breakPod(`${name}-${index}`);
  await observed(ground, name, ({ status }) => (status.readyReplicas ?? 0) === 0);
};
/** The last unhealthy pod of a set that shrinks may go before its turn has come. */
const mendAll = async (ground: Ground, name: string, count: number) => {
  for (let index = 0; index < count; index++) {
    await ground.mendPod(`${name}-${index}`).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
};
/** `ordinal=version/revision` of every pod. */
const pods = async (ground: Ground) =>
  (await alive(ground, selector)).map((pod) => [pod.spec.containers[0]?.env?.[0]?.value, pod.metadata.labels?.[hash]].join('/'));
const newVersion = (ground: Ground, name: string, version: string) =>
  updated(ground, StatefulSets, name, (old) => ({ ...old, spec: { ...old.spec, template: ground.template(labels, version) } }));
/** Waits for events of pods in this order, others between them allowed. */
const inOrder = (ground: Ground, from: string, type: 'ADDED' | 'DELETED', names: readonly string[]) => {
  let at = 0;
  return event(
    ground,
    Pods,
    { resourceVersion: from, labelSelector: selector },
    (one) => {
      if (one.type === type && one.object.metadata.name === names[at]) at++;
      return at === names.length;
    },
    patience,
  );
};

export async function scalesInOrder(ground: Ground): Promise<void> {
  const from = await versionOf(ground, Pods, selector);
  const up = inOrder(ground, from, 'ADDED', ['ss-0', 'ss-1', 'ss-2']);
  await create(ground, 'ss', 1);
  await readyPods(ground, selector, 1);
  await breakAll(ground, 'ss', 1);
  await rescale(ground, 'ss', 3);
  await observed(ground, 'ss');
  assert.equal((await ground.list(Pods, selector)).length, 1, 'an unhealthy pod halts growing');
  await mendAll(ground, 'ss', 1);
  await readyPods(ground, selector, 3);
  await up;
  const down = inOrder(ground, await versionOf(ground, Pods, selector), 'DELETED', ['ss-2', 'ss-1', 'ss-0']);
  await breakAll(ground, 'ss', 3);
  await rescale(ground, 'ss', 0);
  await observed(ground, 'ss');
  assert.equal((await alive(ground, selector)).length, 3, 'an unhealthy pod halts shrinking');
  await mendAll(ground, 'ss', 3);
  await down;
  await observed(ground, 'ss', ({ status }) => status.replicas === 0);
}

export async function bursts(ground: Ground): Promise<void> {
  await create(ground, 'ss', 1, { podManagementPolicy: 'Parallel' });
  await readyPods(ground, selector, 1);
  await breakAll(ground, 'ss', 1);
  await rescale(ground, 'ss', 3);
  await until('three pods', async () => (await alive(ground, selector)).length === 3, patience);
  await mendAll(ground, 'ss', 1);
  await readyPods(ground, selector, 3);
  await breakAll(ground, 'ss', 3);
  await rescale(ground, 'ss', 0);
  await until('no pods', async () => (await ground.list(Pods, selector)).length === 0, patience);
  await observed(ground, 'ss', ({ status }) => status.replicas === 0);
}

export async function rollsAndRollsBack(ground: Ground): Promise<void> {
  await create(ground, 'ss2', 3);
  await readyPods(ground, selector, 3);
  const first = await observed(
    ground,
    'ss2',
    ({ status }) => status.currentRevision === status.updateRevision && status.readyReplicas === 3,
  );
  const old = first.status.currentRevision;
  assert.deepEqual(await pods(ground), [`1/${old}`, `1/${old}`, `1/${old}`]);
  // An unhealthy pod halts the change; then it goes from the highest ordinal down.
  await ground.breakPod('ss2-1');
  await observed(ground, 'ss2', ({ status }) => status.readyReplicas === 2);
  const roll = inOrder(ground, await versionOf(ground, Pods, selector), 'DELETED', ['ss2-2', 'ss2-1', 'ss2-0']);
  await newVersion(ground, 'ss2', '2');
  const during = await observed(ground, 'ss2', ({ status }) => status.updateRevision !== old);
  const next = during.status.updateRevision;
  assert.deepEqual(await pods(ground), [`1/${old}`, `1/${old}`, `1/${old}`]);
  await ground.mendPod('ss2-1');
  await roll;
  await observed(ground, 'ss2', ({ status }) => status.currentRevision === next && status.readyReplicas === 3);
  assert.deepEqual(await pods(ground), [`2/${next}`, `2/${next}`, `2/${next}`]);
  const back = inOrder(ground, await versionOf(ground, Pods, selector), 'DELETED', ['ss2-2', 'ss2-1', 'ss2-0']);
  await newVersion(ground, 'ss2', '1');
  await observed(ground, 'ss2', ({ status }) => status.updateRevision === old);
  await back;
  await observed(ground, 'ss2', ({ status }) => status.currentRevision === old && status.readyReplicas === 3);
  assert.deepEqual(await pods(ground), [`1/${old}`, `1/${old}`, `1/${old}`]);
}

export async function canaries(ground: Ground): Promise<void> {
  const partition = (value: number) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: value } } });
  const moveTo = (value: number) => updated(ground, StatefulSets, 'ss2', (old) => ({ ...old, spec: { ...old.spec, ...partition(value) } }));
  await create(ground, 'ss2', 3, partition(3));
  await readyPods(ground, selector, 3);
  const { status } = await observed(ground, 'ss2', (set) => set.status.currentRevision === set.status.updateRevision);
  const old = `1/${status.currentRevision}`;
  await newVersion(ground, 'ss2', '2');
  const after = await observed(ground, 'ss2', (set) => set.status.updateRevision !== status.updateRevision);
  const next = `2/${after.status.updateRevision}`;
  assert.equal(after.status.currentRevision, status.currentRevision);
  assert.deepEqual(await pods(ground), [old, old, old], 'the partition is beyond the replicas');
  const reach = async (...wanted: string[]) => {
    await until(wanted.join(), async () => (await pods(ground)).join() === wanted.join(), patience);
    await readyPods(ground, selector, 3);
  };
  await moveTo(2);
  await reach(old, old, next);
  await Promise.all([ground.remove(Pods, 'ss2-0'), ground.remove(Pods, 'ss2-2')]);
  await until(
    'pods are made again',
    async () => (await ground.list(Pods, selector)).every(({ metadata }) => !metadata.deletionTimestamp),
    patience,
  );
  await readyPods(ground, selector, 3);
  assert.deepEqual(await pods(ground), [old, old, next], 'what is made again keeps its revision');
  await moveTo(1);
  await reach(old, next, next);
  await moveTo(0);
  await reach(next, next, next);
  await observed(ground, 'ss2', (set) => set.status.currentRevision === after.status.updateRevision);
}

export async function recreatesEvicted(ground: Ground): Promise<void> {
  const nodeName = (await schedulableNodes(ground))[0] ?? '';
  const ports = [{ name: 'conflict', containerPort: 21_017, hostPort: 21_017 }];
  const spec = (ground.template(labels, '1', { nodeName, containers: [{ ports }] } as never) as { spec: object }).spec;
  await ground.create(Pods, { metadata: { name: 'test-pod' }, spec } as never);
  await ground.until(Pods, 'test-pod', ({ status }) => status.phase === 'Running', patience);
  const from = await versionOf(ground, Pods);
  await create(ground, 'ss', 1, {}, ground.template(labels, '1', { nodeName, containers: [{ ports }] } as never));
  const fieldSelector = 'metadata.name=ss-0';
  const gone = await event(ground, Pods, { resourceVersion: from, fieldSelector }, ({ type }) => type === 'DELETED');
  assert.equal(gone.status.phase, 'Failed');
  await ground.remove(Pods, 'test-pod', 0);
  await ground.until(Pods, 'ss-0', ({ status, metadata }) => status.phase === 'Running' && metadata.uid !== gone.metadata.uid, patience);
}

export async function scale(ground: Ground): Promise<void> {
  await create(ground, 'ss', 1);
  await readyPods(ground, selector, 1);
  await observed(ground, 'ss');
  await scaleSubresource(ground, StatefulSets, 'ss');
}

export async function collection(ground: Ground): Promise<void> {
  await create(ground, 'test-ss', 1);
  await readyPods(ground, selector, 1);
  const containers = [{ name: 'web', env: [{ name: 'VERSION', value: '2' }] }];
  const { namespace } = ground;
  const template = { spec: { terminationGracePeriodSeconds: 1, containers } };
  await patched(ground, StatefulSets, 'test-ss', { metadata: { labels: { 'test-ss': namespace } }, spec: { replicas: 2, template } });
  const set = await ground.get(StatefulSets, 'test-ss');
  assert.equal(set.spec.replicas, 2);
  assert.equal(set.spec.template.spec?.containers[0]?.env?.[0]?.value, '2');
  await observed(ground, 'test-ss', ({ status }) => status.readyReplicas === 2 && status.updatedReplicas === 2);
  assert.ok((await readyPods(ground, selector, 2)).every(isPodReady));
  await deleteCollection(ground, StatefulSets, `test-ss=${namespace}`, 1, { gracePeriodSeconds: 1 });
}

export async function status(ground: Ground): Promise<void> {
  const from = await versionOf(ground, StatefulSets);
  await create(ground, 'ss', 1);
  await readyPods(ground, selector, 1);
  await observed(ground, 'ss');
  await patched(ground, StatefulSets, 'ss', { metadata: { labels: { e2e: 'testing' } } });
  await statusSubresource(ground, StatefulSets, { name: 'ss', from, labelSelector: 'e2e=testing' });
}
