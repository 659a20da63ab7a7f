// The sentence that tells a user why a pod is pending, as kube-scheduler words it.
import { histogram, rejectionAt, type Verdict } from './verdict.ts';

/** `0/3 nodes are available: <detail>.` */
export function noneAvailable(total: number, detail: string): string {
  return detail === '' ? `0/${total} nodes are available:` : `0/${total} nodes are available: ${detail}.`;
}

/** The message of the FailedScheduling event and of the PodScheduled condition. */
export function pendingMessage(verdict: Verdict, postFilter?: string): string {
  const total = verdict.nodes.length;
  if (total === 0) return 'no nodes available to schedule pods';
  const detail =
    verdict.upFront === undefined
      ? histogram(verdict.nodes.map((_, index) => rejectionAt(verdict, index)))
      : verdict.upFront.reasons.join(', ');
  const base = noneAvailable(total, detail);
  return postFilter === undefined || postFilter === '' ? base : `${base} ${postFilter}`;
}
