// Jobs against the real API server and scheduler; a pretended node ends their pods.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Job } from '#api/batch/v1/job.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { Events, Jobs, Pods } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import { createClient } from '#client/create.ts';
import { createInformers } from '#client/informer.ts';
import type { Transport } from '#client/transport.ts';
import { startGarbageCollector } from '#controllers/garbagecollector/controller.ts';
import { startJobController } from '#controllers/job/controller.ts';
import { startTtlAfterFinishedController } from '#controllers/ttlafterfinished/controller.ts';
import { startScheduler } from '#scheduler/scheduler.ts';
import { type ControllerBench, withControllers } from '../../support/controllers.ts';
import { addNode, startPretendNode } from '../../support/pretend.ts';
import { until } from '../../support/until.ts';

const namespace = 'default';
const limit = 60_000;
let bench: ControllerBench;
type End = { readonly phase: 'Succeeded' | 'Failed'; readonly exitCode: number } | undefined;
/** How pods of a Job end, by the Job's name; pods of others run on. */
const ends = new Map<string, (pod: Pod) => End>();
const jobOf = (pod: Pod): string => pod.metadata.labels?.['batch.kubernetes.io/job-name'] ?? '';
const indexOf = (pod: Pod): number => Number(pod.metadata.labels?.['batch.kubernetes.io/job-completion-index'] ?? -1);
const well = { phase: 'Succeeded', exitCode: 0 } as const;
const badly = (exitCode = 1): End => ({ phase: 'Failed', exitCode });

before(async () => {
  bench = await withControllers((deps) => [
    startScheduler(deps),
    startJobController(deps),
    startTtlAfterFinishedController(deps),
    startGarbageCollector(deps),
    startPretendNode(deps, { ends: (pod) => ends.get(jobOf(pod))?.(pod) }),
  ]);
  await addNode(bench.client, 'n1');
});
after(() => bench[Symbol.asyncDispose]());

const jobs = () => bench.client.resource(Jobs);
const pods = () => bench.client.resource(Pods);
const podsOf = async (name: string) => (await pods().list({ namespace, labelSelector: `batch.kubernetes.io/job-name=${name}` })).items;

function create(name: string, spec: Draft<Job['spec']> = {}, end?: (pod: Pod) => End, to = namespace): Promise<Job> {
  if (end !== undefined) ends.set(name, end);
  const pod = { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'x' }] };
  return jobs().create({ metadata: { name, namespace: to }, spec: { template: { spec: pod }, ...spec } } as Draft<Job>);
}

async function finished(name: string, type: 'Complete' | 'Failed'): Promise<Job> {
  const job = await until(
    `${name} is ${type}`,
    async () => {
      const found = await jobs().get(name, { namespace });
      return found.status.conditions?.some((condition) => condition.type === type && condition.status === 'True') && found;
    },
    limit,
  );
  const { active, ready, terminating, uncountedTerminatedPods } = job.status;
  assert.deepEqual([active ?? 0, ready ?? 0, terminating ?? 0, uncountedTerminatedPods ?? {}], [0, 0, 0, {}]);
  return job;
}
const reasons = ({ status }: Job): string[] => status.conditions?.map(({ type, reason }) => `${type}/${reason}`) ?? [];

test('a Job runs to its end; its pods keep no finalizers', async () => {
  await create('plain', { completions: 4, parallelism: 2 }, () => well);
  const job = await finished('plain', 'Complete');
  assert.equal(job.status.succeeded, 4);
  assert.ok(job.status.startTime && job.status.completionTime);
  assert.deepEqual(reasons(job), ['SuccessCriteriaMet/CompletionsReached', 'Complete/CompletionsReached']);
  assert.ok((await podsOf('plain')).every(({ metadata }) => metadata.finalizers === undefined));
  await until('its end is told', async () => {
    const { items } = await bench.client.resource(Events).list({ namespace, fieldSelector: 'involvedObject.name=plain' });
    return items.some(({ reason, message }) => reason === 'Completed' && message === 'Job completed');
  });
});

test('an Indexed Job runs every index, with its host name', async () => {
  await create('indexed', { completions: 4, parallelism: 2, completionMode: 'Indexed' }, () => well);
  const job = await finished('indexed', 'Complete');
  assert.equal(job.status.completedIndexes, '0-3');
  const list = await podsOf('indexed');
  assert.deepEqual(list.map(indexOf).toSorted(), [0, 1, 2, 3]);
  for (const pod of list) {
    assert.equal(pod.spec.hostname, `indexed-${indexOf(pod)}`);
    assert.equal(pod.spec.containers[0]?.env?.[0]?.name, 'JOB_COMPLETION_INDEX');
  }
});

