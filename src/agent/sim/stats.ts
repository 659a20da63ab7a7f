// What simulated containers use, as their scripts say.
import { rfc3339 } from '#base/clock.ts';
import type { Clock } from '#base/clock.ts';
import type { AgentStats } from '../parts.ts';
import { label } from '../sync/labels.ts';
import type { SimRuntime, SimUse } from './runtime.ts';

/** The statistics of a simulated node. */
export function createSimStats(clock: Clock, nodeName: string, runtime: Pick<SimRuntime, 'uses'>): AgentStats {
  const started = clock.now();
  const usage = (uses: readonly SimUse[]) => {
    const now = clock.now();
    const time = rfc3339(now);
    const millis = uses.reduce((sum, use) => sum + use.script.cpuMillis, 0);
    const bytes = uses.reduce((sum, use) => sum + use.script.memoryBytes, 0);
    const nanoseconds = uses.reduce((sum, use) => sum + use.script.cpuMillis * 1000 * (now - use.startedAt), 0);
    return {
      cpu: { time, usageNanoCores: millis * 1_000_000, usageCoreNanoSeconds: nanoseconds },
      memory: { time, usageBytes: bytes, workingSetBytes: bytes, rssBytes: bytes },
    };
  };
  return {
    async summary() {
      const all = runtime.uses();
      const pods = Map.groupBy(all, (use) => use.labels[label.podUid] ?? '');
      return {
        node: { nodeName, startTime: rfc3339(started), ...usage(all) },
        pods: [...pods].map(([uid, uses]) => {
          const { labels } = uses[0] as SimUse;
          return {
            podRef: { name: labels[label.podName] ?? '', namespace: labels[label.podNamespace] ?? '', uid },
            startTime: rfc3339(Math.min(...uses.map((use) => use.startedAt))),
            containers: uses.map((use) => ({
              name: use.labels[label.containerName] ?? '',
              startTime: rfc3339(use.startedAt),
              ...usage([use]),
            })),
            ...usage(uses),
          };
        }),
      };
    },
  };
}
