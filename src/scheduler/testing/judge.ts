// Asks one plugin (or a whole profile) about a pod and a small cluster, for tables of cases.
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { type CycleState, isRejection, type Plugin } from '../framework.ts';
import { podInfo } from '../podinfo.ts';
import type { NamespaceLabels } from '../selection.ts';
import { ClusterCache } from '../snapshot.ts';

export interface Cluster {
  readonly nodes: readonly Node[];
  /** Pods with `spec.nodeName`. */
  readonly placed?: readonly Pod[];
  readonly namespaceLabels?: NamespaceLabels;
}

/** The picture that the scheduler would have of the cluster. */
export function cacheOf({ nodes, placed = [], namespaceLabels = () => undefined }: Cluster): ClusterCache {
  const cache = new ClusterCache(namespaceLabels);
  for (const item of nodes) cache.setNode(item);
  for (const item of placed) cache.place(podInfo(item), item.spec.nodeName ?? '');
  return cache;
}

export interface Judgement {
  /** Reasons by node; `ok` for nodes that pass. With a rejection up front, under `*`. */
  readonly filter: Readonly<Record<string, string>>;
  /** Normalized scores of the nodes that pass; absent when the plugin skips. */
  readonly scores?: Readonly<Record<string, number>>;
}

const worded = (rejection: { code: string; reasons: readonly string[] }): string =>
  `${rejection.code === 'unresolvable' ? '! ' : ''}${rejection.reasons.join(' & ')}`;

/** What the plugin says. Reasons of rejections that preemption cannot help start with `! `. */
export function judge(plugin: Plugin, incoming: Pod, cluster: Cluster): Judgement {
  const cache = cacheOf(cluster);
  const info = podInfo(incoming);
  const state: CycleState = new Map();
  const before = plugin.preFilter?.(info, state, cache);
  if (isRejection(before)) return { filter: { '*': worded(before) } };
  const filter: Record<string, string> = {};
  for (const item of cache.nodes) {
    const left = before?.nodes !== undefined && !before.nodes.has(item.name);
    const rejection = left || before?.skip === true ? undefined : plugin.filter?.(info, item, state);
    filter[item.name] = left ? 'left out' : rejection === undefined ? 'ok' : worded(rejection);
  }
  const open = cache.nodes.filter((item) => filter[item.name] === 'ok');
  if (plugin.score === undefined || plugin.preScore?.(info, open, state) === false) return { filter };
  const scores = Float64Array.from(open, (item) => plugin.score?.(info, item, state) ?? 0);
  plugin.normalize?.(info, scores, state);
  return { filter, scores: Object.fromEntries(open.map((item, i) => [item.name, scores[i] as number])) };
}
