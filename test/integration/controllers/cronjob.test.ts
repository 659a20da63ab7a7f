// CronJobs against the real API server, on a clock that the test moves.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CronJob } from '#api/batch/v1/cronjob.ts';
import type { Job } from '#api/batch/v1/job.ts';
import type { Draft } from '#api/object.ts';
import { CronJobs, Events, Jobs } from '#api/refs.ts';
import { rfc3339 } from '#base/clock.ts';
import { createTestClock, type TestClock } from '#base/testclock.ts';
import { startCronJobController } from '#controllers/cronjob/controller.ts';
import { startGarbageCollector } from '#controllers/garbagecollector/controller.ts';
import { createWorld } from '#host/world.ts';
import { type ControllerBench, withControllers } from '../../support/controllers.ts';
import { until } from '../../support/until.ts';

const namespace = 'default';
const limit = 60_000;
let bench: ControllerBench;
let clock: TestClock;

before(async () => {
  // In the middle of a minute, for the server as well: what is made now is due in the next one.
  clock = createTestClock({ start: Date.UTC(2026, 0, 1, 12, 0, 30), settle: () => sleep(5) });
  const real = createWorld({ logLevel: 'warn' });
  bench = await withControllers((deps) => [startCronJobController(deps), startGarbageCollector({ ...deps, world: real })], {
    world: { ...real, clock },
  });
});
after(() => bench[Symbol.asyncDispose]());

const crons = () => bench.client.resource(CronJobs);
const jobs = () => bench.client.resource(Jobs);
const minute = () => clock.advance(60_000);

/** Resolves when the controller has seen it and waits for its next minute. */
async function create(name: string, spec: Draft<CronJob['spec']> = {}): Promise<void> {
  const pod = { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] };
  const jobTemplate = { metadata: { labels: { cron: name } }, spec: { template: { spec: pod } } };
  await crons().create({ metadata: { name, namespace }, spec: { schedule: '*/1 * * * ?', jobTemplate, ...spec } } as Draft<CronJob>);
  await until('seen', () => bench.informers.of(CronJobs).lister.get(name, namespace) !== undefined);
  await clock.settle();
}
const jobsOf = async (name: string) => (await jobs().list({ namespace, labelSelector: `cron=${name}` })).items;
const activeOf = async (name: string) => (await crons().get(name, { namespace })).status.active ?? [];
const active = (name: string, count: number) =>
  until(
    `${name} has ${count} active`,
    async () => {
      const list = await activeOf(name);
      return list.length === count && list;
    },
    limit,
  );
async function finish(job: Job | undefined): Promise<void> {
  const now = rfc3339(clock.now());
  const types = ['SuccessCriteriaMet', 'Complete'];
  const conditions = types.map((type) => ({ type, status: 'True', lastProbeTime: now, lastTransitionTime: now }));
  const status = { startTime: now, completionTime: now, succeeded: 1, conditions };
  await jobs().patch(job?.metadata.name ?? '', { status }, { type: 'merge', subresource: 'status', namespace });
}
const remove = (name: string) => crons().delete(name, { namespace, options: { propagationPolicy: 'Background' } });

// Conformance: [sig-apps] CronJob should schedule multiple jobs concurrently [Conformance]
test('jobs start by the clock, beside each other when that is allowed', async () => {
  await create('allow');
  await minute();
  const [first] = await active('allow', 1);
  assert.match(first?.name ?? '', /^allow-\d+$/);
  assert.equal(first?.kind, 'Job');
  await minute();
  await active('allow', 2);
  const cron = await crons().get('allow', { namespace });
  assert.ok(cron.status.lastScheduleTime);
  const [job] = await jobsOf('allow');
  assert.equal(job?.metadata.ownerReferences?.[0]?.uid, cron.metadata.uid);
  assert.ok(job?.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']);
  await finish(job);
  await active('allow', 1);
  await until('last success', async () => (await crons().get('allow', { namespace })).status.lastSuccessfulTime !== undefined, limit);
  const wanted = [
    `SuccessfulCreate: Created job ${first?.name}`,
    `SawCompletedJob: Saw completed job: ${job?.metadata.name}, condition: Complete`,
  ];
  const told = await until('the events', async () => {
    const { items } = await bench.client.resource(Events).list({ namespace, fieldSelector: 'involvedObject.name=allow' });
    const all = items.map(({ reason, message }) => `${reason}: ${message}`);
    return wanted.every((line) => all.includes(line)) && all;
  });
  assert.ok(!told.some((line) => line.startsWith('UnexpectedJob')), told.join('\n'));
  await remove('allow');
  await until('all gone', async () => (await jobsOf('allow')).length === 0, limit);
});

// Conformance: [sig-apps] CronJob should not schedule new jobs when ForbidConcurrent [Slow] [Conformance]
test('Forbid waits for the one that runs', async () => {
  await create('forbid', { concurrencyPolicy: 'Forbid' });
  await minute();
  await minute();
  const [first] = await active('forbid', 1);
  await minute();
  await minute();
  assert.deepEqual(
    (await activeOf('forbid')).map(({ uid }) => uid),
    [first?.uid],
  );
  assert.equal((await jobsOf('forbid')).length, 1);
  await finish((await jobsOf('forbid'))[0]);
  await until('the next one', async () => (await activeOf('forbid')).some(({ uid }) => uid !== first?.uid), limit);
  await remove('forbid');
});

// Conformance: [sig-apps] CronJob should replace jobs when ReplaceConcurrent [Conformance]
test('Replace ends the one that runs', async () => {
  await create('replace', { concurrencyPolicy: 'Replace' });
  await minute();
  await minute();
  const [first] = await active('replace', 1);
  await minute();
  await until(
    'another',
    async () => {
      const list = await activeOf('replace');
      return list.length === 1 && list[0]?.uid !== first?.uid;
    },
    limit,
  );
  await until('the first is gone', async () => (await jobsOf('replace')).length === 1, limit);
  await remove('replace');
});

test('a suspended CronJob starts nothing; history is kept short', async () => {
  await create('short', { successfulJobsHistoryLimit: 1 });
  for (let round = 1; round <= 3; round++) {
    await minute();
    const running = await until(
      'a job',
      async () => {
        const list = (await jobsOf('short')).filter(({ status }) => status.completionTime === undefined);
        return list.length > 0 && list;
      },
      limit,
    );
    for (const job of running) await finish(job);
    await active('short', 0);
  }
  await until('one is left', async () => (await jobsOf('short')).length === 1, limit);
  await crons().patch('short', { spec: { suspend: true } }, { type: 'merge', namespace });
  await until('seen', () => bench.informers.of(CronJobs).lister.get('short', namespace)?.spec.suspend === true);
  await minute();
  await minute();
  assert.equal((await activeOf('short')).length, 0);
  await remove('short');
});
