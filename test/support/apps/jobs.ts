// Jobs, as test/e2e/apps/job.go of the conformance suite tries them.
import assert from 'node:assert/strict';
import type { Job } from '#api/batch/v1/job.ts';
import { controllerOf } from '#api/object.ts';
import { ConfigMaps, Jobs, Pods } from '#api/refs.ts';
import { until } from '../until.ts';
import { busybox, event, type Ground, patience, patched, updated, versionOf } from './ground.ts';

/** A job of one container that runs a script. */
export function job(name: string, script: string, spec: object = {}, pod: object = {}, container: object = {}): never {
  const { containers = [], ...more } = pod as { containers?: readonly object[] };
  return {
    metadata: { name },
    spec: {
      ...spec,
      template: {
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'c', image: busybox, command: ['sh', '-c', script], ...container }, ...containers],
          ...more,
        },
      },
    },
  } as never;
}
const half = { parallelism: 2, completions: 4, backoffLimit: 6 };
const indexed = { ...half, completionMode: 'Indexed' };
/** Everything but what is named fails. */
const evenSucceed = '[ $JOB_COMPLETION_INDEX = 0 ] || [ $JOB_COMPLETION_INDEX = 2 ] || exit 1';
const forever = 'sleep 1000000';

const hasCondition = ({ status }: Job, type: string, reason?: string): boolean =>
  status.conditions?.some((one) => one.type === type && one.status === 'True' && (reason === undefined || one.reason === reason)) ?? false;
const reaches = (ground: Ground, name: string, type: string, reason?: string) =>
  ground.until(Jobs, name, (one) => hasCondition(one, type, reason), patience);
const podsOf = (ground: Ground, name: string) => ground.list(Pods, `batch.kubernetes.io/job-name=${name}`);
const running = (ground: Ground, name: string, count: number) =>
  until(
    `${count} pods of ${name} run`,
    async () => {
      const pods = (await podsOf(ground, name)).filter(({ status, metadata }) => status.phase === 'Running' && !metadata.deletionTimestamp);
      return pods.length === count && pods;
    },
    patience,
  );
