// PodDisruptionBudgets and the API of CronJobs, as test/e2e/apps/{disruption,cronjob}.go of the conformance suite try them.
import assert from 'node:assert/strict';
import type { PodDisruptionBudget } from '#api/policy/v1/poddisruptionbudget.ts';
import { CronJobs, PodDisruptionBudgets, Pods } from '#api/refs.ts';
import { isNotFound, type StatusError } from '#api/status.ts';
import { until } from '../until.ts';
import { event, type Ground, patience, named, patched, readyPods, updated } from './ground.ts';
import { job } from './jobs.ts';
import { deleteCollection } from './parts.ts';

const labels = { foo: 'bar' };

const budget = (ground: Ground, name: string, spec: object, more: object = labels): Promise<PodDisruptionBudget> =>
  ground.create(PodDisruptionBudgets, { metadata: { name, labels: more }, spec: { selector: { matchLabels: labels }, ...spec } } as never);
/** The controller has seen it: its status tells of its newest spec. */
const processed = (ground: Ground, name: string) =>
  ground.until(
    PodDisruptionBudgets,
    name,
    ({ metadata, status }) => (status.observedGeneration ?? 0) >= (metadata.generation ?? 0),
    patience,
  );
async function createPods(ground: Ground, count: number): Promise<void> {
  const { spec } = ground.template(labels) as { spec: object };
  for (let index = 0; index < count; index++) await ground.create(Pods, { metadata: { name: `pod-${index}`, labels }, spec } as never);
}
const evict = (ground: Ground, name: string): Promise<unknown> => {
  const { namespace } = ground;
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
  return ground.of(Pods).createSub(name, 'eviction', body, { namespace });
};

export async function creates(ground: Ground): Promise<void> {
  await budget(ground, 'defaultpdb', { minAvailable: '1%' });
  await processed(ground, 'defaultpdb');
  const body = { spec: { minAvailable: '2%' } };
  assert.equal(
    (await updated(ground, PodDisruptionBudgets, 'defaultpdb', (old) => ({ ...old, spec: { ...old.spec, ...body.spec } }))).spec
      .minAvailable,
    '2%',
  );
  await processed(ground, 'defaultpdb');
  const merged = await patched(ground, PodDisruptionBudgets, 'defaultpdb', { spec: { minAvailable: '3%' } }, { type: 'merge' });
  assert.equal(merged.spec.minAvailable, '3%');
  await processed(ground, 'defaultpdb');
  await ground.remove(PodDisruptionBudgets, 'defaultpdb');
  await ground.untilGone(PodDisruptionBudgets, 'defaultpdb');
}

export async function counts(ground: Ground): Promise<void> {
  await budget(ground, 'foo', { minAvailable: 2 });
  await createPods(ground, 3);
  await readyPods(ground, 'foo=bar', 3);
  await ground.until(PodDisruptionBudgets, 'foo', ({ status }) => status.disruptionsAllowed > 0, patience);
}

export async function statusWrites(ground: Ground): Promise<void> {
  await budget(ground, 'foo', { minAvailable: 1 });
  await createPods(ground, 1);
  await readyPods(ground, 'foo=bar', 1);
  await ground.until(PodDisruptionBudgets, 'foo', ({ status }) => status.currentHealthy === 1, patience);
  // The eviction of a pod as it stands in `disruptedPods` is what a client writes; the budget's own status stays consistent.
  const at = '2026-01-01T00:00:00Z';
  const written = await updated(
    ground,
    PodDisruptionBudgets,
    'foo',
    (old) => ({ ...old, status: { ...old.status, disruptedPods: { 'pod-0': new Date().toISOString().replace(/\.\d+/, '') } } }),
    'status',
  );
  assert.ok(written.status.disruptedPods?.['pod-0']);
  const again = await patched(
    ground,
    PodDisruptionBudgets,
    'foo',
    { metadata: { annotations: { patchedstatus: 'true' } }, status: { disruptedPods: { 'pod-0': at } } },
    { type: 'merge', subresource: 'status' },
  );
  assert.equal(again.status.disruptedPods?.['pod-0'], at);
  const read = await ground.of(PodDisruptionBudgets).get('foo', { namespace: ground.namespace, subresource: 'status' });
  assert.equal(read.metadata.uid, again.metadata.uid);
}

