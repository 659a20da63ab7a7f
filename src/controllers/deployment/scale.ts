// The arithmetic of a rollout: how many pods each ReplicaSet should have. Pure.
import type { Deployment } from '#api/apps/v1/deployment.ts';
import type { ReplicaSet } from '#api/apps/v1/replicaset.ts';
import { annotation, byAge } from './revision.ts';

export const replicasOf = (set: ReplicaSet | undefined): number => set?.spec.replicas ?? 0;
export const desiredOf = (deployment: Deployment): number => deployment.spec.replicas ?? 1;
export const total = (sets: readonly ReplicaSet[]): number => sets.reduce((sum, set) => sum + replicasOf(set), 0);
export const isActive = (set: ReplicaSet): boolean => replicasOf(set) > 0;

function amount(value: number | string | undefined, of: number, roundUp: boolean): number {
  if (typeof value !== 'string') return value ?? 0;
  const share = (Number(value.replace('%', '')) * of) / 100;
  return roundUp ? Math.ceil(share) : Math.floor(share);
}

/** How many pods there may be above, and how many may be missing below, the wished number. */
export function limits(deployment: Deployment): { surge: number; unavailable: number } {
  if (deployment.spec.strategy?.type !== 'RollingUpdate') return { surge: 0, unavailable: 0 };
  const { maxSurge, maxUnavailable } = deployment.spec.strategy?.rollingUpdate ?? {};
  const desired = desiredOf(deployment);
  const surge = amount(maxSurge, desired, true);
  const unavailable = Math.min(amount(maxUnavailable, desired, false), desired);
  // Both zero could never move: validation refuses it for numbers, but two percentages may round to it.
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** The size of the new set now. */
export function newSetSize(deployment: Deployment, sets: readonly ReplicaSet[], current: number): number {
  const desired = desiredOf(deployment);
  if (deployment.spec.strategy?.type !== 'RollingUpdate') return desired;
  const room = desired + limits(deployment).surge - total(sets);
  return room <= 0 ? current : current + Math.max(0, Math.min(room, desired - current));
}

/** Pods that will serve on: a set that was just shrunk still counts those that are about to go. */
const availableOf = (set: ReplicaSet | undefined): number => Math.min(set?.status.availableReplicas ?? 0, replicasOf(set));

export interface Size {
  readonly set: ReplicaSet;
  readonly replicas: number;
}

/** The old sets that shrink in this step of a rolling update: unhealthy pods first, then as many as availability allows. */
export function shrinkOldSets(deployment: Deployment, newSet: ReplicaSet | undefined, oldSets: readonly ReplicaSet[]): Size[] {
  const all = newSet === undefined ? oldSets : [...oldSets, newSet];
  const minimum = desiredOf(deployment) - limits(deployment).unavailable;
  const newMissing = replicasOf(newSet) - availableOf(newSet);
  const most = total(all) - minimum - newMissing;
  if (total(oldSets) === 0 || most <= 0) return [];
  const sizes = new Map(byAge(oldSets).map((set) => [set, replicasOf(set)]));
  let cleaned = 0;
  for (const [set, replicas] of sizes) {
    const unhealthy = replicas - availableOf(set);
    if (cleaned >= most || unhealthy <= 0) continue;
    const gone = Math.min(most - cleaned, unhealthy);
    sizes.set(set, replicas - gone);
    cleaned += gone;
  }
  let spare = all.reduce((sum, set) => sum + availableOf(set), 0) - minimum;
  for (const [set, replicas] of sizes) {
    if (spare <= 0) break;
    const gone = Math.min(replicas, spare);
    sizes.set(set, replicas - gone);
    spare -= gone;
  }
  return [...sizes].filter(([set, replicas]) => replicas !== replicasOf(set)).map(([set, replicas]) => ({ set, replicas }));
}

const annotatedNumber = (set: ReplicaSet, key: string): number | undefined => {
  const text = set.metadata.annotations?.[key];
  return text === undefined || !/^-?\d+$/.test(text) ? undefined : Number(text);
};

/** True when the wished number was changed since the active sets were last sized. */
export function isScalingEvent(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.filter(isActive).some((set) => {
    const desired = annotatedNumber(set, annotation.desired);
    return desired !== undefined && desired !== desiredOf(deployment);
  });
}

function newestActive(newSet: ReplicaSet | undefined, oldSets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const active = byAge([...oldSets, ...(newSet === undefined ? [] : [newSet])].filter(isActive));
  if (active.length > 1) return undefined;
  return active[0] ?? newSet ?? byAge(oldSets).at(-1);
}

/** True when the new set has all pods that it should have, and they are available. */
function isSaturated(deployment: Deployment, set: ReplicaSet | undefined): boolean {
  const desired = desiredOf(deployment);
  return (
    set !== undefined &&
    replicasOf(set) === desired &&
    annotatedNumber(set, annotation.desired) === desired &&
    set.status.availableReplicas === desired
  );
}

/** This set's share of the change, by its share of the size that all sets had together. */
function fraction(set: ReplicaSet, deployment: Deployment, surge: number): number {
  if (desiredOf(deployment) === 0) return -replicasOf(set);
  const annotated = annotatedNumber(set, annotation.max) || desiredOf(deployment);
  const share = (replicasOf(set) * (desiredOf(deployment) + surge)) / annotated;
  return roundAwayFromZero(share) - replicasOf(set);
}

const roundAwayFromZero = (value: number): number => (value < 0 ? Math.ceil(value - 0.5) : Math.floor(value + 0.5));

/** Sizes after the wished number changed: one active set takes it all, several keep their proportions. */
export function scaleSizes(deployment: Deployment, newSet: ReplicaSet | undefined, oldSets: readonly ReplicaSet[]): Size[] {
  const desired = desiredOf(deployment);
  const only = newestActive(newSet, oldSets);
  if (only !== undefined) return [{ set: only, replicas: desired }];
  if (isSaturated(deployment, newSet)) return oldSets.filter(isActive).map((set) => ({ set, replicas: 0 }));
  if (deployment.spec.strategy?.type !== 'RollingUpdate') return [];
  const active = [...oldSets, ...(newSet === undefined ? [] : [newSet])].filter(isActive);
  const { surge } = limits(deployment);
  const toAdd = (desired > 0 ? desired + surge : 0) - total(active);
  const created = (set: ReplicaSet): number => Date.parse(set.metadata.creationTimestamp ?? '') || 0;
  // Growing favours the newest of equals, shrinking the oldest.
  const ordered = active.toSorted(
    (a, b) => replicasOf(b) - replicasOf(a) || (toAdd > 0 ? created(b) - created(a) : created(a) - created(b)),
  );
  let added = 0;
  const sizes = ordered.map((set) => {
    if (toAdd === 0) return { set, replicas: replicasOf(set) };
    const allowed = toAdd - added;
    const wish = fraction(set, deployment, surge);
    const share = toAdd > 0 ? Math.min(wish, allowed) : Math.max(wish, allowed);
    added += share;
    return { set, replicas: replicasOf(set) + share };
  });
  const [first, ...rest] = sizes;
  if (first === undefined) return [];
  return [{ set: first.set, replicas: Math.max(0, first.replicas + toAdd - added) }, ...rest];
}
