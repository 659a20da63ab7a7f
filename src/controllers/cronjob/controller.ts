// CronJobs: Jobs by the clock. Decisions are in plan.ts.
import { messageOf } from '#base/errors.ts';
import type { Component } from '#base/world.ts';
import type { CronJob, CronJobStatus } from '#api/batch/v1/cronjob.ts';
import type { Job } from '#api/batch/v1/job.ts';
import type { ObjectReference } from '#api/core/v1/reference.ts';
import { controllerOf, keyOf } from '#api/object.ts';
import { CronJobs, Jobs } from '#api/refs.ts';
import { hasCause, isAlreadyExists, isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder, referenceTo } from '#client/events.ts';
import { semanticEqual } from '../equal.ts';
import { byController, controllerKeys } from '../replicas/controller.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { endOf, type Plan, planCronJob } from './plan.ts';

/** setTimeout counts in 31 bits: what is due later is looked at again before. */
const longestWait = 24 * 3_600_000;

/** Starts the controller. */
export function startCronJobController(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const crons = informers.of(CronJobs);
  const jobs = informers.of(Jobs);
  jobs.addIndex(byController, controllerKeys);
  const cronClient = client.resource(CronJobs);
  const jobClient = client.resource(Jobs);
  const recorder = createRecorder(client, world, { component: 'cronjob-controller' });

  /** Which active Jobs the cache does not have and the server does not either. */
  async function missingOf(cron: CronJob, own: readonly Job[]): Promise<ReadonlySet<string>> {
    const missing = new Set<string>();
    for (const { uid = '', name = '' } of cron.status.active ?? []) {
      if (own.some(({ metadata }) => metadata.uid === uid)) continue;
      try {
        const job = await jobClient.get(name, { namespace: cron.metadata.namespace ?? '' });
        if (job.metadata.uid !== uid) missing.add(uid);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        missing.add(uid);
      }
    }
    return missing;
  }

  async function remove(cron: CronJob, name: string, uid: string | undefined): Promise<void> {
    const options = { propagationPolicy: 'Background', ...(uid ? { preconditions: { uid } } : {}) };
    try {
      await jobClient.delete(name, { namespace: cron.metadata.namespace ?? '', options });
      recorder.event(cron, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`);
    } catch (error) {
      if (isNotFound(error)) return;
      recorder.event(cron, 'Warning', 'FailedDelete', `Deleted job: ${messageOf(error)}`);
      throw error;
    }
  }

  /** Makes the Job; undefined when it is there already and not ours to run. */
  async function create(cron: CronJob, draft: NonNullable<Plan['create']>): Promise<Job | undefined> {
    const namespace = cron.metadata.namespace ?? '';
    try {
      const job = await jobClient.create(draft, { namespace });
      recorder.event(cron, 'Normal', 'SuccessfulCreate', `Created job ${job.metadata.name}`);
      return job;
    } catch (error) {
      if (hasCause(error, 'NamespaceTerminating')) return undefined;
      if (isAlreadyExists(error)) {
        // Made in an earlier life, before the status could be written.
        const job = await jobClient.get(draft.metadata.name, { namespace });
        if (controllerOf(job)?.uid === cron.metadata.uid) return job;
      }
      recorder.event(cron, 'Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`);
      throw error;
    }
  }

  async function act(cron: CronJob, plan: Plan): Promise<CronJobStatus> {
    for (const job of plan.cleanUp) await remove(cron, job.metadata.name, job.metadata.uid);
    let status = plan.status;
    for (const { name = '', uid } of plan.replace) {
      await remove(cron, name, uid);
      status = { ...status, active: (status.active ?? []).filter((other) => other.uid !== uid) };
    }
    if (plan.create === undefined) return status;
    const job = await create(cron, plan.create);
    if (job === undefined) return cron.status;
    const reference: ObjectReference = referenceTo({ ...job, apiVersion: 'batch/v1', kind: 'Job' });
    return { ...status, active: [...(status.active ?? []), reference] };
  }

  async function reconcile(key: string): Promise<void | { requeueAfter: number }> {
    const cached = crons.lister.getByKey(key);
    if (cached === undefined) return;
    const own = jobs.lister.byIndex(byController, cached.metadata.uid ?? '');
    const isListed = ({ metadata }: Job): boolean => cached.status.active?.some(({ uid }) => uid === metadata.uid) ?? false;
    const planFor = async (cron: CronJob): Promise<Plan> =>
      planCronJob({ cron, jobs: own, missing: await missingOf(cron, own), now: world.clock.now() });
    let cron = cached;
    let plan = await planFor(cron);
    // A Job that is not listed: probably our own status, which the cache does not show yet. What is started is started by the
    // newest status in any case, or two Jobs would run where one is allowed.
    if (plan.create !== undefined || own.some((job) => endOf(job) === undefined && !isListed(job))) {
      cron = await cronClient.get(cached.metadata.name, { namespace: cached.metadata.namespace ?? '' });
      if (cron.metadata.uid !== cached.metadata.uid) return;
      plan = await planFor(cron);
    }
    for (const { type, reason, message } of plan.events) recorder.event(cron, type, reason, message);
    const status = await act(cron, plan);
    if (!semanticEqual(status, cron.status)) await cronClient.updateStatus({ ...cron, status });
    if (plan.wait !== undefined) return { requeueAfter: Math.min(plan.wait, longestWait) };
  }

  const handle = startController({ name: 'cronjob', world, synced: allSynced(crons, jobs), reconcile });

  function jobChanged(job: Job): void {
    const ref = controllerOf(job);
    const cron = ref?.kind === 'CronJob' ? crons.lister.get(ref.name, job.metadata.namespace) : undefined;
    if (cron !== undefined && cron.metadata.uid === ref?.uid) handle.enqueue(keyOf(cron));
  }

  return withCleanup(
    handle,
    crons.onChange({
      added: (cron) => handle.enqueue(keyOf(cron)),
      updated: (cron) => handle.enqueue(keyOf(cron)),
    }),
    jobs.onChange({ added: jobChanged, updated: jobChanged, deleted: jobChanged }),
    () => recorder[Symbol.asyncDispose](),
  );
}
