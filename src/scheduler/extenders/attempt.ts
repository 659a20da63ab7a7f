// A scheduling attempt in which extenders are asked. They take their time and the cluster goes on: what was found before is
// looked at again when they have answered, and nothing is decided on a picture that is no longer true.
import type { Cycle } from '../cycle.ts';
import { extenderName, type Rejection } from '../framework.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import type { PodInfo } from '../podinfo.ts';
import type { Attempt, Search } from '../search.ts';
import type { ClusterCache } from '../snapshot.ts';
import { passFilters, pointsOf, type Round } from './rounds.ts';

export interface ExtendedInput {
  readonly cycle: Cycle;
  readonly cache: ClusterCache;
  readonly round: Round;
  /** The pod as it is now; undefined when it is not to be scheduled any more. */
  readonly pod: () => PodInfo | undefined;
}

/** Looks for a node; undefined when the pod went away meanwhile. Rejects when an extender fails that may not be ignored. */
export async function extendedAttempt({ cycle, cache, round, pod }: ExtendedInput): Promise<Attempt | undefined> {
  for (let nominated = true; ; nominated = false) {
    const before = pod();
    if (before === undefined) return undefined;
    const found = cycle.find(before, cache, nominated);
    if ('ok' in found) return found;
    const searched = cache.nodes;
    const passed = await passFilters(round, before.pod, found.feasible);
    // The node where room was made is not the extenders' choice: then all are looked at.
    if (passed.nodes.length === 0 && found.nominated) continue;
    const points = passed.nodes.length > 1 ? await pointsOf(round, before.pod, passed.nodes) : undefined;
    const now = pod();
    if (now === undefined) return undefined;
    const known = new Map<string, Rejection>(passed.rejections);
    searched.forEach((node, i) => {
      const rejection = found.rejections[i];
      if (rejection !== undefined) known.set(node.name, rejection);
    });
    return cycle.choose(now, cache, {
      nodes: passed.nodes,
      known,
      narrowed: found.prepared.narrowed,
      rejectedBy: refusers(found, passed.nodes),
      ...(points === undefined ? {} : { points }),
    });
  }
}

/** Who said no before the choice. */
function refusers({ rejections, feasible, prepared }: Search, left: readonly NodeInfo[]): Set<string> {
  const names = new Set(prepared.narrowed);
  for (const rejection of rejections) if (rejection !== undefined) names.add(rejection.plugin);
  if (left.length !== feasible.length) names.add(extenderName);
  return names;
}
