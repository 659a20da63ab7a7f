// The sentence that tells a user why a pod is pending, as kube-scheduler words it.
import type { Verdict } from './cycle.ts';
import type { Rejection } from './framework.ts';

/** `1 Insufficient cpu, 2 node(s) were unschedulable`, sorted as text. */
function histogram(rejections: Iterable<Rejection>): string {
  const counts = new Map<string, number>();
  for (const rejection of rejections) for (const reason of rejection.reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .toSorted()
    .join(', ');
}

function sentence(total: number, detail: string): string {
  return `0/${total} nodes are available: ${detail}.`;
}

/** What preemption found, for pods that nothing was preempted for. */
export function preemptionMessage(verdict: Verdict, policy: string | undefined): string {
  if (policy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  let [helpless, noVictims] = [0, 0];
  for (const rejection of verdict.byNode.values()) {
    if (rejection.code === 'unresolvable') helpless++;
    else noVictims++;
  }
  const parts = [
    ...(noVictims > 0 ? [`${noVictims} No preemption victims found for incoming pod`] : []),
    ...(helpless > 0 ? [`${helpless} Preemption is not helpful for scheduling`] : []),
  ].toSorted();
  return sentence(verdict.total, parts.join(', '));
}

/** The message of the FailedScheduling event and of the PodScheduled condition. */
export function pendingMessage(verdict: Verdict, preemption?: string): string {
  if (verdict.total === 0) return 'no nodes available to schedule pods';
  if (verdict.upFront !== undefined) return sentence(verdict.total, verdict.upFront.reasons.join(', '));
  const base = sentence(verdict.total, histogram(verdict.byNode.values()));
  return preemption === undefined ? base : `${base} no new claims to deallocate, preemption: ${preemption}`;
}