/** The interim condition comes with or before the last one, and all finalizers are gone with it. */
async function ends(ground: Ground, name: string, type: 'Complete' | 'Failed', reason?: string): Promise<Job> {
  await reaches(ground, name, type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget', reason);
  const done = await reaches(ground, name, type, reason);
  assert.deepEqual([done.status.active ?? 0, done.status.ready ?? 0, done.status.terminating ?? 0], [0, 0, 0]);
  assert.ok((await podsOf(ground, name)).every(({ metadata }) => metadata.finalizers === undefined));
  return done;
}

export async function restartsLocally(ground: Ground): Promise<void> {
  const once = '[ -f /data/seen ] && exit 0; touch /data/seen; exit 1';
  const volumes = { restartPolicy: 'OnFailure', volumes: [{ name: 'data', emptyDir: {} }] };
  await ground.create(Jobs, job('fail-once-local', once, half, volumes, { volumeMounts: [{ name: 'data', mountPath: '/data' }] }));
  const { status } = await ends(ground, 'fail-once-local', 'Complete');
  assert.equal(status.succeeded, 4);
  assert.ok((await podsOf(ground, 'fail-once-local')).every((pod) => pod.status.containerStatuses?.[0]?.restartCount === 1));
}

export async function indexes(ground: Ground): Promise<void> {
  await ground.create(Jobs, job('indexed-job', '[ "$JOB_COMPLETION_INDEX" != "" ] || exit 1', indexed));
  const { status } = await ends(ground, 'indexed-job', 'Complete');
  assert.equal(status.completedIndexes, '0-3');
  const annotation = 'batch.kubernetes.io/job-completion-index';
  const pods = (await podsOf(ground, 'indexed-job')).filter((pod) => pod.status.phase === 'Succeeded');
  assert.deepEqual(pods.map(({ metadata, spec }) => `${metadata.annotations?.[annotation]} ${spec.hostname}`).toSorted(), [
    '0 indexed-job-0',
    '1 indexed-job-1',
    '2 indexed-job-2',
    '3 indexed-job-3',
  ]);
}

export async function deletes(ground: Ground): Promise<void> {
  await ground.create(Jobs, job('foo', forever, half));
  await running(ground, 'foo', 2);
  await ground.of(Jobs).delete('foo', { namespace: ground.namespace, options: { propagationPolicy: 'Foreground' } });
  await ground.untilGone(Jobs, 'foo', patience);
  await until('its pods are gone', async () => (await podsOf(ground, 'foo')).length === 0, patience);
}

export async function adoptsAndReleases(ground: Ground): Promise<void> {
  const made = await ground.create(Jobs, job('adopt-release', forever, half));
  const [pod] = await running(ground, 'adopt-release', 2);
  const name = pod?.metadata.name ?? '';
  await updated(ground, Pods, name, (old) => ({ ...old, metadata: { ...old.metadata, ownerReferences: [] } }));
  await ground.until(Pods, name, (now) => controllerOf(now)?.uid === made.metadata.uid);
  await updated(ground, Pods, name, (old) => ({ ...old, metadata: { ...old.metadata, labels: {} } }));
  await ground.until(Pods, name, (now) => controllerOf(now) === undefined);
}

export async function limitsPerIndex(ground: Ground): Promise<void> {
  const { backoffLimit: _, ...spec } = indexed;
  await ground.create(Jobs, job('per-index', evenSucceed, { ...spec, backoffLimitPerIndex: 1 }));
  const { status } = await ends(ground, 'per-index', 'Failed', 'FailedIndexes');
  assert.deepEqual([status.failedIndexes, status.completedIndexes, status.failed, status.succeeded], ['1,3', '0,2', 4, 2]);
}

export async function limitsFailedIndexes(ground: Ground): Promise<void> {
  const spec = { parallelism: 1, completions: 4, completionMode: 'Indexed', backoffLimitPerIndex: 0, maxFailedIndexes: 0 };
  await ground.create(Jobs, job('max-failed', 'exit 1', spec));
  const { status } = await ends(ground, 'max-failed', 'Failed', 'MaxFailedIndexesExceeded');
  assert.deepEqual([status.failedIndexes, status.failed], ['0', 1]);
}

const onExit = (action: string, ...values: number[]) => ({ action, onExitCodes: { operator: 'In', values } });

export async function failsIndexes(ground: Ground): Promise<void> {
  const spec = { parallelism: 2, completions: 2, completionMode: 'Indexed', backoffLimitPerIndex: 1 };
  await ground.create(Jobs, job('fail-index', evenSucceed, { ...spec, podFailurePolicy: { rules: [onExit('FailIndex', 1)] } }));
  const { status } = await ends(ground, 'fail-index', 'Failed', 'FailedIndexes');
  assert.deepEqual([status.failedIndexes, status.completedIndexes, status.failed, status.succeeded], ['1', '0', 1, 1]);
}

export async function failsAtOnce(ground: Ground): Promise<void> {
  await ground.create(Jobs, job('fail-job', 'exit 1', { ...half, podFailurePolicy: { rules: [onExit('FailJob', 1)] } }));
  await ends(ground, 'fail-job', 'Failed', 'PodFailurePolicy');
}

/** Index 0 runs until it is evicted, and ends well when it is made again; the eviction does not count as a failure. */
async function ignoresEviction(ground: Ground, name: string, rules: readonly object[]): Promise<void> {
  await ground.create(ConfigMaps, { metadata: { name: 'markers' }, data: { evicted: 'no' } });
  const env = [{ name: 'EVICTED', valueFrom: { configMapKeyRef: { name: 'markers', key: 'evicted' } } }];
  const script = `[ $JOB_COMPLETION_INDEX != 0 ] || [ $EVICTED = yes ] || ${forever}`;
  await ground.create(Jobs, job(name, script, { ...indexed, backoffLimit: 0, podFailurePolicy: { rules } }, {}, { env }));
  await ground.until(Jobs, name, ({ status }) => status.succeeded === 3, patience);
  const [pod] = await running(ground, name, 1);
  const { namespace } = ground;
  const target = pod?.metadata.name ?? '';
  await patched(ground, ConfigMaps, 'markers', { data: { evicted: 'yes' } });
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: target, namespace } };
  await ground.of(Pods).createSub(target, 'eviction', eviction, { namespace });
  await ground.untilGone(Pods, target, patience);
  const { status } = await ends(ground, name, 'Complete');
  assert.deepEqual([status.completedIndexes, status.succeeded], ['0-3', 4]);
}
export const ignoresEvictionByCode = (ground: Ground): Promise<void> =>
  // 137: killed; 143: ended by SIGTERM; 0 and no other is a success.
  ignoresEviction(ground, 'evicted-exit-code', [onExit('Ignore', 137, 143)]);
export const ignoresEvictionByCondition = (ground: Ground): Promise<void> =>
  ignoresEviction(ground, 'evicted-condition', [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    onExit('Ignore', 137, 143),
  ]);

