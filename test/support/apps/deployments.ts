// Deployments, as test/e2e/apps/deployment.go of the conformance suite tries them.
import assert from 'node:assert/strict';
import type { Deployment } from '#api/apps/v1/deployment.ts';
import type { ReplicaSet } from '#api/apps/v1/replicaset.ts';
import { isPodAvailable } from '#api/podutil.ts';
import { Deployments, Pods, ReplicaSets } from '#api/refs.ts';
import { until } from '../until.ts';
import { alive, event, type Ground, patience, patched, readyPods, updated, versionOf } from './ground.ts';
import { scaleSubresource, statusSubresource } from './parts.ts';

const labels = { name: 'httpd', e2e: 'testing' };
const selector = 'name=httpd';
const revision = 'deployment.kubernetes.io/revision';
const hash = 'pod-template-hash';

/** Every event until the deployment looks like this. */
const seen = (ground: Ground, from: string, check: (deployment: Deployment) => boolean) =>
  event(ground, Deployments, { resourceVersion: from }, ({ object }) => check(object));
const image = (deployment: Deployment | ReplicaSet) => deployment.spec.template?.spec?.containers[0]?.env?.[0]?.value;
const complete = (ground: Ground, name: string) =>
  ground.until(
    Deployments,
    name,
    ({ spec, status, metadata }) =>
      status.observedGeneration === metadata.generation &&
      status.updatedReplicas === spec.replicas &&
      status.replicas === spec.replicas &&
      status.availableReplicas === spec.replicas,
    patience,
  );
const version = (text: string, more: object = {}) => ({
  spec: { template: { spec: { containers: [{ name: 'web', env: [{ name: 'VERSION', value: text }] }] } }, ...more },
});
const create = (ground: Ground, name: string, replicas: number, spec: object = {}, template: object = ground.template(labels)) =>
  ground.create(Deployments, {
    metadata: { name, labels },
    spec: { replicas, selector: { matchLabels: { name: 'httpd' } }, template, ...spec },
  } as never);
const setOf = async (ground: Ground, text: string) =>
  (await ground.list(ReplicaSets, selector)).find((set) => image(set) === text) as ReplicaSet;

export async function lifecycle(ground: Ground): Promise<void> {
  const name = 'test-deployment';
  const from = await versionOf(ground, Deployments);
  await create(ground, name, 2);
  await event(ground, Deployments, { resourceVersion: from, labelSelector: 'e2e=testing' }, ({ type }) => type === 'ADDED');
  await seen(ground, from, ({ status }) => status.readyReplicas === 2);
  const termination = { terminationGracePeriodSeconds: 2 };
  await patched(ground, Deployments, name, {
    metadata: { labels: { 'test-deployment': 'patched' } },
    spec: {
      replicas: 1,
      template: { spec: { ...termination, containers: [{ name: 'web', env: [{ name: 'VERSION', value: '2' }] }] } },
    },
  });
  await seen(
    ground,
    from,
    ({ status, spec, ...all }) =>
      status.readyReplicas === 1 &&
      status.updatedReplicas === 1 &&
      (status.unavailableReplicas ?? 0) === 0 &&
      image({ spec, status, ...all } as Deployment) === '2' &&
      spec.template.spec?.terminationGracePeriodSeconds === 2,
  );
  const listed = await ground.of(Deployments).list({ labelSelector: 'test-deployment=patched' });
  assert.deepEqual(
    listed.items.map(({ metadata }) => [metadata.namespace, metadata.name]),
    [[ground.namespace, name]],
  );
  await updated(ground, Deployments, name, (old) => ({
    ...old,
    metadata: { ...old.metadata, labels: { ...old.metadata.labels, 'test-deployment': 'updated' } },
    spec: { ...old.spec, replicas: 2, template: ground.template(labels, '3') },
  }));
  const read = await ground.of(Deployments).get(name, { namespace: ground.namespace, subresource: 'status' });
  assert.equal(image(read), '3');
  assert.equal(read.metadata.labels?.['test-deployment'], 'updated');
  const rolledOut = ({ status, spec }: Deployment): boolean =>
    status.readyReplicas === 2 && status.updatedReplicas === 2 && (status.unavailableReplicas ?? 0) === 0 && spec.replicas === 2;
  await seen(ground, read.metadata.resourceVersion ?? '', rolledOut);
  const status = { readyReplicas: 0, availableReplicas: 0 };
  const body = { metadata: { labels: { 'test-deployment': 'patched-status' } }, status };
  const written = await patched(ground, Deployments, name, body, { subresource: 'status' });
  assert.equal(written.status.readyReplicas ?? 0, 0);
  assert.equal(written.metadata.labels?.['test-deployment'], 'updated', 'a write of the status leaves the labels alone');
  await seen(ground, written.metadata.resourceVersion ?? '', rolledOut);
  await ground
    .of(Deployments)
    .deleteCollection({ namespace: ground.namespace, labelSelector: 'e2e=testing' }, { options: { gracePeriodSeconds: 1 } });
  await event(ground, Deployments, { resourceVersion: from }, ({ type }) => type === 'DELETED');
}

