// What containers use, as metrics.k8s.io tells it: read off the machines at once, where an agent lives that could be asked.
import { createSimStats } from '#agent/sim/stats.ts';
import type { PodMetrics } from '#api/metrics/v1beta1/podmetrics.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Clock } from '#base/clock.ts';
import type { MetricsCollector } from '#metrics/collector.ts';
import { podMetrics, type Summary } from '#metrics/convert.ts';
import { podMoves } from '#metrics/moves.ts';
import type { Machine } from './machine.ts';

/** Usage of the pods on these machines; `pod` finds a pod by its uid. */
export function createUsage(time: Clock, machines: () => readonly Machine[], pod: (uid: string) => Pod | undefined): MetricsCollector {
  async function read(namespace?: string, wanted: (pod: Pod) => boolean = () => true): Promise<PodMetrics[]> {
    const found: PodMetrics[] = [];
    for (const { name, runtime, agent } of machines()) {
      if (runtime === undefined || agent === undefined) continue;
      const { pods } = (await createSimStats(time, name, runtime).summary()) as Summary;
      for (const stats of pods) {
        const owner = pod(stats.podRef.uid);
        if (owner === undefined || (namespace !== undefined && owner.metadata.namespace !== namespace) || !wanted(owner)) continue;
        const metrics = podMetrics(owner, stats);
        if (metrics !== undefined) found.push(metrics);
      }
    }
    return found;
  }
  return {
    nodes: () => Promise.resolve([]),
    pods: read,
    moves: (namespace, wanted, signal) => podMoves(() => read(namespace, wanted), time, signal),
  };
}
