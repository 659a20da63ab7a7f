// Jobs: no more pods at once than asked for, and every pod that ends is counted once.
import type { Job } from '#api/batch/v1/job.ts';
import { controllerOf, keyOf } from '#api/object.ts';
import { isConditionTrue, isPodActive } from '#api/podutil.ts';
import { Jobs, Pods } from '#api/refs.ts';
import type { Cluster } from '../cluster.ts';
import { lag, managersCalmFor, podsOf } from './rule.ts';

/** Numbers in a list of ranges such as `0-2,5`. */
export function indexCount(ranges: string | undefined): number {
  return (ranges ?? '')
    .split(',')
    .filter((range) => range !== '')
    .map((range) => range.split('-').map(Number))
    .reduce((sum, [from = 0, to = from]) => sum + to - from + 1, 0);
}

/** Watches the counts of every Job. */
export function jobRules(cluster: Cluster): void {
  /** Pods of each Job that have succeeded, and all that it ever had. */
  const succeeded = new Map<string, Set<string>>();
  const had = new Map<string, Set<string>>();
  const note = (sets: Map<string, Set<string>>, job: string, pod: string): void => {
    const set = sets.get(job) ?? new Set<string>();
    sets.set(job, set.add(pod));
  };

  /** A new pod has room among those at work. A creation whose answer was lost is made good later. */
  function isNotTooMuch(uid: string): void {
    const job = cluster.truth.list(Jobs).find(({ metadata }) => metadata.uid === uid);
    if (job === undefined || managersCalmFor(cluster) < lag) return;
    const active = podsOf(cluster, uid).filter(isPodActive);
    const most = Math.max(job.spec.parallelism ?? 1, resized.get(uid) ?? 0);
    if (active.length > most)
      cluster.violated('Jobs keep to their parallelism', `${keyOf(job)} has ${active.length} pods at work of ${most}`);
    const indexes = active.map(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/job-completion-index']);
    if (job.spec.completionMode === 'Indexed' && new Set(indexes).size < active.length)
      cluster.violated('Jobs run an index once', `${keyOf(job)} runs ${indexes.join()}`);
  }
  /** The parallelism that was wished before the controller has heard of another. */
  const resized = new Map<string, number>();

  cluster.truth.on(Pods, (next) => {
    const owner = next && controllerOf(next);
    if (next === undefined || owner?.kind !== 'Job') return;
    if (!had.get(owner.uid)?.has(next.metadata.uid ?? '')) isNotTooMuch(owner.uid);
    note(had, owner.uid, next.metadata.uid ?? '');
    if (next.status.phase === 'Succeeded') note(succeeded, owner.uid, next.metadata.uid ?? '');
  });

  cluster.truth.on(Jobs, (next, previous) => {
    if (next === undefined) return;
    const complain = (message: string): void => cluster.violated('Job counts are exact', `${keyOf(next)}: ${message}`);
    const { metadata, spec, status } = next;
    const uid = metadata.uid ?? '';
    if (previous !== undefined && previous.spec.parallelism !== spec.parallelism) {
      resized.set(uid, Math.max(previous.spec.parallelism ?? 1, spec.parallelism ?? 1));
      cluster.time.after(lag, () => resized.delete(uid));
    }
    const done = status?.succeeded ?? 0;
    const failed = status?.failed ?? 0;
    const before: Partial<NonNullable<Job['status']>> = previous?.metadata.uid === uid ? (previous?.status ?? {}) : {};
    if (done < (before.succeeded ?? 0)) complain(`succeeded went from ${before.succeeded} to ${done}`);
    if (failed < (before.failed ?? 0)) complain(`failed went from ${before.failed} to ${failed}`);
    const really = succeeded.get(uid)?.size ?? 0;
    if (done > really) complain(`${done} counted as succeeded, ${really} did`);
    const all = had.get(uid)?.size ?? 0;
    if (done + failed > all) complain(`${done} + ${failed} counted, there were ${all} pods`);
    if (spec.completionMode === 'Indexed') {
      const indexes = indexCount(status?.completedIndexes);
      if (indexes > (spec.completions ?? 0)) complain(`${status?.completedIndexes} completed of ${spec.completions}`);
    }
    if (!isConditionTrue(status?.conditions, 'Complete') || isConditionTrue(before.conditions, 'Complete')) return;
    if (spec.completions !== undefined && done < spec.completions) complain(`complete with ${done} of ${spec.completions}`);
  });
}
