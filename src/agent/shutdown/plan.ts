// Who goes when the machine goes down, and how long each may take: pure.
import type { Pod } from '#api/core/v1/pod.ts';

/** Pods of this priority and above, up to the next period's, end together and get so long. */
export interface ShutdownPeriod {
  readonly priority: number;
  readonly seconds: number;
}

/** What a pod is told that ends with its machine. */
export const shutdownFailure = { reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.' } as const;

const criticalPriority = 2_000_000_000;

/** The periods that kubelet's two plain settings mean, in seconds: the last part of the whole is for critical pods alone. */
export function plainPeriods(whole: number, critical: number): ShutdownPeriod[] {
  if (whole <= 0 || critical > whole) return [];
  return [
    { priority: 0, seconds: whole - critical },
    { priority: criticalPriority, seconds: critical },
  ];
}

/** The whole time in seconds. */
export const shutdownSeconds = (periods: readonly ShutdownPeriod[]): number => periods.reduce((sum, { seconds }) => sum + seconds, 0);

export interface ShutdownGroup {
  readonly seconds: number;
  readonly pods: readonly Pod[];
}

/** The groups in the order of their end, without those that have no pods. Pods below the lowest priority go with the first. */
export function shutdownGroups(periods: readonly ShutdownPeriod[], pods: readonly Pod[]): ShutdownGroup[] {
  const ordered = periods.toSorted((a, b) => a.priority - b.priority);
  const groups = ordered.map(({ seconds }) => ({ seconds, pods: [] as Pod[] }));
  for (const pod of pods) {
    const index = ordered.findLastIndex(({ priority }) => priority <= (pod.spec.priority ?? 0));
    groups[Math.max(0, index)]?.pods.push(pod);
  }
  return groups.filter((group) => group.pods.length > 0);
}

/** Seconds that a pod gets: its own wish, at most its group's time. */
export const shutdownGrace = (pod: Pod, seconds: number): number =>
  Math.min(Number(pod.spec.terminationGracePeriodSeconds ?? seconds), seconds);
