// CronJobs: where it is forbidden, no two of their Jobs are at work.
import { controllerOf, keyOf } from '#api/object.ts';
import { isConditionTrue } from '#api/podutil.ts';
import type { Job } from '#api/batch/v1/job.ts';
import { CronJobs, Jobs } from '#api/refs.ts';
import type { Cluster } from '../cluster.ts';

const isAtWork = ({ metadata, status }: Job): boolean =>
  metadata.deletionTimestamp === undefined && !['Complete', 'Failed'].some((type) => isConditionTrue(status?.conditions, type));

/** Watches the Jobs that CronJobs start. */
export function cronJobsForbid(cluster: Cluster): void {
  cluster.truth.on(Jobs, (next, previous) => {
    const owner = next && controllerOf(next);
    if (next === undefined || previous !== undefined || owner?.kind !== 'CronJob') return;
    const cron = cluster.truth.list(CronJobs).find(({ metadata }) => metadata.uid === owner.uid);
    if (cron?.spec.concurrencyPolicy !== 'Forbid') return;
    const other = cluster.truth.list(Jobs).find((job) => job !== next && controllerOf(job)?.uid === owner.uid && isAtWork(job));
    if (other !== undefined) cluster.violated('CronJobs forbid', `${keyOf(next)} was started while ${keyOf(other)} is at work`);
  });
}