test('indexes fail by themselves', async () => {
  const spec = { completions: 4, parallelism: 4, completionMode: 'Indexed', backoffLimitPerIndex: 0 } as const;
  await create('per-index', spec, (pod) => (indexOf(pod) % 2 === 0 ? badly() : well));
  const job = await finished('per-index', 'Failed');
  const { failedIndexes, completedIndexes, failed, succeeded } = job.status;
  assert.deepEqual(
    { failedIndexes, completedIndexes, failed, succeeded },
    { failedIndexes: '0,2', completedIndexes: '1,3', failed: 2, succeeded: 2 },
  );
  assert.deepEqual(reasons(job), ['FailureTarget/FailedIndexes', 'Failed/FailedIndexes']);
});

test('too many failed indexes end the Job', async () => {
  const spec = { completions: 4, parallelism: 4, completionMode: 'Indexed', backoffLimitPerIndex: 0, maxFailedIndexes: 0 } as const;
  await create('max-failed', spec, (pod) => (indexOf(pod) === 0 ? badly() : undefined));
  const job = await finished('max-failed', 'Failed');
  assert.deepEqual(reasons(job), ['FailureTarget/MaxFailedIndexesExceeded', 'Failed/MaxFailedIndexesExceeded']);
  assert.equal(job.status.failedIndexes, '0');
});

test('FailIndex and FailJob of the failure policy', async () => {
  const spec = { completions: 2, parallelism: 2, completionMode: 'Indexed', backoffLimitPerIndex: 1 } as const;
  const policy = (action: 'FailIndex' | 'FailJob') => ({
    podFailurePolicy: { rules: [{ action, onExitCodes: { operator: 'In' as const, values: [42] } }] },
  });
  await create('fail-index', { ...spec, ...policy('FailIndex') }, (pod) => (indexOf(pod) === 0 ? badly(42) : well));
  const byIndex = await finished('fail-index', 'Failed');
  assert.deepEqual([byIndex.status.failedIndexes, byIndex.status.completedIndexes], ['0', '1']);
  await create('fail-job', { completions: 3, parallelism: 3, ...policy('FailJob') }, () => badly(42));
  const whole = await finished('fail-job', 'Failed');
  assert.deepEqual(reasons(whole), ['FailureTarget/PodFailurePolicy', 'Failed/PodFailurePolicy']);
  assert.match(
    whole.status.conditions?.at(-1)?.message ?? '',
    /^Container c for pod default\/fail-job-\w+ failed with exit code 42 matching FailJob rule at index 0$/,
  );
});

test('a success policy ends the Job while indexes are pending', async () => {
  const spec = { completions: 5, parallelism: 5, completionMode: 'Indexed' } as const;
  await create('by-index', { ...spec, successPolicy: { rules: [{ succeededIndexes: '0' }] } }, (pod) =>
    indexOf(pod) === 0 ? well : undefined,
  );
  const first = await finished('by-index', 'Complete');
  assert.deepEqual([first.status.completedIndexes, ...reasons(first)], ['0', 'SuccessCriteriaMet/SuccessPolicy', 'Complete/SuccessPolicy']);
  await create('by-count', { ...spec, successPolicy: { rules: [{ succeededCount: 1 }] } }, (pod) =>
    indexOf(pod) === 3 ? well : undefined,
  );
  const second = await finished('by-count', 'Complete');
  assert.equal(second.status.completedIndexes, '3');
});

test('failures beyond the limit end the Job', async () => {
  await create('hopeless', { backoffLimit: 0 }, () => badly());
  const job = await finished('hopeless', 'Failed');
  assert.deepEqual([job.status.failed, ...reasons(job)], [1, 'FailureTarget/BackoffLimitExceeded', 'Failed/BackoffLimitExceeded']);
});

