// Why a pod is pending, as an object that can be read over the API: what each plugin said of each node at the last attempt.
import type { LastAttempt } from './verdicts.ts';
import { rejectionAt } from './verdict.ts';

export const verdictGroup = 'explain.tutti.dev';
export const verdictVersion = 'v1alpha1';
export const verdictKind = 'SchedulingVerdict';

export interface NodeVerdict {
  readonly name: string;
  readonly plugin: string;
  /** `UnschedulableAndUnresolvable`: taking pods away from the node would not help. */
  readonly code: 'Unschedulable' | 'UnschedulableAndUnresolvable';
  readonly reasons: readonly string[];
}

/** Named like the pod that it is about. */
export interface SchedulingVerdict {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly creationTimestamp: string };
  readonly podUID: string;
  readonly schedulerName: string;
  readonly attempts: number;
  readonly message: string;
  /** How many nodes each plugin rejected for each reason, most first. */
  readonly summary: readonly { readonly plugin: string; readonly reason: string; readonly nodes: number }[];
  readonly nodes: readonly NodeVerdict[];
}

const codes = { unschedulable: 'Unschedulable', unresolvable: 'UnschedulableAndUnresolvable' } as const;

function summaryOf(nodes: readonly NodeVerdict[]): SchedulingVerdict['summary'] {
  const counts = new Map<string, { plugin: string; reason: string; nodes: number }>();
  for (const { plugin, reasons } of nodes)
    for (const reason of reasons) {
      const key = `${plugin}\0${reason}`;
      const known = counts.get(key) ?? { plugin, reason, nodes: 0 };
      known.nodes++;
      counts.set(key, known);
    }
  return [...counts.values()].toSorted((a, b) => b.nodes - a.nodes);
}

/** The object for one pod. */
export function verdictObject(pod: { name: string; namespace: string; schedulerName: string }, last: LastAttempt): SchedulingVerdict {
  const { verdict } = last;
  const nodes = verdict.nodes.flatMap((node, index) => {
    const rejection = rejectionAt(verdict, index);
    if (rejection === undefined) return [];
    return [{ name: node.name, plugin: rejection.plugin, code: codes[rejection.code], reasons: rejection.reasons }];
  });
  return {
    apiVersion: `${verdictGroup}/${verdictVersion}`,
    kind: verdictKind,
    metadata: { name: pod.name, namespace: pod.namespace, creationTimestamp: last.time },
    podUID: last.uid,
    schedulerName: pod.schedulerName,
    attempts: last.attempts,
    message: last.message,
    summary: summaryOf(nodes),
    nodes,
  };
}
