// Why no node would do, node by node.
import type { Rejection } from './framework.ts';
import type { NodeInfo } from './nodeinfo.ts';

/** The outcome of an attempt that found no node. */
export interface Verdict {
  /** All nodes of the cluster at the time. */
  readonly nodes: readonly NodeInfo[];
  /** By the same index as `nodes`; undefined: see `others`. */
  readonly rejections: readonly (Rejection | undefined)[];
  /** For nodes that were not looked at one by one. */
  readonly others?: Rejection;
  /** Set when a plugin rejected the pod before looking at nodes: its words stand for all. */
  readonly upFront?: Rejection;
  /** Plugins that said no: an event that satisfies one of them is worth another attempt. */
  readonly plugins: ReadonlySet<string>;
}

/** The rejection of one node by its index. */
export function rejectionAt(verdict: Verdict, index: number): Rejection | undefined {
  return verdict.rejections[index] ?? verdict.others ?? verdict.upFront;
}

/** How often each reason was given, as `<count> <reason>`, sorted as text and joined. */
export function histogram(rejections: Iterable<Rejection | undefined>): string {
  const counts = new Map<string, number>();
  for (const rejection of rejections) {
    if (rejection === undefined) continue;
    for (const reason of rejection.reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .toSorted()
    .join(', ');
}