async function succeedsEarly(ground: Ground, name: string, rules: readonly object[], script: string): Promise<Job> {
  const spec = { parallelism: 2, completions: 2, completionMode: 'Indexed', successPolicy: { rules } };
  await ground.create(Jobs, job(name, script, spec));
  const done = await ends(ground, name, 'Complete', 'SuccessPolicy');
  assert.equal(done.status.conditions?.find(({ type }) => type === 'Complete')?.reason, 'SuccessPolicy');
  return done;
}
const onlyFirst = `[ $JOB_COMPLETION_INDEX = 0 ] || ${forever}`;
export async function succeedsByAll(ground: Ground): Promise<void> {
  const { status } = await succeedsEarly(ground, 'success-all', [{ succeededIndexes: '0-1' }], 'exit 0');
  assert.deepEqual([status.completedIndexes, status.failedIndexes], ['0,1', undefined]);
}
export async function succeedsByIndex(ground: Ground): Promise<void> {
  const { status } = await succeedsEarly(ground, 'success-index', [{ succeededIndexes: '0' }], onlyFirst);
  assert.equal(status.completedIndexes, '0');
}
export async function succeedsByCount(ground: Ground): Promise<void> {
  const { status } = await succeedsEarly(ground, 'success-count', [{ succeededCount: 1 }], onlyFirst);
  assert.equal(status.completedIndexes, '0');
}

export async function startsSuspended(ground: Ground): Promise<void> {
  await ground.create(Jobs, job('suspended', 'exit 0', { ...half, suspend: true }));
  await reaches(ground, 'suspended', 'Suspended');
  assert.equal((await podsOf(ground, 'suspended')).length, 0);
  await updated(ground, Jobs, 'suspended', (old) => ({ ...old, spec: { ...old.spec, suspend: false } }));
  assert.equal((await ends(ground, 'suspended', 'Complete')).status.succeeded, 4);
}

export async function suspends(ground: Ground): Promise<void> {
  await ground.create(Jobs, job('to-suspend', forever, { ...half, suspend: false }));
  await running(ground, 'to-suspend', 2);
  await updated(ground, Jobs, 'to-suspend', (old) => ({ ...old, spec: { ...old.spec, suspend: true } }));
  await until('its pods are gone', async () => (await podsOf(ground, 'to-suspend')).length === 0, patience);
  await reaches(ground, 'to-suspend', 'Suspended');
}

export async function status(ground: Ground): Promise<void> {
  const made = await ground.create(Jobs, job('job-status', forever, half));
  await running(ground, 'job-status', 2);
  const at = (lastTransitionTime: string) => ({ type: 'CustomConditionType', status: 'True', lastTransitionTime });
  const body = { metadata: { annotations: { patchedstatus: 'true' } }, status: { conditions: [at('2026-01-01T00:00:00Z')] } };
  const first = await patched(ground, Jobs, 'job-status', body, { type: 'merge', subresource: 'status' });
  assert.equal(first.status.conditions?.[0]?.lastTransitionTime, '2026-01-01T00:00:00Z');
  assert.equal(first.metadata.annotations?.['patchedstatus'], 'true');
  const second = await updated(
    ground,
    Jobs,
    'job-status',
    (old) => ({
      ...old,
      status: { ...old.status, conditions: old.status.conditions?.map((one) => ({ ...one, lastTransitionTime: '2026-01-02T00:00:00Z' })) },
    }),
    'status',
  );
  assert.equal(second.status.conditions?.find(({ type }) => type === 'CustomConditionType')?.lastTransitionTime, '2026-01-02T00:00:00Z');
  const read = await ground.of(Jobs).get('job-status', { namespace: ground.namespace, subresource: 'status' });
  assert.equal(read.metadata.uid, made.metadata.uid);
}

export async function lifecycle(ground: Ground): Promise<void> {
  const name = `e2e-${ground.namespace}`;
  const labelSelector = `e2e-job-label=${name}`;
  const from = await versionOf(ground, Jobs, labelSelector);
  const { spec } = job(name, 'exit 0', { ...half, suspend: true }) as Job;
  await ground.create(Jobs, { metadata: { name, labels: { 'e2e-job-label': name } }, spec } as never);
  await patched(ground, Jobs, name, { metadata: { labels: { [name]: 'patched' } } });
  const isModified = (key: 'labels' | 'annotations', at: string, value: string) => (one: { type: string; object: Job }) =>
    one.type === 'MODIFIED' && one.object.metadata[key]?.[at] === value;
  const seen = await event(ground, Jobs, { resourceVersion: from, labelSelector }, isModified('labels', name, 'patched'));
  await updated(ground, Jobs, name, (old) => ({
    ...old,
    metadata: { ...old.metadata, annotations: { ...old.metadata.annotations, updated: 'true' } },
    spec: { ...old.spec, suspend: false },
  }));
  const resourceVersion = seen.metadata.resourceVersion ?? '';
  await event(ground, Jobs, { resourceVersion, labelSelector }, isModified('annotations', 'updated', 'true'));
  assert.equal((await ground.of(Jobs).list({ labelSelector })).items.length, 1);
  await ends(ground, name, 'Complete');
  const selection = { namespace: ground.namespace, labelSelector };
  await ground.of(Jobs).deleteCollection(selection, { options: { propagationPolicy: 'Background' } });
  await event(ground, Jobs, { resourceVersion, labelSelector }, ({ type }) => type === 'DELETED');
  assert.equal((await ground.of(Jobs).list({ labelSelector })).items.length, 0);
}
