// Facts about pods that controllers, scheduler, agent and proxy all need.
import type { Pod } from '#api/core/v1/pod.ts';
import type { PodCondition, PodStatus } from '#api/core/v1/podstatus.ts';
import { rfc3339 } from '#base/clock.ts';

/** What all conditions have in common. */
export interface ConditionLike {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string | null;
}

/** The condition of a type, if there. */
export function conditionOf<C extends { readonly type: string }>(conditions: readonly C[] | undefined, type: string): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}
/** True when the condition is there with status True. */
export function isConditionTrue(conditions: readonly ConditionLike[] | undefined, type: string): boolean {
  return conditionOf(conditions, type)?.status === 'True';
}

/**
 * The list with one condition set. The transition time is `now` when the status changes, else the old one. Returns the very
 * same list when nothing but times would change.
 */
export function setCondition<C extends ConditionLike>(conditions: readonly C[] | undefined, condition: C, now: number): readonly C[] {
  const list = conditions ?? [];
  const index = list.findIndex((known) => known.type === condition.type);
  const old = list[index];
  const since = old && old.status === condition.status ? old.lastTransitionTime : undefined;
  const next: C = { ...condition, lastTransitionTime: since ?? condition.lastTransitionTime ?? rfc3339(now) };
  if (!old) return [...list, next];
  const keys = new Set([...Object.keys(old), ...Object.keys(next)]);
  const same = [...keys].every((key) => (old as Record<string, unknown>)[key] === (next as Record<string, unknown>)[key]);
  return same ? list : list.map((known, at) => (at === index ? next : known));
}
/** The list without the condition of a type. */
export function removeCondition<C extends { readonly type: string }>(conditions: readonly C[] | undefined, type: string): readonly C[] {
  const list = conditions ?? [];
  return list.some((condition) => condition.type === type) ? list.filter((condition) => condition.type !== type) : list;
}

/** The Ready condition. */
export function readyCondition(status: PodStatus | undefined): PodCondition | undefined {
  return conditionOf(status?.conditions, 'Ready');
}
/** True when the pod serves: its Ready condition is True. */
export function isPodReady(pod: Pod): boolean {
  return readyCondition(pod.status)?.status === 'True';
}
/** Milliseconds since the epoch when the pod became ready; undefined when it is not ready. */
export function readySince(pod: Pod): number | undefined {
  const condition = readyCondition(pod.status);
  if (condition?.status !== 'True') return undefined;
  const since = Date.parse(condition.lastTransitionTime ?? '');
  return Number.isNaN(since) ? 0 : since;
}
/** True when the pod has been ready for `minReadySeconds`. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const since = readySince(pod);
  return since !== undefined && (minReadySeconds === 0 || since + minReadySeconds * 1000 <= now);
}
/** Milliseconds until the pod counts as available; 0 when it does, undefined when it is not ready. */
export function availableIn(pod: Pod, minReadySeconds: number, now: number): number | undefined {
  const since = readySince(pod);
  return since === undefined ? undefined : Math.max(0, since + minReadySeconds * 1000 - now);
}

/** True when the pod has ended and will not run again. */
export function isPodTerminal(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}
/** True when the pod counts for its controller: neither ended nor being deleted. */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && !pod.metadata.deletionTimestamp;
}
/** True when the pod is being deleted. */
export function isPodTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}
/** True when the pod has a node. */
export function isPodScheduled(pod: Pod): boolean {
  return (pod.spec.nodeName ?? '') !== '';
}
/** True for pods that the agent of a node made from a file: they mirror what runs, nobody else may manage them. */
export function isMirrorPod(pod: Pod): boolean {
  return pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
}
/** True for init containers that keep running beside the main ones (sidecars). */
export function isSidecar(container: { readonly restartPolicy?: string }): boolean {
  return container.restartPolicy === 'Always';
}

/** The main, init and ephemeral containers of a pod, with the statuses that belong to each list. */
export function containerStatusOf(status: PodStatus | undefined, name: string) {
  const all = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  return all.find((container) => container.name === name);
}

/** The addresses of a pod, the first being `status.podIP`. */
export function podIPsOf(pod: Pod): readonly string[] {
  const ips = (pod.status.podIPs ?? []).map((entry) => entry.ip).filter((ip) => ip !== '');
  if (ips.length) return ips;
  return pod.status.podIP ? [pod.status.podIP] : [];
}
