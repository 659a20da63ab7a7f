// Pure: on which node preemption does the least harm.
import type { NodeInfo } from '../nodeinfo.ts';
import type { PodInfo } from '../podinfo.ts';

/** What would have to go for the pod to fit a node. */
export interface Candidate {
  readonly node: NodeInfo;
  /** Most important first; never empty. */
  readonly victims: readonly PodInfo[];
  readonly violations: number;
}

/** Milliseconds since the epoch; pods that have not been started count as started just now. */
function startOf(pod: PodInfo): number {
  const { startTime } = pod.pod.status;
  return startTime === undefined ? Number.POSITIVE_INFINITY : Date.parse(startTime);
}

/** Order of importance: by priority, then the pod that has run longer. */
export function byImportance(a: PodInfo, b: PodInfo): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  const [one, other] = [startOf(a), startOf(b)];
  return one === other ? 0 : one - other;
}

/** When the first of the most important victims was started. */
function earliestStart({ victims }: Candidate): number {
  const highest = victims[0]?.priority;
  return Math.min(...victims.filter((pod) => pod.priority === highest).map(startOf));
}

/** Smaller is better, in this order; priorities are shifted so that more victims are never fewer points. */
const measures: readonly ((candidate: Candidate) => number)[] = [
  (candidate) => candidate.violations,
  (candidate) => candidate.victims[0]?.priority ?? 0,
  (candidate) => candidate.victims.reduce((sum, pod) => sum + pod.priority + 2 ** 31, 0),
  (candidate) => candidate.victims.length,
  (candidate) => -earliestStart(candidate),
];

/** The least harmful candidate; the first of several that are alike. */
export function pickCandidate(candidates: readonly Candidate[]): Candidate | undefined {
  let left = candidates;
  for (const measure of measures) {
    if (left.length < 2) break;
    const values = left.map(measure);
    const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    left = left.filter((_, i) => values[i] === least);
  }
  return left[0];
}
