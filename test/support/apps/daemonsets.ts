// DaemonSets and ControllerRevisions, as test/e2e/apps/{daemon_set,controller_revision}.go of the conformance suite try them.
import assert from 'node:assert/strict';
import type { ControllerRevision } from '#api/apps/v1/controllerrevision.ts';
import type { DaemonSet } from '#api/apps/v1/daemonset.ts';
import { controllerOf } from '#api/object.ts';
import { isPodReady } from '#api/podutil.ts';
import { ControllerRevisions, DaemonSets, Nodes, Pods } from '#api/refs.ts';
import { until } from '../until.ts';
import { alive, type Ground, patience, named, patched, schedulableNodes, updated, versionOf } from './ground.ts';
import { deleteCollection, statusSubresource } from './parts.ts';

const labels = { 'daemonset-name': 'daemon-set' };
const selector = 'daemonset-name=daemon-set';
const hash = 'controller-revision-hash';

const create = (ground: Ground, spec: object = {}, template: object = ground.template(labels)): Promise<DaemonSet> =>
  ground.create(DaemonSets, {
    metadata: { name: 'daemon-set', labels },
    spec: { selector: { matchLabels: labels }, template, ...spec },
  } as never);
/** Waits until exactly one available pod runs on each of these nodes, and none elsewhere; the status says so too. */
async function runsOn(ground: Ground, nodes: readonly string[]): Promise<void> {
  const wanted = nodes.toSorted().join();
  await until(
    `daemon pods on ${wanted}`,
    async () => {
      const pods = (await alive(ground, selector)).filter((pod) => controllerOf(pod)?.kind === 'DaemonSet');
      return (
        pods.every(isPodReady) &&
        pods
          .map(({ spec }) => spec.nodeName)
          .toSorted()
          .join() === wanted
      );
    },
    patience,
  );
  const count = nodes.length;
  await ground.until(
    DaemonSets,
    'daemon-set',
    ({ status }) =>
      status.desiredNumberScheduled === count && status.currentNumberScheduled === count && (status.numberReady ?? 0) === count,
    patience,
  );
}
const revisions = async (ground: Ground): Promise<readonly ControllerRevision[]> =>
  (await ground.list(ControllerRevisions, selector)).toSorted((a, b) => a.revision - b.revision);
/** Every pod carries the hash of the newest revision, which has this number. */
async function newest(ground: Ground, number: number): Promise<void> {
  await until(`revision ${number}`, async () => (await revisions(ground)).at(-1)?.revision === number);
  const last = (await revisions(ground)).at(-1)?.metadata.labels?.[hash];
  assert.ok(last);
  assert.ok((await alive(ground, selector)).every(({ metadata }) => metadata.labels?.[hash] === last));
}
const versions = async (ground: Ground) => (await alive(ground, selector)).map((pod) => pod.spec.containers[0]?.env?.[0]?.value);
const newVersion = (ground: Ground, template: object) =>
  updated(ground, DaemonSets, 'daemon-set', (old) => ({ ...old, spec: { ...old.spec, template } }));

export async function simple(ground: Ground): Promise<void> {
  const nodes = await schedulableNodes(ground);
  await create(ground);
  await runsOn(ground, nodes);
  const [pod] = await alive(ground, selector);
  await ground.remove(Pods, pod?.metadata.name ?? '');
  await until('the pod is replaced', async () =>
    (await alive(ground, selector)).every(({ metadata }) => metadata.uid !== pod?.metadata.uid),
  );
  await runsOn(ground, nodes);
}

export async function complex(ground: Ground): Promise<void> {
  const key = `daemonset-color-${ground.namespace}`;
  const [node = ''] = await schedulableNodes(ground);
  const colour = (value: string | null) => ground.of(Nodes).patch(node, { metadata: { labels: { [key]: value } } }, { type: 'merge' });
  try {
    await create(ground, {}, ground.template(labels, '1', { nodeSelector: { [key]: 'blue' } }));
    await runsOn(ground, []);
    await colour('blue');
    await runsOn(ground, [node]);
    await colour('green');
    await runsOn(ground, []);
    await patched(ground, DaemonSets, 'daemon-set', {
      spec: { template: { spec: { nodeSelector: { [key]: 'green' } } }, updateStrategy: { type: 'RollingUpdate' } },
    });
    await runsOn(ground, [node]);
  } finally {
    await colour(null);
  }
}

export async function retriesFailed(ground: Ground): Promise<void> {
  const nodes = await schedulableNodes(ground);
  await create(ground);
  await runsOn(ground, nodes);
  const [pod] = await alive(ground, selector);
  const failed = await updated(
    ground,
    Pods,
    pod?.metadata.name ?? '',
    (old) => ({ ...old, status: { ...old.status, phase: 'Failed' } }),
    'status',
  );
  assert.equal(failed.status.phase, 'Failed');
  await ground.untilGone(Pods, failed.metadata.name, patience);
  await runsOn(ground, nodes);
}