test('pods are adopted and released by their labels', async () => {
  await create('adopt', { completions: 2, parallelism: 2 });
  const list = await until('two pods', async () => {
    const found = await podsOf('adopt');
    return found.length === 2 && found;
  });
  const name = list[0]?.metadata.name ?? '';
  await pods().patch(name, { metadata: { ownerReferences: null } }, { type: 'merge', namespace });
  await until('adopted', async () => (await pods().get(name, { namespace })).metadata.ownerReferences?.[0]?.kind === 'Job', limit);
  await pods().patch(name, { metadata: { labels: null } }, { type: 'merge', namespace });
  await until('released', async () => (await pods().get(name, { namespace })).metadata.ownerReferences === undefined, limit);
  await jobs().delete('adopt', { namespace, options: { propagationPolicy: 'Background' } });
  await until('the rest is gone', async () => (await podsOf('adopt')).length === 0, limit);
  await pods().delete(name, { namespace });
  await until(
    'the released pod is gone too',
    () =>
      pods()
        .get(name, { namespace })
        .then(() => false, isNotFound),
    limit,
  );
});

test('suspending removes pods, resuming makes them anew; another manager is left alone', async () => {
  await create('pause', { suspend: true, parallelism: 2, completions: 2 });
  await until('suspended', async () => reasons(await jobs().get('pause', { namespace })).includes('Suspended/JobSuspended'));
  assert.equal((await podsOf('pause')).length, 0);
  await jobs().patch('pause', { spec: { suspend: false } }, { type: 'merge', namespace });
  await until('two pods', async () => (await podsOf('pause')).length === 2, limit);
  await jobs().patch('pause', { spec: { suspend: true } }, { type: 'merge', namespace });
  await until('no pods', async () => (await podsOf('pause')).length === 0, limit);
  await create('foreign', { managedBy: 'example.com/other' });
  await until('seen', () => bench.informers.of(Jobs).lister.get('foreign', namespace) !== undefined);
  assert.deepEqual((await jobs().get('foreign', { namespace })).status, {});
});

test('a finished Job goes when its time is up', async () => {
  await create('brief', { ttlSecondsAfterFinished: 0 }, () => well);
  await until(
    'gone',
    () =>
      jobs()
        .get('brief', { namespace })
        .then(() => false, isNotFound),
    limit,
  );
  await until('pods too', async () => (await podsOf('brief')).length === 0, limit);
});

/** A transport of a process that dies: after so many requests nothing gets through any more. `died`: one was held back. */
function dying(transport: Transport, requests: number): Transport & { died(): boolean } {
  let left = requests;
  return {
    ...transport,
    died: () => left < 0,
    send(request) {
      if (request.method !== 'GET' && left-- <= 0) return Promise.reject(new Error('the process has died'));
      return transport.send(request);
    },
  };
}

test('counts are exact, whatever request the controller dies at', async () => {
  // A namespace that the other controller does not look at: Jobs of another manager until they are handed over.
  await using api = await withControllers((deps) => [
    startScheduler(deps),
    startPretendNode(deps, { ends: (pod) => (pod.metadata.annotations?.fails === 'yes' ? badly() : well) }),
  ]);
  await addNode(api.client, 'n1');
  const made = new Set<string>();
  api.informers.of(Pods).onChange({ added: ({ metadata }) => made.add(metadata.uid ?? '') });
  const completions = 6;
  await api.client.resource(Jobs).create({
    metadata: { name: 'exact', namespace },
    spec: { completions, parallelism: 3, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } } },
  } as Draft<Job>);
  for (let life = 1; ; life++) {
    const transport = dying(api.client.transport, life % 5);
    const client = createClient(transport);
    const informers = createInformers(api.client, api.world);
    const quiet = { ...api.world, log: { ...api.world.log, child: () => ({ ...api.world.log, warn: () => {} }) } };
    const controller = startJobController({ client, informers, world: quiet as typeof api.world });
    informers.start();
    await controller.ready;
    const done = async () =>
      (await api.client.resource(Jobs).get('exact', { namespace })).status.conditions?.some(({ type }) => type === 'Complete');
    await until('a life', async () => transport.died() || done());
    await controller[Symbol.asyncDispose]();
    await informers[Symbol.asyncDispose]();
    if (await done()) break;
    assert.ok(life < 200, 'the Job never completes');
  }
  const { status } = await api.client.resource(Jobs).get('exact', { namespace });
  assert.equal(status.succeeded, completions);
  assert.equal(status.failed ?? 0, 0);
  await until('every pod is seen', () => made.size >= completions);
  assert.equal(made.size, completions, 'no pod too many');
});