export async function blocks(ground: Ground): Promise<void> {
  await createPods(ground, 3);
  await readyPods(ground, 'foo=bar', 3);
  await budget(ground, 'foo', { minAvailable: 3 });
  await ground.until(PodDisruptionBudgets, 'foo', ({ status }) => status.currentHealthy === 3 && status.disruptionsAllowed === 0, patience);
  const isBlocked = ({ code, status, message }: StatusError): boolean =>
    code === 429 &&
    status.details?.causes?.[0]?.reason === 'DisruptionBudget' &&
    message === "Cannot evict pod as it would violate the pod's disruption budget.";
  await assert.rejects(evict(ground, 'pod-0'), isBlocked);
  await updated(ground, PodDisruptionBudgets, 'foo', (old) => ({ ...old, spec: { ...old.spec, minAvailable: 2 } }));
  await ground.until(PodDisruptionBudgets, 'foo', ({ status }) => status.disruptionsAllowed === 1, patience);
  await evict(ground, 'pod-0');
  await ground.untilGone(Pods, 'pod-0', patience);
  // The last word of an update is what counts, be it by patch.
  await patched(ground, PodDisruptionBudgets, 'foo', { spec: { minAvailable: 2 } }, { type: 'merge' });
  await ground.until(PodDisruptionBudgets, 'foo', ({ status }) => status.currentHealthy === 2 && status.disruptionsAllowed === 0, patience);
  await assert.rejects(evict(ground, 'pod-1'), isBlocked);
  await ground.remove(PodDisruptionBudgets, 'foo');
  await until('without the budget it goes', async () => (await evict(ground, 'pod-1').catch(() => undefined)) !== undefined, patience);
  await ground.untilGone(Pods, 'pod-1', patience);
}

export async function collections(ground: Ground): Promise<void> {
  const label = named('pdbs');
  for (const name of ['foo', 'foo2', 'foo3']) await budget(ground, name, { minAvailable: 1 }, { ...labels, budgets: label });
  for (const name of ['foo', 'foo2', 'foo3']) await processed(ground, name);
  assert.equal((await ground.list(PodDisruptionBudgets)).length, 3);
  await deleteCollection(ground, PodDisruptionBudgets, `budgets=${label}`, 3);
}

export async function cronJobApi(ground: Ground): Promise<void> {
  const { namespace } = ground;
  const crons = ground.of(CronJobs);
  const label = named('special');
  const labelSelector = `special-label=${label}`;
  const { spec } = job('x', 'true') as { spec: object };
  const draft = (name: string) => ({
    metadata: { name, labels: { 'special-label': label } },
    spec: {
      schedule: '* */1 * * ?',
      concurrencyPolicy: 'Allow',
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 0,
      jobTemplate: { spec },
    },
  });
  const made = await ground.create(CronJobs, draft('test-api') as never);
  assert.equal((await ground.get(CronJobs, 'test-api')).metadata.uid, made.metadata.uid);
  const own = await crons.list({ namespace, labelSelector });
  assert.equal(own.items.length, 1);
  assert.equal((await crons.list({ labelSelector })).items.length, 1);
  const annotated = await patched(ground, CronJobs, 'test-api', { metadata: { annotations: { patched: 'true' } } }, { type: 'merge' });
  assert.equal(annotated.metadata.annotations?.['patched'], 'true');
  const replaced = await updated(ground, CronJobs, 'test-api', (old) => ({
    ...old,
    metadata: { ...old.metadata, annotations: { ...old.metadata.annotations, updated: 'true' } },
  }));
  assert.equal(replaced.metadata.annotations?.['updated'], 'true');
  await event(ground, CronJobs, { resourceVersion: own.metadata.resourceVersion ?? '', labelSelector }, ({ type, object }) => {
    assert.equal(type, 'MODIFIED');
    return object.metadata.annotations?.['patched'] === 'true';
  });
  const at = (lastScheduleTime: string) => ({ status: { lastScheduleTime } });
  const body = { metadata: { annotations: { patchedstatus: 'true' } }, ...at('2026-01-01T00:00:00Z') };
  const first = await patched(ground, CronJobs, 'test-api', body, { type: 'merge', subresource: 'status' });
  assert.equal(first.status.lastScheduleTime, '2026-01-01T00:00:00Z');
  assert.equal(first.metadata.annotations?.['patchedstatus'], 'true');
  const second = await updated(ground, CronJobs, 'test-api', (old) => ({ ...old, ...at('2026-01-02T00:00:00Z') }), 'status');
  assert.equal(second.status.lastScheduleTime, '2026-01-02T00:00:00Z');
  assert.equal((await crons.get('test-api', { namespace, subresource: 'status' })).metadata.uid, made.metadata.uid);
  await ground.create(CronJobs, draft('for-removal') as never);
  await ground.remove(CronJobs, 'for-removal');
  await assert.rejects(ground.get(CronJobs, 'for-removal'), isNotFound);
  await deleteCollection(ground, CronJobs, labelSelector, 1);
}