export async function rollingUpdate(ground: Ground): Promise<void> {
  // A set of the same pods is there before, as someone's of an earlier life; its revision is taken up.
  const old = await ground.create(ReplicaSets, {
    metadata: { name: 'test-rolling-update-controller', labels, annotations: { [revision]: '3546343826724305832' } },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: ground.template(labels) },
  } as never);
  await readyPods(ground, selector, 1);
  await create(ground, 'test-rolling-update-deployment', 1, {}, ground.template(labels, '2'));
  await complete(ground, 'test-rolling-update-deployment');
  const made = await ground.get(Deployments, 'test-rolling-update-deployment');
  assert.equal(made.metadata.annotations?.[revision], '3546343826724305833');
  const adopted = await ground.get(ReplicaSets, old.metadata.name);
  assert.equal(adopted.spec.replicas, 0);
  assert.equal(adopted.metadata.ownerReferences?.[0]?.uid, made.metadata.uid);
  await until('the old pod is gone', async () => (await ground.list(Pods, selector)).length === 1, patience);
}

export async function recreate(ground: Ground): Promise<void> {
  const name = 'test-recreate-deployment';
  await create(ground, name, 1, { strategy: { type: 'Recreate' } });
  await complete(ground, name);
  const from = await versionOf(ground, Pods, selector);
  const before = (await alive(ground, selector))[0]?.metadata.name;
  await patched(ground, Deployments, name, version('2'));
  // Old and new pods never run at the same time.
  const running = new Map<string, boolean>(before ? [[before, true]] : []);
  await event(ground, Pods, { resourceVersion: from, labelSelector: selector }, ({ type, object }) => {
    running.set(object.metadata.name, type !== 'DELETED' && object.status.phase === 'Running');
    const active = [...running].filter(([, on]) => on).map(([pod]) => pod);
    assert.ok(active.length <= 1, `together: ${active.join()}`);
    return active.length === 1 && active[0] !== before;
  });
  await complete(ground, name);
}

export async function cleanUp(ground: Ground): Promise<void> {
  const name = 'test-cleanup-deployment';
  await ground.create(ReplicaSets, {
    metadata: { name: 'test-cleanup-controller', labels },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: ground.template(labels) },
  } as never);
  await readyPods(ground, selector, 1);
  const from = await versionOf(ground, Pods, selector);
  await create(ground, name, 1, { revisionHistoryLimit: 0 }, ground.template(labels, '2'));
  // One pod of the new template is made, and no other.
  const made = await event(
    ground,
    Pods,
    { resourceVersion: from, labelSelector: selector },
    ({ type, object }) => type === 'ADDED' && object.spec.containers[0]?.env?.[0]?.value === '2',
  );
  await until(
    'the old set is gone',
    async () => {
      const sets = await ground.list(ReplicaSets, selector);
      return sets.length === 1 && image(sets[0] as ReplicaSet) === '2';
    },
    patience,
  );
  await complete(ground, name);
  assert.deepEqual(
    (await alive(ground, selector)).map(({ metadata }) => metadata.uid),
    [made.metadata.uid],
  );
}

