// Which nodes a DaemonSet runs on, and the pod that it makes for one. Pure.
import type { DaemonSet } from '#api/apps/v1/daemonset.ts';
import type { Toleration } from '#api/core/v1/affinity.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import { matchesPodNodeSelection } from '#api/nodeselector.ts';
import { firstUntolerated } from '#api/taints.ts';
import { revisionLabel } from '../history/revisions.ts';
import { podFromTemplate } from '../replicas/plan.ts';

/** The number of the template, kept for readers of old: an annotation of the set and a label of its pods. */
export const generationAnnotation = 'deprecated.daemonset.template.generation';
const generationLabel = 'pod-template-generation';

/** A daemon stays where other pods are driven away: troubles of the node are its business. */
const noExecute = ['not-ready', 'unreachable'];
const noSchedule = ['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'];

/** The template's tolerations with those that every daemon gets. */
export function daemonTolerations(spec: PodTemplateSpec['spec']): readonly Toleration[] {
  const added = [
    ...noExecute.map((name) => ({ name, effect: 'NoExecute' as const })),
    ...[...noSchedule, ...(spec?.hostNetwork ? ['network-unavailable'] : [])].map((name) => ({ name, effect: 'NoSchedule' as const })),
  ].map(({ name, effect }): Toleration => ({ key: `node.kubernetes.io/${name}`, operator: 'Exists', effect }));
  const own = spec?.tolerations ?? [];
  const same = (a: Toleration, b: Toleration): boolean =>
    a.key === b.key && a.effect === b.effect && (a.operator ?? 'Equal') === b.operator && !a.value;
  return [...own, ...added.filter((toleration) => !own.some((known) => same(known, toleration)))];
}

export interface Fit {
  /** A pod is to be there. */
  readonly run: boolean;
  /** A pod that is there may stay. */
  readonly stay: boolean;
}

/** Says for every node whether the set's pods belong there. */
export function fitting(set: DaemonSet): (node: Node) => Fit {
  const spec = set.spec.template.spec ?? { containers: [] };
  const tolerations = daemonTolerations(spec);
  return (node) => {
    const named = !spec.nodeName || spec.nodeName === node.metadata.name;
    if (!named || !matchesPodNodeSelection({ spec } as Pick<Pod, 'spec'>, node)) return { run: false, stay: false };
    const refuses = (...effects: string[]): boolean => firstUntolerated(node.spec.taints, tolerations, effects) !== undefined;
    return { run: !refuses('NoSchedule', 'NoExecute'), stay: !refuses('NoExecute') };
  };
}

/** The node of a daemon pod: where it is, or where it is meant to go. */
export function nodeOf(pod: Pod): string | undefined {
  if (pod.spec.nodeName) return pod.spec.nodeName;
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  for (const { matchFields } of terms ?? [])
    for (const { key, operator, values } of matchFields ?? [])
      if (key === 'metadata.name' && operator === 'In' && values?.length === 1) return values[0];
  return undefined;
}

/** The pod for a node: bound to it by its affinity, so that the scheduler checks that it fits. */
export function podForNode(set: DaemonSet, node: string, hash: string) {
  const { name, namespace = '', annotations } = set.metadata;
  const base = podFromTemplate(set.spec.template, name, namespace);
  const generation = annotations?.[generationAnnotation];
  const { affinity } = base.spec;
  const required = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: [node] }] }] };
  return {
    ...base,
    metadata: {
      ...base.metadata,
      labels: { ...base.metadata.labels, ...(generation ? { [generationLabel]: generation } : {}), [revisionLabel]: hash },
    },
    spec: {
      ...base.spec,
      affinity: { ...affinity, nodeAffinity: { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required } },
      tolerations: daemonTolerations(base.spec),
    },
  };
}
