// A node's statistics summary as metrics.k8s.io objects. Pure.
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { NodeMetrics } from '#api/metrics/v1beta1/nodemetrics.ts';
import type { PodMetrics } from '#api/metrics/v1beta1/podmetrics.ts';

interface Usage {
  readonly cpu?: { readonly time?: string; readonly usageNanoCores?: number };
  readonly memory?: { readonly time?: string; readonly workingSetBytes?: number };
}

/** The part of the kubelet's `/stats/summary` that is used here. */
export interface Summary {
  readonly node: Usage;
  readonly pods: readonly PodSummary[];
}
export interface PodSummary {
  readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly containers?: readonly (Usage & { readonly name: string })[];
}

/** The time over which a node works out CPU use. */
const window = '10s';

/** `usage` as quantities; undefined while CPU use is not known yet (it needs two samples). */
function usageOf(usage: Usage): { cpu: string; memory: string } | undefined {
  const cpu = usage.cpu?.usageNanoCores;
  const memory = usage.memory?.workingSetBytes;
  if (cpu === undefined || memory === undefined) return undefined;
  return { cpu: `${Math.round(cpu)}n`, memory: `${Math.floor(memory / 1024)}Ki` };
}

const timeOf = (usage: Usage): string => usage.cpu?.time ?? usage.memory?.time ?? '1970-01-01T00:00:00Z';

/** The usage of a node. */
export function nodeMetrics(node: Node, summary: Summary): NodeMetrics | undefined {
  const usage = usageOf(summary.node);
  if (usage === undefined) return undefined;
  const { name, labels } = node.metadata;
  return {
    kind: 'NodeMetrics',
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: { name, creationTimestamp: timeOf(summary.node), ...(labels ? { labels } : {}) },
    timestamp: timeOf(summary.node),
    window,
    usage,
  };
}

/** The usage of a pod's containers; undefined when the pod is not the one that the node speaks of, or a container is not measured yet. */
export function podMetrics(pod: Pod | undefined, stats: PodSummary): PodMetrics | undefined {
  if (pod === undefined || pod.metadata.uid !== stats.podRef.uid) return undefined;
  const containers = (stats.containers ?? []).map((container) => ({ name: container.name, usage: usageOf(container) }));
  const known = containers.flatMap(({ name, usage }) => (usage === undefined ? [] : [{ name, usage }]));
  if (known.length === 0 || known.length < containers.length) return undefined;
  const { name, namespace, labels } = pod.metadata;
  const time = timeOf(stats.containers?.[0] ?? {});
  return {
    kind: 'PodMetrics',
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: { name, namespace: namespace ?? '', creationTimestamp: time, ...(labels ? { labels } : {}) },
    timestamp: time,
    window,
    containers: known,
  };
}