export async function rollover(ground: Ground): Promise<void> {
  const name = 'test-rollover-deployment';
  await ground.create(ReplicaSets, {
    metadata: { name: 'test-rollover-controller', labels },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: ground.template(labels) },
  } as never);
  await readyPods(ground, selector, 1);
  // The first template cannot become ready: the second change comes while the first is under way.
  const stuck = ground.template(labels, 'stuck', { containers: [{ image: 'registry.invalid/none:1' }] } as never);
  const strategy = { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
  const slow = ground.real ? stuck : ground.template(labels, 'stuck', { readinessGates: [{ conditionType: 'never.example.com/set' }] });
  await create(ground, name, 1, { minReadySeconds: 2, strategy }, slow);
  await until('the first change is under way', async () => (await setOf(ground, 'stuck'))?.status.replicas === 1, patience);
  const first = await setOf(ground, 'stuck');
  const old = await ground.get(ReplicaSets, 'test-rollover-controller');
  assert.equal(old.spec.replicas, 1, 'what is available stays');
  await updated(ground, Deployments, name, (one) => ({ ...one, spec: { ...one.spec, template: ground.template(labels, '2') } }));
  await complete(ground, name);
  for (const set of [first.metadata.name, old.metadata.name]) {
    const now = await ground.get(ReplicaSets, set);
    assert.deepEqual([now.spec.replicas, now.status.replicas], [0, 0], set);
  }
  const pod = (await alive(ground, selector))[0];
  assert.ok(pod && isPodAvailable(pod, 2, Date.now()));
}

export async function scale(ground: Ground): Promise<void> {
  await create(ground, 'test-new-deployment', 1);
  await complete(ground, 'test-new-deployment');
  await scaleSubresource(ground, Deployments, 'test-new-deployment');
}

export async function proportional(ground: Ground): Promise<void> {
  const name = 'webserver-deployment';
  const strategy = { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
  await create(ground, name, 10, { strategy });
  await complete(ground, name);
  const first = await setOf(ground, '1');
  assert.ok(first.metadata.labels?.[hash]);
  const second = ground.real
    ? ground.template(labels, '2', { containers: [{ image: 'registry.invalid/none:1' }] } as never)
    : ground.template(labels, '2', { readinessGates: [{ conditionType: 'never.example.com/set' }] });
  await updated(ground, Deployments, name, (old) => ({ ...old, spec: { ...old.spec, template: second } }));
  const sizes = async () => {
    const [a, b] = [await ground.get(ReplicaSets, first.metadata.name), await setOf(ground, '2')];
    return [a.spec.replicas, a.status.availableReplicas, b?.spec.replicas, b?.status.availableReplicas ?? 0].join();
  };
  // 10 + 3 in all, 8 available: what is new gets what is left.
  await until('the rollout stands still', async () => (await sizes()) === '8,8,5,0', patience);
  await updated(ground, Deployments, name, (old) => ({ ...old, spec: { ...old.spec, replicas: 30 } }));
  // 33 in all: 20 more, shared as 8 to 5.
  await until('both have grown', async () => (await sizes()).startsWith('20,20,13,'), patience);
}

export async function status(ground: Ground): Promise<void> {
  const from = await versionOf(ground, Deployments, 'e2e=testing');
  await create(ground, 'test-deployment-status', 1);
  const done = await complete(ground, 'test-deployment-status');
  assert.equal(done.metadata.annotations?.[revision], '1');
  await statusSubresource(ground, Deployments, { name: 'test-deployment-status', from, labelSelector: 'e2e=testing' });
}
