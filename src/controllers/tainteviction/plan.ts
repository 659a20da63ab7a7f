// Pure: when a pod must leave its node because of NoExecute taints.
import type { Taint, Toleration } from '#api/core/v1/affinity.ts';
import { tolerates } from '#api/taints.ts';

/** Never. */
export const stays = Number.POSITIVE_INFINITY;

/** The NoExecute taints among all. */
export function noExecute(taints: readonly Taint[] | undefined): readonly Taint[] {
  return taints?.filter(({ effect }) => effect === 'NoExecute') ?? [];
}

/** Milliseconds for which tolerations bear a taint: 0 when they do not, `stays` when they do for ever. */
function borne(taint: Taint, tolerations: readonly Toleration[]): number {
  const matching = tolerations.filter((toleration) => tolerates(toleration, taint));
  if (matching.length === 0) return 0;
  const limits = matching.flatMap(({ tolerationSeconds }) =>
    tolerationSeconds === undefined ? [] : [Math.max(0, Number(tolerationSeconds)) * 1000],
  );
  return limits.length === 0 ? stays : Math.min(...limits);
}

/** The time (on the clock of `since`) at which the pod must go. `since` says when a taint began to count for the pod. */
export function leaveAt(taints: readonly Taint[], tolerations: readonly Toleration[] | undefined, since: (taint: Taint) => number): number {
  let earliest = stays;
  for (const taint of noExecute(taints)) {
    const patience = borne(taint, tolerations ?? []);
    // A taint that is not tolerated at all counts from ever.
    earliest = Math.min(earliest, patience === 0 ? Number.NEGATIVE_INFINITY : since(taint) + patience);
  }
  return earliest;
}
