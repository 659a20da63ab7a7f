// How many pods to make or take away, and which: shared by ReplicaSets and ReplicationControllers. Pure.
import type { Pod } from '#api/core/v1/pod.ts';
import type { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import { availableIn, isPodActive, isPodReady, isPodTerminal, readySince, setCondition } from '#api/podutil.ts';

/** Pods made or removed at most in one round, so that one owner cannot flood the API. */
export const burst = 500;

export interface ReplicaCounts {
  readonly replicas: number;
  readonly fullyLabeledReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly terminatingReplicas: number;
}

export interface ReplicaCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export interface Counting {
  readonly pods: readonly Pod[];
  readonly templateLabels: Readonly<Record<string, string>>;
  readonly minReadySeconds: number;
  readonly now: number;
}

/** Counts the owner's pods as its status shows them. */
export function countReplicas({ pods, templateLabels, minReadySeconds, now }: Counting): ReplicaCounts {
  const labels = Object.entries(templateLabels);
  const counts = { replicas: 0, fullyLabeledReplicas: 0, readyReplicas: 0, availableReplicas: 0, terminatingReplicas: 0 };
  for (const pod of pods) {
    if (isPodTerminal(pod)) continue;
    if (pod.metadata.deletionTimestamp !== undefined) {
      counts.terminatingReplicas++;
      continue;
    }
    counts.replicas++;
    if (labels.every(([key, value]) => pod.metadata.labels?.[key] === value)) counts.fullyLabeledReplicas++;
    const wait = availableIn(pod, minReadySeconds, now);
    if (wait === undefined) continue;
    counts.readyReplicas++;
    if (minReadySeconds === 0 || wait === 0) counts.availableReplicas++;
  }
  return counts;
}

/** Milliseconds until the next ready pod becomes available; undefined when none is on its way. */
export function nextAvailable({ pods, minReadySeconds, now }: Pick<Counting, 'pods' | 'minReadySeconds' | 'now'>): number | undefined {
  const waits = pods.filter(isPodActive).flatMap((pod) => availableIn(pod, minReadySeconds, now) ?? []);
  const later = waits.filter((wait) => wait > 0);
  return later.length === 0 ? undefined : Math.min(...later);
}

const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';

function costOf(pod: Pod): number {
  const text = pod.metadata.annotations?.[deletionCost];
  return text !== undefined && /^-?(0|[1-9]\d*)$/.test(text) ? Number(text) : 0;
}

function restartsOf(pod: Pod): { sidecars: number; main: number } {
  const sum = (list: readonly { readonly restartCount: number }[] | undefined): number =>
    (list ?? []).reduce((total, one) => Math.max(total, one.restartCount), 0);
  return { sidecars: sum(pod.status.initContainerStatuses), main: sum(pod.status.containerStatuses) };
}

/** Times on a logarithmic scale, so that pods of about the same age are equals (KEP-2185). */
function ageRank(since: number | undefined, now: number): number {
  return since === undefined ? -1 : Math.floor(Math.log2(Math.max(1, (now - since) * 1e6)));
}

/** Pods in the order in which they are given up: the least useful first. `related` are all pods that count for crowding. */
export function rankVictims(pods: readonly Pod[], related: readonly Pod[], now: number): readonly Pod[] {
  const perNode = new Map<string, number>();
  for (const pod of related)
    if (pod.spec.nodeName && isPodActive(pod)) perNode.set(pod.spec.nodeName, (perNode.get(pod.spec.nodeName) ?? 0) + 1);
  const crowd = (pod: Pod): number => perNode.get(pod.spec.nodeName ?? '') ?? 0;
  const created = (pod: Pod): number => Date.parse(pod.metadata.creationTimestamp ?? '') || 0;
  const compare = (a: Pod, b: Pod): number => {
    const assigned = Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName));
    if (assigned !== 0) return assigned;
    const phase = (phaseRank[a.status.phase ?? ''] ?? 0) - (phaseRank[b.status.phase ?? ''] ?? 0);
    if (phase !== 0) return phase;
    const ready = Number(isPodReady(a)) - Number(isPodReady(b));
    if (ready !== 0) return ready;
    if (costOf(a) !== costOf(b)) return costOf(a) - costOf(b);
    if (crowd(a) !== crowd(b)) return crowd(b) - crowd(a);
    const readyAge = ageRank(readySince(a), now) - ageRank(readySince(b), now);
    if (readyAge !== 0) return readyAge;
    const [restartsA, restartsB] = [restartsOf(a), restartsOf(b)];
    if (restartsA.main !== restartsB.main) return restartsB.main - restartsA.main;
    if (restartsA.sidecars !== restartsB.sidecars) return restartsB.sidecars - restartsA.sidecars;
    const age = ageRank(created(a), now) - ageRank(created(b), now);
    if (age !== 0) return age;
    return (a.metadata.uid ?? '') < (b.metadata.uid ?? '') ? -1 : 1;
  };
  return pods.toSorted(compare);
}

export type ScaleAction =
  | { readonly type: 'none' }
  | { readonly type: 'create'; readonly count: number }
  | { readonly type: 'delete'; readonly pods: readonly Pod[] };

/** What brings the number of active pods to `desired`. */
export function planScale(
  pods: readonly Pod[],
  desired: number,
  { related, now }: { related: () => readonly Pod[]; now: number },
): ScaleAction {
  const active = pods.filter(isPodActive);
  const missing = desired - active.length;
  if (missing > 0) return { type: 'create', count: Math.min(missing, burst) };
  if (missing < 0) return { type: 'delete', pods: rankVictims(active, related(), now).slice(0, Math.min(-missing, burst)) };
  return { type: 'none' };
}

/** The ReplicaFailure condition for the outcome of a round; without an error it goes away. */
export function failureConditions<C extends ReplicaCondition>(
  conditions: readonly C[] | undefined,
  failure: { readonly creating: boolean; readonly message: string } | undefined,
  now: number,
): readonly C[] {
  const list = conditions ?? [];
  if (failure === undefined)
    return list.some(({ type }) => type === 'ReplicaFailure') ? list.filter(({ type }) => type !== 'ReplicaFailure') : list;
  // The message names the pod that was refused, another one each time: telling every one would be a change, and a reason to try
  // again at once. The first is kept.
  if (list.some(({ type, status }) => type === 'ReplicaFailure' && status === 'True')) return list;
  const reason = failure.creating ? 'FailedCreate' : 'FailedDelete';
  return setCondition(list, { type: 'ReplicaFailure', status: 'True', reason, message: failure.message } as C, now);
}

/** A pod made from a template; the name is generated from the owner's. */
export function podFromTemplate(template: PodTemplateSpec | undefined, ownerName: string, namespace: string) {
  const prefix = `${ownerName}-`;
  const metadata = template?.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      // A prefix that is too long for a pod's name is cut by the server.
      generateName: prefix,
      namespace,
      ...(metadata?.labels ? { labels: metadata.labels } : {}),
      ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
      ...(metadata?.finalizers ? { finalizers: metadata.finalizers } : {}),
    },
    spec: template?.spec ?? { containers: [] },
  };
}