export async function rolls(ground: Ground): Promise<void> {
  const nodes = await schedulableNodes(ground);
  await create(ground, { updateStrategy: { type: 'RollingUpdate' } });
  await runsOn(ground, nodes);
  await newest(ground, 1);
  await patched(ground, DaemonSets, 'daemon-set', {
    spec: { template: { spec: { containers: [{ name: 'web', env: [{ name: 'VERSION', value: '2' }] }] } } },
  });
  await until('all pods are new', async () => (await versions(ground)).join() === nodes.map(() => '2').join(), patience);
  await runsOn(ground, nodes);
  await newest(ground, 2);
}

/** Needs two nodes: the rollout must be half done when it is rolled back. */
export async function rollsBack(ground: Ground): Promise<void> {
  const nodes = await schedulableNodes(ground);
  assert.ok(nodes.length >= 2);
  await create(ground, { updateStrategy: { type: 'RollingUpdate' } });
  await runsOn(ground, nodes);
  const stuck = ground.real
    ? ground.template(labels, '2', { containers: [{ image: 'foo:non-existent' }] } as never)
    : ground.template(labels, '2', { readinessGates: [{ conditionType: 'never.example.com/set' }] });
  await newVersion(ground, stuck);
  await until('the rollout is half done', async () => (await versions(ground)).includes('2'), patience);
  const good = (await alive(ground, selector)).filter((pod) => pod.spec.containers[0]?.env?.[0]?.value === '1');
  assert.equal(good.length, nodes.length - 1);
  await newVersion(ground, ground.template(labels));
  await until('all pods are as before', async () => (await versions(ground)).join() === nodes.map(() => '1').join(), patience);
  await runsOn(ground, nodes);
  const after = new Set((await alive(ground, selector)).map(({ metadata }) => metadata.uid));
  assert.ok(
    good.every(({ metadata }) => after.has(metadata.uid)),
    'what was good is not restarted',
  );
}

export async function collection(ground: Ground): Promise<void> {
  const label = named('collection');
  await create(ground);
  await patched(ground, DaemonSets, 'daemon-set', { metadata: { labels: { collection: label } } });
  await runsOn(ground, await schedulableNodes(ground));
  await deleteCollection(ground, DaemonSets, `collection=${label}`, 1);
}

export async function status(ground: Ground): Promise<void> {
  const from = await versionOf(ground, DaemonSets);
  await create(ground);
  await runsOn(ground, await schedulableNodes(ground));
  await statusSubresource(ground, DaemonSets, { name: 'daemon-set', from, labelSelector: selector });
}

export async function controllerRevisions(ground: Ground): Promise<void> {
  const { namespace } = ground;
  const all = ground.of(ControllerRevisions);
  const made = await create(ground);
  await runsOn(ground, await schedulableNodes(ground));
  const [first] = await revisions(ground);
  assert.ok(first && controllerOf(first)?.uid === made.metadata.uid);
  const { name } = first.metadata;
  const everywhere = await all.list({ labelSelector: selector });
  assert.ok(everywhere.items.some(({ metadata }) => metadata.uid === first.metadata.uid));
  assert.equal(
    (await patched(ground, ControllerRevisions, name, { metadata: { labels: { [name]: 'patched' } } })).metadata.labels?.[name],
    'patched',
  );
  // One by hand, of the same set.
  const byHand = await all.create({
    metadata: {
      name: `${name}-by-hand`,
      namespace,
      labels: { ...labels, [`${name}-by-hand`]: 'made' },
      ownerReferences: first.metadata.ownerReferences ?? [],
    },
    data: first.data,
    revision: first.revision + 1,
  } as never);
  await until('two revisions', async () => (await revisions(ground)).length === 2);
  await all.delete(name, { namespace });
  await until('the first one is replaced or gone', async () =>
    (await revisions(ground)).every(({ metadata }) => metadata.uid !== first.metadata.uid),
  );
  const replaced = await updated(ground, ControllerRevisions, byHand.metadata.name, (old) => ({
    ...old,
    metadata: { ...old.metadata, labels: { ...old.metadata.labels, updated: namespace } },
  }));
  assert.equal(replaced.metadata.labels?.['updated'], namespace);
  await deleteCollection(ground, ControllerRevisions, `updated=${namespace}`, 1);
  // A change of the template numbers on.
  await patched(ground, DaemonSets, 'daemon-set', { spec: { template: { spec: { terminationGracePeriodSeconds: 2 } } } });
  await until('a revision of the change', async () => (await revisions(ground)).length >= 1);
  await until(
    'its data is the new template',
    async () => (await revisions(ground)).some(({ data }) => JSON.stringify(data).includes('"terminationGracePeriodSeconds":2')),
    patience,
  );
  await ground.remove(DaemonSets, 'daemon-set');
}
