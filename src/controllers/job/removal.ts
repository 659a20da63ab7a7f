// Which active pods a Job gives up first. Pure.
import type { Job } from '#api/batch/v1/job.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { isPodReady } from '#api/podutil.ts';
import { indexOf } from './indexes.ts';
import { isIndexed } from './tally.ts';

const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/** The least useful first: without a node, pending, unready, young. */
function byUse(a: Pod, b: Pod): number {
  const created = (pod: Pod): number => Date.parse(pod.metadata.creationTimestamp ?? '') || 0;
  return (
    Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName)) ||
    (phaseRank[a.status.phase ?? ''] ?? 0) - (phaseRank[b.status.phase ?? ''] ?? 0) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    created(b) - created(a) ||
    (a.metadata.name < b.metadata.name ? -1 : 1)
  );
}

/** At least `count` pods; of an Indexed Job also those beyond its indexes and all but one of each index. */
export function rankForRemoval(job: Job, active: readonly Pod[], count: number): readonly Pod[] {
  const ranked = active.toSorted(byUse);
  if (!isIndexed(job)) return ranked.slice(0, count);
  const seen = new Set<number>();
  const misplaced: Pod[] = [];
  const placed: Pod[] = [];
  for (const pod of ranked.toReversed()) {
    const index = indexOf(pod);
    if (index === undefined || index >= (job.spec.completions ?? 0) || seen.has(index)) misplaced.push(pod);
    else {
      seen.add(index);
      placed.push(pod);
    }
  }
  // The highest indexes go first, so that the low ones finish first.
  const others = placed.toSorted((a, b) => (indexOf(b) ?? 0) - (indexOf(a) ?? 0));
  return [...misplaced, ...others].slice(0, Math.max(count, misplaced.length));
}
